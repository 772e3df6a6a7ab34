//! One group of jobs, committed as one transaction.

use protocol::{LogId, Timestamp, WorkerId};
use rusqlite::{Connection, TransactionBehavior};

use crate::store::sqlite::place::Place;
use crate::store::sqlite::{delete, write};
use crate::store::{Append, Cause, Durability, StoreError};

pub(super) enum Work {
    Create(LogId, Box<Append>),
    Append(Box<Append>),
    Change(Change),
}

/// What is done to a whole worker.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Change {
    Delete(WorkerId, Timestamp),
    Restore(WorkerId),
    GiveUp(WorkerId),
    Sweep(Timestamp),
}

/// Why a group was not committed.
pub(super) enum Failure {
    Store(StoreError),
    Cause(Cause),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Cause(error.into())
    }
}

/// Commits a group; each of its jobs has a result of its own.
pub(super) fn perform(
    db: &mut Connection,
    place: &Place,
    works: &[Work],
) -> Result<Vec<Result<bool, StoreError>>, Failure> {
    let durability = works.iter().map(Work::durability).max().unwrap_or(Durability::Process);
    // In WAL mode NORMAL syncs at checkpoints only, FULL at each commit and with it all
    // commits before (https://sqlite.org/pragma.html#pragma_synchronous).
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    db.pragma_update(None, "synchronous", synchronous)?;
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut results = Vec::with_capacity(works.len());
    for work in works {
        let step = transaction.savepoint()?;
        match work.perform(&step) {
            Ok(done) => {
                step.commit()?;
                results.push(Ok(done));
            }
            Err(StoreError::Append(cause) | StoreError::Delete(cause))
                if step.is_autocommit() || !is_its_own(&cause) =>
            {
                // The disk's failure: nothing of the group can be trusted to be there.
                return Err(Failure::Cause(cause));
            }
            Err(own) => results.push(Err(own)),
        }
    }
    // As late as it can be asked: what is committed after this is acknowledged.
    place.check().map_err(Failure::Store)?;
    transaction.commit()?;
    Ok(results)
}

/// Whether a job failed by what it asked for (an id that is taken, a value out of range) and
/// not by the state of the disk, so that the rest of its group may go on.
fn is_its_own(cause: &Cause) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, None | Some(ConstraintViolation | TooBig | TypeMismatch))
}

impl Work {
    fn durability(&self) -> Durability {
        match self {
            Self::Create(_, append) | Self::Append(append) => append.durability,
            // What is swept is marked already, and would be swept again.
            Self::Change(Change::Sweep(_)) => Durability::Process,
            Self::Change(_) => Durability::Power,
        }
    }

    fn perform(&self, db: &Connection) -> Result<bool, StoreError> {
        match self {
            Self::Create(log, append) => write::create(db, *log, append).map(|()| true),
            Self::Append(append) => write::append(db, append).map(|()| true),
            Self::Change(change) => change.perform(db).map_err(StoreError::Delete),
        }
    }
}

impl Change {
    fn perform(self, db: &Connection) -> Result<bool, Cause> {
        match self {
            Self::Delete(id, at) => delete::delete(db, id, at),
            Self::Restore(id) => delete::restore(db, id),
            Self::GiveUp(id) => delete::give_up(db, id),
            Self::Sweep(until) => delete::sweep(db, until),
        }
    }
}
