//! A worker's log as the runtime would write it. Tests compare the store's content with it.

use protocol::api::Sampling;
use protocol::{
    AccountId, Event, EventBody, LogId, Message, MessageId, ProviderName, Role, Temperature,
    Timestamp, Timings, Turn, TurnId, TurnState, View, Visibility, Worker, WorkerId, WorkerStatus,
};

use crate::{Append, Durability, Prompt, Store, StoreError};

/// One worker and every event that was given to the store for it.
#[derive(Clone)]
pub struct Sample {
    pub worker: Worker,
    pub log: LogId,
    pub events: Vec<Event>,
    pub head: Option<MessageId>,
    pub turn: Option<TurnId>,
    number: u8,
    made: u16,
    offset: u64,
    /// The length of the answer's reasoning so far, in bytes.
    thought: u64,
}

impl Sample {
    /// A worker that is not stored yet. Its ids derive from `number`.
    pub fn new(number: u8) -> Self {
        let at = moment(0);
        let worker = Worker {
            runtime_id: "backend-internal".parse().unwrap(),
            worker_id: WorkerId::from_parts(1, [number; 10]),
            display_name: "companion".to_owned(),
            display_ref: "companion@backend-internal".to_owned(),
            title: None,
            status: WorkerStatus::Idle,
            reason: None,
            unreadable: false,
            profile: "companion".parse().unwrap(),
            place: Visibility::Listed,
            provider: None,
            model: None,
            effort: None,
            temperature: None,
            instructions: None,
            omitted: Vec::new(),
            created_at: at,
            updated_at: at,
        };
        Self {
            worker,
            log: LogId(u64::from(number) << 40 | 7),
            events: Vec::new(),
            head: None,
            turn: None,
            number,
            made: 0,
            offset: 0,
            thought: 0,
        }
    }

    /// A new worker that has been created in the store.
    pub async fn created(number: u8, store: &dyn Store) -> Self {
        let mut sample = Self::new(number);
        let first = sample.first();
        store.create(AccountId::FIRST, sample.log, first).await.unwrap();
        sample
    }

    pub fn id(&self) -> WorkerId {
        self.worker.worker_id
    }

    pub fn last_seq(&self) -> u64 {
        self.events.len() as u64
    }

    pub fn first(&mut self) -> Append {
        let profile = self.worker.profile.clone();
        self.append(vec![EventBody::WorkerCreated { title: None, profile }])
    }

    /// A question with the turn that answers it, in one append.
    pub fn question(&mut self, text: &str, parent: Option<MessageId>) -> Append {
        self.made += 1;
        let [high, low] = self.made.to_be_bytes();
        let bytes = [self.number, low, high, 0, 0, 0, 0, 0, 0, 0];
        let turn_id = TurnId::from_parts(2, bytes);
        let (id, answer) = (MessageId::from_parts(3, bytes), MessageId::from_parts(4, bytes));
        let at = moment(self.last_seq());
        let message = Message {
            id,
            parent,
            role: Role::User,
            text: text.to_owned(),
            created_at: at,
            turn_id: Some(turn_id),
            reasoning: String::new(),
            html: None,
        };
        self.head = Some(answer);
        self.turn = Some(turn_id);
        (self.offset, self.thought) = (0, 0);
        self.append(vec![
            EventBody::MessageCommitted { message },
            EventBody::TurnAccepted { turn: Box::new(turn(turn_id, id, answer, at)) },
        ])
    }

    pub fn generating(&mut self) -> Append {
        let turn_id = self.turn.unwrap();
        self.append(vec![EventBody::TurnGenerating { turn_id, sight: None, model: None }])
    }

    pub fn delta(&mut self, text: &str) -> Append {
        let (turn_id, message_id, offset) = (self.turn.unwrap(), self.head.unwrap(), self.offset);
        self.offset += text.len() as u64;
        let text = text.to_owned();
        self.append(vec![EventBody::TextDelta { turn_id, message_id, offset, text }])
    }

    pub fn thought(&mut self, text: &str) -> Append {
        let (turn_id, message_id, offset) = (self.turn.unwrap(), self.head.unwrap(), self.thought);
        self.thought += text.len() as u64;
        let text = text.to_owned();
        self.append(vec![EventBody::ReasoningDelta { turn_id, message_id, offset, text }])
    }

    /// All text of the answer so far was thinking.
    pub fn text_was_reasoning(&mut self) -> Append {
        let (turn_id, message_id) = (self.turn.unwrap(), self.head.unwrap());
        self.thought += std::mem::take(&mut self.offset);
        self.append(vec![EventBody::TextWasReasoning { turn_id, message_id, offset: 0 }])
    }

    pub fn renamed(&mut self, title: &str) -> Append {
        self.append(vec![EventBody::WorkerRenamed { title: Some(title.to_owned()) }])
    }

    /// Gives the conversation instructions of its own.
    pub fn instructed(&mut self, text: &str) -> Append {
        let text = prompt(text);
        let instructed = EventBody::ProfileChanged {
            profile: self.worker.profile.clone(),
            provider: None,
            model: None,
            effort: None,
            temperature: Temperature::try_from(0.7).ok(),
            instructions: Some(text.digest.clone()),
        };
        Append { prompt: Some(text), ..self.append(vec![instructed]) }
    }

    /// Leaves a message out of what models are sent.
    pub fn omitted(&mut self, message_id: MessageId) -> Append {
        self.append(vec![EventBody::MessageOmitted { message_id, omitted: true }])
    }

