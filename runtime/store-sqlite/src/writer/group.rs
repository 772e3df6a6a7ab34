//! One group of jobs, committed as one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use protocol::{AccountId, LogId, Timestamp, WorkerId};
use rusqlite::Connection;
use store::{Append, Cause, Durability, StoreError};

use super::transaction::Transaction;

use crate::file_identity::FileIdentity;
use crate::search_index::{self, Index};
use crate::streamed::{self, Committed, Effect};
use crate::{delete, outage, write};

pub(super) enum Work {
    Create(AccountId, LogId, Box<Append>),
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
    /// What has become of the streamed pieces.
    pub(super) streamed: Committed,
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
    mut group: streamed::Group<'_>,
) -> Result<Done, Failure> {
    let transaction = Transaction::begin(db)?;
    let mut results: Vec<Option<Result<bool, StoreError>>> = works.iter().map(|_| None).collect();
    let mut panicked = false;
    for (work, slot) in works.iter().zip(&mut results).filter(|(work, _)| !work.is_pieces()) {
        let step = transaction.savepoint()?;
        let performed = catch_unwind(AssertUnwindSafe(|| work.perform(db, index, &group)));
        let result = performed.unwrap_or_else(|_| {
            panicked = true;
            Err(StoreError::Panicked)
        });
        *slot = Some(match result {
            Ok((stored, effect)) => {
                step.keep()?;
                effect.into_iter().for_each(|effect| group.note(effect));
                Ok(stored)
            }
            Err(error) => Err(own_error(db, error)?),
        });
    }
    // The pieces come last, since the other jobs may be about the same conversations. They read at
    // most, and one row is written for all of them.
    let adds = works.iter().any(Work::is_pieces);
    group.trim(db, adds).map_err(Failure::Cause)?;
    for (work, slot) in works.iter().zip(&mut results) {
        if let (Work::Append(append), None) = (work, &slot) {
            *slot = Some(match group.add(db, append) {
                Ok(()) => Ok(true),
                Err(error) => Err(own_error(db, error)?),
            });
        }
    }
    group.write_row(db).map_err(Failure::Cause)?;
    // Checked as late as possible, because a commit after this is acknowledged.
    identity.check().map_err(Failure::Store)?;
    transaction.commit()?;
    let results = results.into_iter().flatten().collect();
    Ok(Done { results, streamed: group.finish(), panicked })
}

/// The error of a job that fails alone; `Err` if its whole group fails.
fn own_error(db: &Connection, error: StoreError) -> Result<StoreError, Failure> {
    let (cause, own): (Cause, fn(Cause) -> StoreError) = match error {
        StoreError::Append(cause) => (cause, StoreError::Append),
        StoreError::Delete(cause) => (cause, StoreError::Delete),
        own => return Ok(own),
    };
    if db.is_autocommit() {
        // SQLite has rolled the whole transaction back, with the earlier jobs of the group.
        Err(Failure::Cause(cause))
    } else if search_index::is_broken_index(&cause) {
        Err(Failure::Index(cause))
    } else if outage::is_damage(&cause) {
        // Damaged rows fail only the job that read them.
        Ok(StoreError::Damaged(cause))
    } else if is_its_own(&cause) {
        Ok(own(cause))
    } else {
        // A failure of the disk.
        Err(Failure::Cause(cause))
    }
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
    /// Whether the job adds streamed pieces of an answer, and nothing else.
    pub(super) fn is_pieces(&self) -> bool {
        matches!(self, Self::Append(append) if streamed::Group::takes(append))
    }

    pub(super) fn durability(&self) -> Durability {
        match self {
            Self::Create(.., append) | Self::Append(append) => append.durability,
            // If a collection is lost in a power cut, it is repeated: the mark of the worker is
            // durable.
            Self::Change(Change::Collect(_)) | Self::Check => Durability::Process,
            Self::Change(_) => Durability::Power,
            #[cfg(test)]
            Self::Panic => Durability::Power,
        }
    }

    fn perform(
        &self,
        db: &Connection,
        index: Index,
        group: &streamed::Group<'_>,
    ) -> Result<(bool, Option<Effect>), StoreError> {
        match self {
            Self::Create(owner, log, append) => {
                write::create(db, (*owner, *log), append, index)?;
                Ok((true, None))
            }
            Self::Append(append) => {
                let answer = group.answer(append.worker_id);
                Ok((true, write::append(db, append, index, answer.as_deref())?))
            }
            Self::Change(change) => change.perform(db, index, group).map_err(StoreError::Delete),
            Self::Check => Ok((true, None)),
            #[cfg(test)]
            Self::Panic => panic!("of a test"),
        }
    }
}

impl Change {
    fn perform(
        self,
        db: &Connection,
        index: Index,
        group: &streamed::Group<'_>,
    ) -> Result<(bool, Option<Effect>), Cause> {
        match self {
            Self::Delete(id, at) => {
                let effect = give_rows(db, id, group)?;
                Ok((delete::delete(db, id, at)?, effect))
            }
            Self::Restore(id) => Ok((delete::restore(db, id)?, None)),
            Self::Purge(id) => {
                let effect = give_rows(db, id, group)?;
                Ok((delete::purge(db, id)?, effect))
            }
            Self::Collect(until) => match delete::oldest(db, until)? {
                Some(worker) if group.has_old_pieces(worker) => {
                    Ok((true, Some(Effect::Forget(worker))))
                }
                Some(worker) => delete::collect(db, worker, index).map(|()| (true, None)),
                None => Ok((false, None)),
            },
        }
    }
}

/// Gives the streamed pieces of a conversation that is deleted rows of their own, so that they go with
/// it.
fn give_rows(
    db: &Connection,
    id: WorkerId,
    group: &streamed::Group<'_>,
) -> Result<Option<Effect>, Cause> {
    let Some(answer) = group.answer(id) else { return Ok(None) };
    answer.write_rows(db)?;
    Ok(Some(Effect::HaveRows(id)))
}
