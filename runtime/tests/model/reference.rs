//! The expected state: the conversations as plain lists, without a log, tasks or time.

use protocol::api::{Accepted, SendMessage};
use protocol::{MessageId, Role, TurnId, TurnState, View, WorkerId, WorkerStatus};

/// What every reader must see of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shown {
    pub title: Option<String>,
    pub generating: bool,
    /// Id, parent, role, text, reasoning.
    pub messages: Vec<(MessageId, Option<MessageId>, Role, String, String)>,
    /// Id, state, failed attempts.
    pub turns: Vec<(TurnId, TurnState, usize)>,
}

impl Shown {
    pub(crate) fn of(view: &View) -> Self {
        let messages = view.messages.iter();
        Self {
            title: view.worker.title.clone(),
            generating: view.worker.status == WorkerStatus::Generating,
            messages: messages
                .map(|m| (m.id, m.parent, m.role, m.text.clone(), m.reasoning.clone()))
                .collect(),
            turns: view.turns.iter().map(|t| (t.turn_id, t.state, t.retries.len())).collect(),
        }
    }
}

/// The model of one conversation.
#[derive(Clone)]
pub(crate) struct Conversation {
    pub id: WorkerId,
    pub shown: Shown,
    /// Every request, with the answer if it was accepted.
    pub requests: Vec<(SendMessage, Option<Accepted>)>,
    /// Outputs of the provider that are not stored yet.
    pub waiting: Vec<Said>,
    pub attempt: Attempt,
    /// The bytes of the newest answer that were there before its model was asked.
    begun: usize,
}

/// The stored state of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    None,
    Asked,
    /// The request waits in the provider's queue, where silence is allowed.
    Queued,
    Begun,
    /// The attempt has failed, and there will be another one.
    Pausing,
}

/// An output of the provider.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Waits,
    Begins,
    Text(String),
    Thinks(String),
    Finishes,
    Fails { passes: bool },
}

/// The number of further attempts in a turn.
pub(crate) const RETRIES: usize = 2;

impl Conversation {
    pub(crate) fn new(id: WorkerId) -> Self {
        Self {
            id,
            shown: Shown::default(),
            requests: Vec::new(),
            waiting: Vec::new(),
            attempt: Attempt::None,
            begun: 0,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.attempt != Attempt::None
    }

    /// Whether the provider has sent its beginning, stored or not.
    pub(crate) fn said_begins(&self) -> bool {
        self.attempt == Attempt::Begun || self.waiting.contains(&Said::Begins)
    }

    /// The running turn.
    pub(crate) fn turn(&self) -> Option<TurnId> {
        self.is_running().then(|| self.shown.turns.last().unwrap().0)
    }

    pub(crate) fn accept(&mut self, accepted: &Accepted, request: &SendMessage) {
        let newest = || self.shown.messages.last().map(|message| message.0);
        let edited = request.edits.map(|id| self.shown.messages.iter().find(|m| m.0 == id));
        let parent = match edited {
            Some(edited) => edited.unwrap().1,
            None => request.parent.or_else(newest),
        };
        if self.shown.title.is_none() {
            self.shown.title = Some(request.text.clone());
        }
        let (id, text) = (accepted.message.id, request.text.clone());
        self.shown.messages.push((id, parent, Role::User, text, String::new()));
        self.answer(accepted, "");
    }

    /// Begins a turn for an existing message; its answer begins with `begun`.
    pub(crate) fn answer(&mut self, accepted: &Accepted, begun: &str) {
        let (message, turn) = (&accepted.message, &accepted.turn);
        self.begun = begun.len();
        let (text, reasoning) = (begun.to_owned(), String::new());
        let answer = (turn.answer, Some(message.id), Role::Assistant, text, reasoning);
        self.shown.messages.push(answer);
        self.shown.turns.push((turn.turn_id, TurnState::Accepted, 0));
        self.shown.generating = true;
        self.attempt = Attempt::Asked;
    }

    /// One of the user's messages.
    pub(crate) fn asked(&self, number: u8) -> Option<MessageId> {
        let asked: Vec<_> = self.shown.messages.iter().filter(|m| m.2 == Role::User).collect();
        (!asked.is_empty()).then(|| asked[usize::from(number) % asked.len()].0)
    }

    /// One of the answers, with its question.
    pub(crate) fn answered(&self, number: u8) -> Option<(MessageId, MessageId, String)> {
        let answers = self.shown.messages.iter().filter(|m| m.2 == Role::Assistant);
        let answers: Vec<_> = answers
            .filter_map(|(id, parent, _, text, _)| Some((*id, (*parent)?, text.clone())))
            .collect();
        (!answers.is_empty()).then(|| answers[usize::from(number) % answers.len()].clone())
    }

    /// Applies an output of the provider when it is stored.
    pub(crate) fn take(&mut self, said: Said) {
        let newest = self.shown.messages.last();
        let silent = newest.is_some_and(|a| a.3.len() == self.begun && a.4.is_empty());
        let (_, state, retries) = self.shown.turns.last_mut().unwrap();
        match said {
            Said::Waits => self.attempt = Attempt::Queued,
            Said::Begins => {
                *state = TurnState::Generating;
                self.attempt = Attempt::Begun;
            }
            Said::Text(text) => self.shown.messages.last_mut().unwrap().3.push_str(&text),
            Said::Thinks(text) => self.shown.messages.last_mut().unwrap().4.push_str(&text),
            Said::Fails { passes: true } if silent && *retries < RETRIES => {
                *retries += 1;
                *state = TurnState::Accepted;
                self.attempt = Attempt::Pausing;
            }
            Said::Fails { .. } => self.end(TurnState::Failed),
            Said::Finishes => self.end(TurnState::Completed),
        }
    }

    pub(crate) fn take_all(&mut self) {
        for said in std::mem::take(&mut self.waiting) {
            self.take(said);
        }
    }

    /// The possible states when a cancel is acknowledged: some of the waiting outputs are stored,
    /// and the rest is dropped.
    pub(crate) fn cancelled(&self) -> Vec<Self> {
        let waiting = &self.waiting;
        let ends = (0..=waiting.len()).map(|taken| {
            let mut end = Self { waiting: Vec::new(), ..self.clone() };
            for said in &waiting[..taken] {
                end.take(said.clone());
            }
            if end.is_running() {
                end.end(TurnState::Cancelled);
            }
            end
        });
        ends.collect()
    }

    pub(crate) fn end(&mut self, end: TurnState) {
        self.shown.turns.last_mut().unwrap().1 = end;
        self.shown.generating = false;
        self.attempt = Attempt::None;
    }
}