    /// The reader's own version of the newest answer, whose turn is committed as a whole.
    pub fn edited(&mut self, question: MessageId, text: &str) -> Append {
        let edits = self.head;
        self.made += 1;
        let [high, low] = self.made.to_be_bytes();
        let bytes = [self.number, low, high, 0, 0, 0, 0, 0, 0, 0];
        let (turn_id, answer) = (TurnId::from_parts(2, bytes), MessageId::from_parts(4, bytes));
        let turn = turn(turn_id, question, answer, moment(self.last_seq()));
        let turn = Turn { edits, prompt_digest: String::new(), ..turn };
        self.head = Some(answer);
        self.turn = Some(turn_id);
        let text = text.to_owned();
        self.append(vec![
            EventBody::TurnAccepted { turn: Box::new(turn) },
            EventBody::TextDelta { turn_id, message_id: answer, offset: 0, text },
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Completed,
                error: None,
                finish: None,
                usage: None,
                timings: Timings::default(),
            },
        ])
    }

    pub fn ended(&mut self) -> Append {
        self.append(vec![EventBody::TurnEnded {
            turn_id: self.turn.unwrap(),
            state: TurnState::Completed,
            error: None,
            finish: None,
            usage: None,
            timings: Timings::default(),
        }])
    }

    /// Commits a whole turn and returns the question's id.
    pub async fn asked(&mut self, store: &dyn Store, text: &str, answer: &[&str]) -> MessageId {
        let parent = self.head;
        self.asked_after(store, text, parent, answer).await
    }

    pub async fn asked_after(
        &mut self,
        store: &dyn Store,
        text: &str,
        parent: Option<MessageId>,
        answer: &[&str],
    ) -> MessageId {
        let question = self.question(text, parent);
        let EventBody::MessageCommitted { message } = &question.events[0].body else {
            panic!("a question begins with its message")
        };
        let id = message.id;
        store.append(question).await.unwrap();
        store.append(self.generating()).await.unwrap();
        for piece in answer {
            store.append(self.delta(piece)).await.unwrap();
        }
        store.append(self.ended()).await.unwrap();
        id
    }

    /// The view of everything that was given to the store.
    pub fn view(&self) -> View {
        let mut view = View::new(Self::new(self.number).worker, 0);
        for event in &self.events {
            view.apply(event);
        }
        view
    }

    /// The view of a reader that has read up to `seq` and reads the rest from the store's tail.
    pub async fn resumed(&self, store: &dyn Store, seq: u64) -> View {
        let mut view = View::new(Self::new(self.number).worker, 0);
        for event in self.events.iter().take_while(|event| event.seq <= seq) {
            view.apply(event);
        }
        loop {
            let tail = store.tail(self.id(), view.seq.max(seq), u32::MAX).await.unwrap().unwrap();
            if tail.is_empty() {
                return view;
            }
            for event in tail {
                assert!(event.seq > view.seq && event.first_seq() <= view.seq + 1, "no gap");
                view.apply(&event);
            }
        }
    }

    pub fn append(&mut self, bodies: Vec<EventBody>) -> Append {
        let (mut events, before) = (Vec::new(), self.worker.clone());
        for body in bodies {
            let seq = self.last_seq() + 1;
            let event = Event { seq, first_seq: None, at: moment(seq), body };
            self.worker.apply(&event);
            self.events.push(event.clone());
            events.push(event);
        }
        let changed = before != self.worker || self.events.len() == events.len();
        let (worker_id, summary) = (self.id(), changed.then(|| self.worker.clone()));
        Append { worker_id, summary, events, durability: Durability::Process, prompt: None }
    }
}

/// Asserts that the store holds exactly this sample for the worker.
pub async fn assert_holds(store: &dyn Store, sample: &Sample) {
    let stored = store.worker(sample.id()).await.unwrap().unwrap();
    assert_eq!(stored.worker, sample.worker);
    assert_eq!(stored.last_seq, sample.last_seq());
    assert_eq!(stored.log, sample.log);
    assert_eq!(stored.head, sample.head);
    assert_eq!(sample.resumed(store, 0).await, sample.view());
}

pub fn moved_to(result: Result<(), StoreError>) -> Option<u64> {
    match result {
        Err(StoreError::Moved { found }) => Some(found),
        _ => None,
    }
}

pub fn prompt(text: &str) -> Prompt {
    Prompt { digest: format!("sha256:{text}"), text: text.to_owned() }
}

pub fn moment(n: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_763_800_000_000 + 100 * n as i64)
}

fn turn(turn_id: TurnId, question: MessageId, answer: MessageId, started_at: Timestamp) -> Turn {
    Turn {
        turn_id,
        question,
        answer,
        continues: None,
        edits: None,
        together: None,
        omitted: Vec::new(),
        state: TurnState::Accepted,
        waiting: None,
        loading: false,
        retries: Vec::new(),
        error: None,
        finish: None,
        profile: "companion".parse().unwrap(),
        provider: ProviderName::local(),
        model: "sample".to_owned(),
        prompt_digest: "sha256:0".to_owned(),
        bundle_digest: "sha256:1".to_owned(),
        sampling: Sampling::default(),
        effort: None,
        unsent: protocol::Unsent::default(),
        sight: None,
        usage: None,
        timings: Timings::default(),
        started_at,
        ended_at: None,
    }
}
