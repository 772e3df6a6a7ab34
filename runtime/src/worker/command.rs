//! The requests to a worker's actor.

use protocol::api::{Accepted, AskAgain, Cancelled, SendMessage};
use protocol::{Error, Worker};
use tokio::sync::oneshot;

use super::patch::Patch;
use crate::principal::Principal;

/// The channel for an answer. If the receiver is gone, the answer is dropped.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// One request to an actor.
pub(crate) enum Command {
    Send {
        request: SendMessage,
        by: Principal,
        reply: Reply<Accepted>,
    },
    AskAgain {
        request: Box<AskAgain>,
        by: Principal,
        reply: Reply<Accepted>,
    },
    Cancel {
        reply: Reply<Cancelled>,
    },
    /// Applies all changes of the patch, or none.
    Patch {
        patch: Box<Patch>,
        reply: Reply<Worker>,
    },
    /// Updates whether a provider can answer.
    Refresh {
        reply: Reply<Worker>,
    },
    Stop {
        reply: Reply<Worker>,
    },
    /// Ends the turn, deletes the log and ends the actor.
    Delete {
        deletion: Deletion,
        reply: Reply<()>,
    },
}

/// Whether the worker can be restored afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    Undoable,
    ForGood,
}

impl Command {
    /// Answers with an error, for a request that was not carried out.
    pub(crate) fn refuse(self, error: &Error) {
        let error = error.clone();
        match self {
            Self::Send { reply, .. } | Self::AskAgain { reply, .. } => {
                drop(reply.send(Err(error)));
            }
            Self::Cancel { reply } => drop(reply.send(Err(error))),
            Self::Patch { reply, .. } | Self::Refresh { reply } | Self::Stop { reply } => {
                drop(reply.send(Err(error)));
            }
            Self::Delete { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}
