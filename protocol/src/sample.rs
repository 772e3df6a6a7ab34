//! A small conversation for tests.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "the values are constants")]
#![allow(missing_docs, reason = "the values are samples")]

use crate::*;

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_763_800_000_000 + ms)
}

pub fn worker() -> Worker {
    Worker {
        runtime_id: "backend-internal".parse().unwrap(),
        worker_id: WorkerId::from_parts(1, [1; 10]),
        display_name: "companion".into(),
        display_ref: "companion@backend-internal".into(),
        title: None,
        status: WorkerStatus::Idle,
        reason: None,
        unreadable: false,
        profile: "default".parse().unwrap(),
        place: Visibility::Pinned,
        provider: None,
        model: None,
        effort: None,
        temperature: None,
        instructions: None,
        omitted: Vec::new(),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub fn turn() -> Turn {
    Turn {
        turn_id: TurnId::from_parts(1, [3; 10]),
        question: MessageId::from_parts(1, [4; 10]),
        answer: MessageId::from_parts(1, [5; 10]),
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
        profile: "default".parse().unwrap(),
        provider: ProviderName::local(),
        model: "small".into(),
        prompt_digest: "sha256:0".into(),
        bundle_digest: "sha256:0".into(),
        sampling: Default::default(),
        effort: None,
        unsent: Unsent::default(),
        sight: None,
        usage: None,
        timings: Timings::default(),
        started_at: at(1),
        ended_at: None,
    }
}

pub fn retry() -> Retry {
    let code = ErrorCode::Provider(ProviderKind::Network);
    Retry { at: at(2), error: Error::new(code, "Away."), wait_ms: 500, adjustment: None }
}

pub fn question() -> Message {
    let turn = turn();
    Message {
        id: turn.question,
        parent: None,
        role: Role::User,
        text: "Why?".into(),
        created_at: at(1),
        turn_id: Some(turn.turn_id),
        reasoning: String::new(),
        html: None,
    }
}

pub fn delta(seq: u64, offset: u64, text: &str) -> Event {
    let Turn { turn_id, answer: message_id, .. } = turn();
    let body = EventBody::TextDelta { turn_id, message_id, offset, text: text.into() };
    Event { seq, first_seq: None, at: at(seq as i64), body }
}

/// The provider has begun the turn.
pub fn generating(seq: u64) -> Event {
    let body = EventBody::TurnGenerating { turn_id: turn().turn_id, sight: None, model: None };
    Event { seq, first_seq: None, at: at(seq as i64), body }
}

/// A question, and a turn that has just been accepted: events 2 and 3.
pub fn asked() -> [Event; 2] {
    let event = |seq, body| Event { seq, first_seq: None, at: at(1), body };
    [
        event(2, EventBody::MessageCommitted { message: question() }),
        event(3, EventBody::TurnAccepted { turn: Box::new(turn()) }),
    ]
}

pub fn empty() -> Snapshot {
    View::new(worker(), 1).snapshot(LogId(7))
}
