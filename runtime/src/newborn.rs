//! A worker's summary before and after its events.

use protocol::{
    Event, EventBody, Place, ProfileName, RuntimeId, Timestamp, Worker, WorkerId, WorkerStatus,
};

/// The name of the embedded runtime.
pub const BACKEND_INTERNAL: &str = "backend-internal";

/// The name that workers show.
const DISPLAY_NAME: &str = "companion";

/// The embedded runtime's id.
pub(crate) fn runtime_id() -> RuntimeId {
    BACKEND_INTERNAL.parse().expect("the constant is a runtime name")
}

/// A worker of the embedded runtime before its first event.
pub(crate) fn worker(worker_id: WorkerId, profile: ProfileName, at: Timestamp) -> Worker {
    let runtime_id = runtime_id();
    Worker {
        worker_id,
        display_name: DISPLAY_NAME.to_owned(),
        display_ref: format!("{DISPLAY_NAME}@{runtime_id}"),
        runtime_id,
        title: None,
        status: WorkerStatus::Idle,
        reason: None,
        profile,
        place: Place::Listed,
        provider: None,
        model: None,
        created_at: at,
        updated_at: at,
    }
}

/// The same after all its events. Invariant: the first is the worker's creation.
pub(crate) fn folded(worker_id: WorkerId, created_at: Timestamp, events: &[Event]) -> Worker {
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
