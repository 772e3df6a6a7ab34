//! Pieces of logs, for histories that are written directly.

use protocol::api::Sampling;
use protocol::{
    ContextWindow, Event, EventBody, Message, MessageId, ProviderName, Role, Timestamp, Timings,
    Turn, TurnId, TurnState, Worker, WorkerId, WorkerStatus,
};

/// The piece of text that all answers are made of.
pub const PIECE: &str = "Nothing that was shown. ";

/// The time of all events in a sample, in milliseconds since 1970.
const AT_MS: u64 = 1_763_800_000_000;

/// The time of all events in a sample.
pub fn at() -> Timestamp {
    Timestamp::from_unix_ms(AT_MS.cast_signed())
}

fn bytes(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// The id of worker number `n`.
pub fn worker_id(n: u64) -> WorkerId {
    WorkerId::from_parts(AT_MS, bytes(n))
}

/// The id of message number `n`.
pub fn message_id(n: u64) -> MessageId {
    MessageId::from_parts(AT_MS, bytes(n))
}

/// The id of turn number `n`.
pub fn turn_id(n: u64) -> TurnId {
    TurnId::from_parts(AT_MS, bytes(n))
}

/// The summary of worker number `n` before its first event.
pub fn worker(n: u64) -> Worker {
    Worker {
        runtime_id: runtime::BACKEND_INTERNAL.parse().expect("the constant is a runtime name"),
        worker_id: worker_id(n),
        display_name: "companion".to_owned(),
        display_ref: "companion@backend-internal".to_owned(),
        title: None,
        status: WorkerStatus::Idle,
        reason: None,
        unreadable: false,
        profile: "companion".parse().expect("the constant is a profile name"),
        place: protocol::Visibility::Listed,
        provider: None,
        model: None,
        effort: None,
        temperature: None,
        instructions: None,
        omitted: Vec::new(),
        created_at: at(),
        updated_at: at(),
    }
}

/// A message of turn number `turn`.
pub fn message(id: MessageId, turn: u64, role: Role, text: &str) -> Message {
    let (text, turn_id) = (text.to_owned(), Some(turn_id(turn)));
    Message {
        id,
        parent: None,
        role,
        text,
        created_at: at(),
        turn_id,
        reasoning: String::new(),
        html: None,
    }
}

/// Turn number `n`: message `2n` is its question, message `2n + 1` its answer.
pub fn turn(n: u64, state: TurnState) -> Turn {
    Turn {
        turn_id: turn_id(n),
        question: message_id(2 * n),
        answer: message_id(2 * n + 1),
        continues: None,
        edits: None,
        together: None,
        omitted: Vec::new(),
        state,
        waiting: None,
        loading: false,
        retries: Vec::new(),
        error: None,
        finish: None,
        profile: worker(0).profile,
        provider: ProviderName::openai(),
        model: "scripted-model".to_owned(),
        prompt_digest: "sha256:0".to_owned(),
        bundle_digest: "sha256:0".to_owned(),
        sampling: Sampling::default(),
        effort: None,
        unsent: protocol::Unsent::default(),
        sight: None,
        usage: None,
        timings: Timings::default(),
        started_at: at(),
        ended_at: None,
    }
}

/// The events of turn number `n` up to its last delta; it has `deltas` of them.
pub fn begun(n: u64, deltas: u64) -> Vec<EventBody> {
    let turn = turn(n, TurnState::Accepted);
    let question = message(turn.question, n, Role::User, "What is lost in a crash?");
    let (turn_id, answer) = (turn.turn_id, turn.answer);
    let mut bodies = vec![
        EventBody::MessageCommitted { message: question },
        EventBody::TurnAccepted { turn: Box::new(turn) },
        EventBody::TurnAsked { turn_id, sight: ContextWindow::default(), model: None },
        EventBody::TurnGenerating { turn_id, sight: None, model: None },
    ];
    bodies.extend((0..deltas).map(|n| EventBody::TextDelta {
        turn_id,
        message_id: answer,
        offset: n * PIECE.len() as u64,
        text: PIECE.to_owned(),
    }));
    bodies
}

/// The event that ends turn number `n`.
pub fn ended(n: u64) -> EventBody {
    EventBody::TurnEnded {
        turn_id: turn_id(n),
        state: TurnState::Completed,
        error: None,
        finish: None,
        usage: None,
        timings: Timings::default(),
    }
}

/// Numbers events so that they follow `seq`.
pub fn after(seq: u64, bodies: Vec<EventBody>) -> Vec<Event> {
    let numbered = (seq + 1..).zip(bodies);
    numbered.map(|(seq, body)| Event { seq, first_seq: None, at: at(), body }).collect()
}
