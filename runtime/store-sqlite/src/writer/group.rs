//! One group of jobs, committed as one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use protocol::{LogId, Timestamp, WorkerId};
use rusqlite::Connection;
use store::{Append, Cause, Durability, StoreError};

use super::transaction::Transaction;

use crate::file_identity::FileIdentity;
use crate::search_index::{self, Index};
use crate::{delete, outage, write};

pub(super) enum Work {
    Create(LogId, Box<Append>),
    Append(Box<Append>),
    Change(Change),
    /// Changes nothing; the commit of its group shows whether commits succeed.
    Check,
    #[cfg(test)]
    Panic,
}

/// A change to a whole worker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Delete(WorkerId, Timestamp),
    Restore(WorkerId),
    Purge(WorkerId),
    Collect(Timestamp),
}

/// Why a group was not committed.
pub(super) enum Failure {
    Store(StoreError),
    /// The index of texts cannot be written.
    Index(Cause),
    Cause(Cause),
}

impl Failure {
    /// The failure of a statement that belongs to no job, such as the commit. A constraint that
    /// fails here is one of the index: SQLite writes the index at the commit, when the statements
    /// of all jobs have already succeeded.
    fn of(cause: Cause) -> Self {
        let code =
            cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let refused = code == Some(rusqlite::ErrorCode::ConstraintViolation);
        match refused || search_index::is_broken_index(&cause) {
            true => Self::Index(cause),
            false => Self::Cause(cause),
        }
    }
}

/// The outcome of a group that was committed.
pub(super) struct Done {
    pub(super) results: Vec<Result<bool, StoreError>>,
    /// Whether at least one of the jobs panicked. The other jobs are committed.
    pub(super) panicked: bool,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::of(error.into())
    }
}

/// Commits a group; each job gets a result of its own.
pub(super) fn perform(
    db: &Connection,
    identity: &FileIdentity,
    works: &[Work],
    index: Index,
) -> Result<Done, Failure> {
    let transaction = Transaction::begin(db)?;
    let mut done = Done { results: Vec::with_capacity(works.len()), panicked: false };
    for work in works {
        // SQLite undoes a single statement by itself.
        let step = if work.is_one_row() { None } else { Some(transaction.savepoint()?) };
        let performed = catch_unwind(AssertUnwindSafe(|| work.perform(db, index)));
        let result = performed.unwrap_or_else(|_| {
            done.panicked = true;
            Err(StoreError::Panicked)
        });
        done.results.push(match result {
            Ok(stored) => {
                if let Some(step) = step {
                    step.keep()?;
                }
                Ok(stored)
            }
            // SQLite has rolled the whole transaction back, with the earlier jobs of the group.
            Err(StoreError::Append(cause) | StoreError::Delete(cause)) if db.is_autocommit() => {
                return Err(Failure::Cause(cause));
            }
            Err(StoreError::Append(cause) | StoreError::Delete(cause))
                if search_index::is_broken_index(&cause) =>
            {
                return Err(Failure::Index(cause));
            }
            // Damaged rows fail only the job that read them.
            Err(StoreError::Append(cause) | StoreError::Delete(cause))
                if outage::is_damage(&cause) =>
            {
                Err(StoreError::Damaged(cause))
            }
            Err(StoreError::Append(cause) | StoreError::Delete(cause)) if !is_its_own(&cause) => {
                // A failure of the disk: the whole group fails.
                return Err(Failure::Cause(cause));
            }
            Err(own) => Err(own),
        });
    }
    // Checked as late as possible, because a commit after this is acknowledged.
    identity.check().map_err(Failure::Store)?;
    transaction.commit()?;
    Ok(done)
}

/// Makes the next commits as safe as the most demanding job of a group needs it.
///
/// In WAL mode NORMAL syncs at checkpoints only, FULL at each commit and with it all commits before
/// (<https://sqlite.org/pragma.html#pragma_synchronous>).
pub(super) fn synchronize(db: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    db.pragma_update(None, "synchronous", synchronous)
}

/// Commits a write that changes nothing, to see whether there is space and permission to write.
pub(super) fn probe(db: &Connection) -> Result<(), Cause> {
    let transaction = Transaction::begin(db)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    db.pragma_update(None, "user_version", version)?;
    Ok(transaction.commit()?)
}

/// Whether a job failed by what it asked for (an id that is taken, a value out of range) and
/// not by the state of the disk, so that the rest of its group may go on.
fn is_its_own(cause: &Cause) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, None | Some(ConstraintViolation | TooBig | TypeMismatch))
}

impl Work {
    /// Whether the job writes a single row, as the commit of one delta does.
    pub(super) fn is_one_row(&self) -> bool {
        match self {
            Self::Append(append) => {
                let Append { summary, events, prompt, .. } = append.as_ref();
                let one_delta = matches!(events.as_slice(), [event] if event.body.is_delta());
                one_delta && summary.is_none() && prompt.is_none()
            }
            _ => false,
        }
    }

    pub(super) fn durability(&self) -> Durability {
        match self {
            Self::Create(_, append) | Self::Append(append) => append.durability,
            // If a collection is lost in a power cut, it is repeated: the mark of the worker is
            // durable.
            Self::Change(Change::Collect(_)) | Self::Check => Durability::Process,
            Self::Change(_) => Durability::Power,
            #[cfg(test)]
            Self::Panic => Durability::Power,
        }
    }

    fn perform(&self, db: &Connection, index: Index) -> Result<bool, StoreError> {
        match self {
            Self::Create(log, append) => write::create(db, *log, append, index).map(|()| true),
            Self::Append(append) => write::append(db, append, index).map(|()| true),
            Self::Change(change) => change.perform(db, index).map_err(StoreError::Delete),
            Self::Check => Ok(true),
            #[cfg(test)]
            Self::Panic => panic!("of a test"),
        }
    }
}

impl Change {
    fn perform(self, db: &Connection, index: Index) -> Result<bool, Cause> {
        match self {
            Self::Delete(id, at) => delete::delete(db, id, at),
            Self::Restore(id) => delete::restore(db, id),
            Self::Purge(id) => delete::purge(db, id),
            Self::Collect(until) => delete::collect(db, until, index),
        }
    }
}
