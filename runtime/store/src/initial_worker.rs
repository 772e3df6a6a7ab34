//! A worker's summary before and after its events.

use protocol::api::Sampling;
use protocol::{
    Error, ErrorCode, Event, EventBody, MessageId, ProfileName, ProviderName, RuntimeId, Timestamp,
    Timings, Turn, TurnId, TurnState, Visibility, Worker, WorkerId, WorkerStatus,
};

/// The name of the embedded runtime.
pub const BACKEND_INTERNAL: &str = "backend-internal";

/// The name that workers show.
const DISPLAY_NAME: &str = "companion";

/// The embedded runtime's id.
pub fn runtime_id() -> RuntimeId {
    BACKEND_INTERNAL.parse().expect("the constant is a runtime name")
}

/// A worker of the embedded runtime before its first event.
pub fn worker(worker_id: WorkerId, profile: ProfileName, at: Timestamp) -> Worker {
    let runtime_id = runtime_id();
    Worker {
        worker_id,
        display_name: DISPLAY_NAME.to_owned(),
        display_ref: format!("{DISPLAY_NAME}@{runtime_id}"),
        runtime_id,
        title: None,
        status: WorkerStatus::Idle,
        reason: None,
        unreadable: false,
        profile,
        place: Visibility::Listed,
        provider: None,
        model: None,
        effort: None,
        temperature: None,
        instructions: None,
        omitted: Vec::new(),
        created_at: at,
        updated_at: at,
    }
}

/// The placeholder for a worker that cannot be read. `used_at` and `place` decide where lists show
/// it.
pub fn unreadable(worker_id: WorkerId, place: Visibility, used_at: Timestamp) -> Worker {
    let created_ms = i64::try_from(worker_id.unix_ms()).unwrap_or_default();
    let created_at = Timestamp::from_unix_ms(created_ms);
    let profile = DISPLAY_NAME.parse().expect("the constant is a profile's name");
    let known = Worker { place, updated_at: used_at, ..worker(worker_id, profile, created_at) };
    mark_unreadable(known)
}

/// Marks a worker whose summary is known as one that cannot be read.
pub fn mark_unreadable(worker: Worker) -> Worker {
    let status = WorkerStatus::Unavailable;
    Worker { status, reason: Some(unreadable_reason()), unreadable: true, ..worker }
}

/// The error for a conversation of which at least a part cannot be read.
pub fn unreadable_reason() -> Error {
    Error::new(ErrorCode::Internal, "Some or all of this conversation can't be read.")
        .with_hint(
            "Other conversations aren't affected. You can export the readable part of this one, or delete it; a backup may have a complete copy.",
        )
}

/// A worker's summary after all events of its log. Invariant: the first event is the worker's
/// creation.
pub fn folded(worker_id: WorkerId, created_at: Timestamp, events: &[Event]) -> Worker {
    let profile = events.iter().find_map(|event| match &event.body {
        EventBody::WorkerCreated { profile, .. } => Some(profile.clone()),
        _ => None,
    });
    let profile = profile.expect("a checked log begins with its worker's creation");
    let mut worker = worker(worker_id, profile, created_at);
    for event in events {
        worker.apply(event);
    }
    worker
}

/// A turn that was imported and not run here, at its acceptance; what was sent to its model is
/// unknown. The ids are those of the turn, its question and its answer.
pub fn imported_turn(
    (turn_id, question, answer): (TurnId, MessageId, MessageId),
    profile: ProfileName,
    model: String,
    at: Timestamp,
) -> Turn {
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
        profile,
        provider: ProviderName::imported(),
        model,
        prompt_digest: String::new(),
        bundle_digest: String::new(),
        sampling: Sampling::default(),
        effort: None,
        unsent: protocol::Unsent::default(),
        sight: None,
        usage: None,
        timings: Timings::default(),
        started_at: at,
        ended_at: None,
    }
}
