//! The REST API. Each handler finds the runtime, calls it, and maps the result.

pub mod accounts;
pub mod catalogue;
pub mod document;
pub mod entrance;
pub mod health;
pub mod messages;
pub mod own_account;
pub mod page;
pub mod runtimes;
pub mod search;
pub mod shares;
pub mod status;
pub mod transfer;
pub mod turns;
pub mod usage;
pub mod workers;

use protocol::{MessageId, RuntimeId, TurnId, WorkerId};
use serde::Deserialize;

/// `/api/v1/runtimes/{rid}`.
#[derive(Clone, Debug, Deserialize)]
pub struct RuntimePath {
    /// The runtime; `not_found` if this server has none of that name.
    pub rid: RuntimeId,
}

/// `/api/v1/runtimes/{rid}/workers/{wid}`.
#[derive(Clone, Debug, Deserialize)]
pub struct WorkerPath {
    /// The runtime; `not_found` if this server has none of that name.
    pub rid: RuntimeId,
    /// The worker; `not_found` if the runtime has none with that id.
    pub wid: WorkerId,
}

/// `/api/v1/runtimes/{rid}/workers/{wid}/messages/{mid}`.
#[derive(Clone, Debug, Deserialize)]
pub struct MessagePath {
    /// The runtime; `not_found` if this server has none of that name.
    pub rid: RuntimeId,
    /// The worker; `not_found` if the runtime has none with that id.
    pub wid: WorkerId,
    /// The message; `not_found` if the worker has none with that id.
    pub mid: MessageId,
}

/// `/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}`.
#[derive(Clone, Debug, Deserialize)]
pub struct TurnPath {
    /// The runtime; `not_found` if this server has none of that name.
    pub rid: RuntimeId,
    /// The worker; `not_found` if the runtime has none with that id.
    pub wid: WorkerId,
    /// The turn; `not_found` if the worker has none with that id.
    pub tid: TurnId,
}
