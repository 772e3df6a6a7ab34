//! Generates sound logs for the property tests: draws a plan and builds the log from it.

use proptest::prelude::*;
use protocol::api::Sampling;
use protocol::{
    Adjustment, ContextWindow, Effort, Error, ErrorCode, Event, EventBody, Finish, LogId, Message,
    MessageId, ProviderKind, ProviderName, Role, TimeoutPhase, Timestamp, Timings, Turn, TurnId,
    TurnState, Usage, View, Visibility, Worker, WorkerId, WorkerStatus,
};

pub(crate) const LOG: LogId = LogId(0x0123_4567_89ab_cdef);

/// A plan of one turn, from its question to its end.
#[derive(Clone, Debug)]
pub(crate) struct TurnPlan {
    question: String,
    title: Option<String>,
    waiting: Vec<u32>,
    loads: bool,
    /// Failed attempts, and whether the provider had started in each.
    failed: Vec<(Error, bool)>,
    begins: bool,
    left_out: u32,
    pieces: Vec<Piece>,
    end: End,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Reasoning(String),
    TextWasReasoning,
    Renamed(Option<String>),
    Placed(Visibility),
    Availability(Option<Error>),
    /// Another model, or the profile's.
    Model(Option<String>),
    Omitted(bool),
}

#[derive(Clone, Debug)]
struct End {
    state: TurnState,
    error: Option<Error>,
    usage: Option<Usage>,
}

/// A log of several turns, of which only the last may be unfinished. The clock may stand still or
/// go back.
pub(crate) fn any_log() -> impl Strategy<Value = Vec<Event>> {
    let turns = prop::collection::vec(any_turn(), 0..5);
    let steps = prop::collection::vec(-3i64..20, 1..16);
    (turns, steps, any::<bool>(), any::<bool>()).prop_map(|(turns, steps, runs_on, stopped)| {
        let mut log = Builder::new(steps);
        let last = turns.len();
        for (number, plan) in (1..).zip(turns) {
            let ends = !(runs_on && number == last);
            log.turn(number, plan, ends);
        }
        if stopped && !(runs_on && last > 0) {
            log.push(EventBody::WorkerStopped);
        }
        log.events
    })
}

/// The worker before its first event.
pub(crate) fn unborn() -> Worker {
    Worker {
        runtime_id: "backend-internal".parse().unwrap(),
        worker_id: WorkerId::from_parts(1, [1; 10]),
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
        created_at: Timestamp::from_unix_ms(0),
        updated_at: Timestamp::from_unix_ms(0),
    }
}

/// The view of a whole log.
pub(crate) fn folded(events: &[Event]) -> View {
    let mut view = View::new(unborn(), 0);
    for event in events {
        view.apply(event);
    }
    view
}

pub(crate) fn any_text() -> impl Strategy<Value = String> {
    "[a-z \n\"\\\\é日本🦀\u{301}]{1,6}"
}

pub(crate) fn any_error() -> impl Strategy<Value = Error> {
    let said = prop::option::of(any_text());
    (any_code(), any_text(), prop::option::of(any_text()), prop::option::of(any::<u64>()), said)
        .prop_map(|(code, message, hint, retry_after_ms, said)| Error {
            code,
            message,
            hint,
            retry_after_ms,
            said,
        })
}

pub(crate) fn any_code() -> impl Strategy<Value = ErrorCode> {
    prop::sample::select(vec![
        ErrorCode::Unavailable,
        ErrorCode::Busy,
        ErrorCode::InvalidInput,
        ErrorCode::NotFound,
        ErrorCode::Provider(ProviderKind::Auth),
        ErrorCode::Provider(ProviderKind::RateLimited),
        ErrorCode::Provider(ProviderKind::ModelNotFound),
        ErrorCode::Provider(ProviderKind::ContextLength),
        ErrorCode::Provider(ProviderKind::ContentFilter),
        ErrorCode::Provider(ProviderKind::Network),
        ErrorCode::Provider(ProviderKind::Malformed),
        ErrorCode::Provider(ProviderKind::Upstream),
        ErrorCode::Provider(ProviderKind::Crashed),
        ErrorCode::Timeout(TimeoutPhase::FirstToken),
        ErrorCode::Timeout(TimeoutPhase::Stall),
        ErrorCode::Timeout(TimeoutPhase::Turn),
        ErrorCode::Cancelled,
        ErrorCode::Unauthorized,
        ErrorCode::Forbidden,
        ErrorCode::RateLimited,
        ErrorCode::StaleCursor,
        ErrorCode::Internal,
    ])
}

