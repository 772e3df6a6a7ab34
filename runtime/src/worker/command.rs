//! The requests to a worker's actor.

use protocol::api::{Accepted, AskAgain, Cancelled, EditAnswer, SendMessage};
use protocol::{Error, MessageId, TurnId, Worker};
use tokio::sync::oneshot;

use super::patch::Patch;
use crate::principal::Principal;

/// The channel for an answer. If the receiver is gone, the answer is dropped.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// One request to an actor.
pub(crate) enum Command {
    Send {
        request: Box<SendMessage>,
        by: Principal,
        reply: Reply<Accepted>,
    },
    AskAgain {
        request: Box<AskAgain>,
        by: Principal,
        reply: Reply<Accepted>,
    },
    /// Commits the reader's own version of an answer.
    EditAnswer {
        edited: TurnId,
        request: Box<EditAnswer>,
        reply: Reply<Accepted>,
    },
    /// Leaves a message out of what models are sent, or sends it again.
    Omit {
        message: MessageId,
        omitted: bool,
        reply: Reply<Worker>,
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
            Self::Send { reply, .. }
            | Self::AskAgain { reply, .. }
            | Self::EditAnswer { reply, .. } => {
                drop(reply.send(Err(error)));
            }
            Self::Cancel { reply } => drop(reply.send(Err(error))),
            Self::Omit { reply, .. }
            | Self::Patch { reply, .. }
            | Self::Refresh { reply }
            | Self::Stop { reply } => {
                drop(reply.send(Err(error)));
            }
            Self::Delete { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}
