//! The pieces of running answers, before they have rows of their own in `events`.
//!
//! While answers stream, nearly all commits add a piece of some twenty bytes to each of many logs. The
//! rows of a log are neighbours in `events`, so each piece would change a page of its own. Instead all
//! pieces of a group of commits become one row of `streamed`, in the order in which they arrived. The
//! same pieces are kept in memory, by conversation, and every read of a log adds them to what it finds
//! in `events` ([`Moment`]).
//!
//! When a turn ends, its pieces are written into `events` as the few folded deltas that they always
//! became, and rows of `streamed` are removed as soon as no running answer needs them ([`Table`]). A
//! start after a crash, and other processes, read the table instead of the memory ([`table::load`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::WorkerId;

mod answer;
mod group;
mod moment;
mod piece;
mod table;

pub(crate) use answer::Answer;
pub(crate) use group::{Committed, Effect, Group};
pub(crate) use moment::Moment;
pub(crate) use table::{Table, answer_of, load};

/// The streamed answers, by conversation. The writing thread changes them after each commit; readers
/// take the one that they need.
#[derive(Clone, Default)]
pub(crate) struct Streamed(Arc<Mutex<HashMap<WorkerId, Arc<Answer>>>>);

impl Streamed {
    pub(crate) fn new(answers: HashMap<WorkerId, Answer>) -> Self {
        let answers = answers.into_iter().map(|(id, answer)| (id, Arc::new(answer)));
        Self(Arc::new(Mutex::new(answers.collect())))
    }

    /// The pieces of a conversation's running answer that are committed, if there are any.
    pub(crate) fn get(&self, id: WorkerId) -> Option<Arc<Answer>> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkerId, Arc<Answer>>> {
        // A panic while the lock is held leaves a map that is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