pub(crate) fn any_usage() -> impl Strategy<Value = Usage> {
    let count = || prop::option::of(any::<u32>());
    (any::<u32>(), any::<u32>(), count(), count()).prop_map(
        |(prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens)| Usage {
            prompt_tokens,
            completion_tokens,
            cached_tokens,
            reasoning_tokens,
        },
    )
}

fn any_turn() -> impl Strategy<Value = TurnPlan> {
    let piece = prop_oneof![
        8 => any_text().prop_map(Piece::Text),
        6 => any_text().prop_map(Piece::Reasoning),
        1 => Just(Piece::TextWasReasoning),
        1 => prop::option::of(any_text()).prop_map(Piece::Renamed),
        1 => prop::sample::select(vec![Visibility::Listed, Visibility::Pinned, Visibility::Archived])
            .prop_map(Piece::Placed),
        1 => prop::option::of(any_error()).prop_map(Piece::Availability),
        1 => prop::option::of(any_text()).prop_map(Piece::Model),
        1 => any::<bool>().prop_map(Piece::Omitted),
    ];
    let waiting = prop::collection::vec(0u32..3, 0..3);
    let pieces = prop::collection::vec(piece, 0..12);
    let failed = prop::collection::vec((any_error(), any::<bool>()), 0..3);
    let begins = prop::bool::weighted(0.9);
    let title = prop::option::of(any_text());
    let waiting = (waiting, any::<bool>());
    (any_text(), title, waiting, failed, begins, 0u32..3, pieces, any_end()).prop_map(
        |(question, title, (waiting, loads), failed, begins, left_out, pieces, end)| TurnPlan {
            question,
            title,
            waiting,
            loads,
            failed,
            begins,
            left_out,
            pieces,
            end,
        },
    )
}

fn any_end() -> impl Strategy<Value = End> {
    let states = vec![
        TurnState::Completed,
        TurnState::Failed,
        TurnState::Cancelled,
        TurnState::TimedOut,
        TurnState::Interrupted,
    ];
    let state = prop::sample::select(states);
    (state, prop::option::of(any_error()), prop::option::of(any_usage()))
        .prop_map(|(state, error, usage)| End { state, error, usage })
}

/// Writes a log as the runtime does.
struct Builder {
    events: Vec<Event>,
    now: i64,
    steps: std::iter::Cycle<std::vec::IntoIter<i64>>,
    head: Option<MessageId>,
}

impl Builder {
    fn new(steps: Vec<i64>) -> Self {
        let steps = steps.into_iter().cycle();
        let mut log = Self { events: Vec::new(), now: 1_763_800_000_000, steps, head: None };
        log.push(EventBody::WorkerCreated { title: None, profile: unborn().profile });
        log
    }

    fn push(&mut self, body: EventBody) {
        self.now += self.steps.next().unwrap();
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, first_seq: None, at: self.at(), body });
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now)
    }

    fn turn(&mut self, number: usize, plan: TurnPlan, ends: bool) {
        let bytes = [number as u8; 10];
        let turn_id = TurnId::from_parts(3, bytes);
        let question = MessageId::from_parts(4, bytes);
        let answer = MessageId::from_parts(5, bytes);
        self.push(EventBody::MessageCommitted {
            message: Message {
                id: question,
                parent: self.head,
                role: Role::User,
                text: plan.question,
                created_at: self.at(),
                turn_id: Some(turn_id),
                reasoning: String::new(),
                html: None,
            },
        });
        if let Some(title) = plan.title {
            self.push(EventBody::WorkerRenamed { title: Some(title) });
        }
        let started_at = self.at();
        let turn = turn(turn_id, question, answer, started_at);
        self.push(EventBody::TurnAccepted { turn: Box::new(turn) });
        self.head = Some(answer);
        for ahead in plan.waiting {
            self.push(EventBody::TurnWaiting { turn_id, ahead });
        }
        if plan.loads {
            self.push(EventBody::TurnLoading { turn_id });
        }
        for (error, began) in plan.failed {
            if began {
                let sight = ContextWindow::default();
                self.push(EventBody::TurnAsked { turn_id, sight, model: None });
                self.push(EventBody::TurnGenerating { turn_id, sight: None, model: None });
            }
            let adjustment = began.then_some(Adjustment::WithoutTemperature);
            self.push(EventBody::TurnRetrying { turn_id, error, wait_ms: 500, adjustment });
        }
        if plan.begins {
            let sight = ContextWindow {
                first: Some(question),
                left_out: plan.left_out,
                window_tokens: Some(8),
                adjustments: vec![Adjustment::SystemInUser],
                effort: None,
                reasoning: true,
                rendered: None,
                request: None,
            };
            // Logs of earlier versions have the sight in the event of the start.
            let sight = match ends {
                true => {
                    self.push(EventBody::TurnAsked { turn_id, sight, model: None });
                    None
                }
                false => Some(sight),
            };
            self.push(EventBody::TurnGenerating { turn_id, sight, model: None });
            self.pieces(turn_id, answer, plan.pieces);
        }
        if ends {
            let End { state, error, usage } = plan.end;
            let timings = Timings { started_ms: Some(1), total_ms: Some(9), ..Timings::default() };
            let finish = (state == TurnState::Completed).then_some(Finish::Stop);
            self.push(EventBody::TurnEnded { turn_id, state, error, finish, usage, timings });
        }
    }

    fn pieces(&mut self, turn_id: TurnId, message_id: MessageId, pieces: Vec<Piece>) {
        let (mut offset, mut reasoning) = (0, 0);
        for piece in pieces {
            self.push(match piece {
                Piece::Renamed(title) => EventBody::WorkerRenamed { title },
                Piece::Placed(place) => EventBody::WorkerPlaced { place },
                Piece::Omitted(omitted) => EventBody::MessageOmitted { message_id, omitted },
                Piece::Availability(reason) => EventBody::AvailabilityChanged { reason },
                Piece::Model(model) => EventBody::ProfileChanged {
                    profile: unborn().profile,
                    provider: model.as_ref().map(|_| ProviderName::openai()),
                    effort: model.is_some().then(Effort::none),
                    temperature: None,
                    instructions: model.as_ref().map(|_| "sha256:0".to_owned()),
                    model,
                },
                Piece::Reasoning(text) => {
                    let from = reasoning;
                    reasoning += text.len() as u64;
                    EventBody::ReasoningDelta { turn_id, message_id, offset: from, text }
                }
                Piece::TextWasReasoning => {
                    reasoning += std::mem::take(&mut offset);
                    EventBody::TextWasReasoning { turn_id, message_id, offset: 0 }
                }
                Piece::Text(text) => {
                    let from = offset;
                    offset += text.len() as u64;
                    EventBody::TextDelta { turn_id, message_id, offset: from, text }
                }
            });
        }
    }
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
        profile: unborn().profile,
        provider: ProviderName::local(),
        model: "scripted".to_owned(),
        prompt_digest: "sha256:0".to_owned(),
        bundle_digest: "sha256:1".to_owned(),
        sampling: Sampling { temperature: Some(0.3), top_p: Some(0.9), ..Sampling::default() },
        effort: None,
        unsent: protocol::Unsent::default(),
        sight: None,
        usage: None,
        timings: Timings::default(),
        started_at,
        ended_at: None,
    }
}
