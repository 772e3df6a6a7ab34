//! The errors of a store.

use std::fmt;

/// The failure of an operation of the store. A variant names the condition if a person can do
/// something about it, and else the operation; the cause is its source.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was stored, and what was stored before is safe. Writing works again without a
    /// restart when the condition is over, unless the [`Outage`] says otherwise.
    #[error("the store cannot be written: {outage}")]
    Outage {
        /// The reason why the store cannot be written, from which follows the hint to the user.
        outage: Outage,
        /// The failed write, as the database reported it.
        source: Cause,
    },
    /// A row, or a page of the file, does not hold what was written. The source names the place
    /// and does not quote the content, which may be a conversation's text.
    #[error("stored data is damaged")]
    Damaged(#[source] Cause),
    /// The store's code panicked. The request may or may not have been committed. Later requests
    /// are served as usual.
    #[error("the store's code panicked")]
    Panicked,
    /// A commit failed for another reason than an outage; none of its events was stored.
    #[error("the store cannot commit events")]
    Append(#[source] Cause),
    /// A read failed, and the stored data is not known to be damaged.
    #[error("the store cannot read")]
    Read(#[source] Cause),
    /// A worker could not be marked as deleted, restored, or removed.
    #[error("the store cannot delete")]
    Delete(#[source] Cause),
    /// An import failed, or reading its source did; none of its conversations was stored.
    #[error("the store cannot import conversations")]
    Import(#[source] Cause),
    /// Another writer got there first: `found` is the log's last seq.
    #[error("another writer has appended to the log: its last event is {found}")]
    Moved {
        /// The seq of the last event that is stored.
        found: u64,
    },
    /// The worker of the write is not stored, or was deleted.
    #[error("there is no such worker in the store")]
    Gone,
    /// [`Store::close`](super::Store::close) was called before the write.
    #[error("the store is closed")]
    Closed,
}

/// A condition in which a store cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outage {
    /// There is no space left.
    Full,
    /// The store can only be read.
    ReadOnly,
    /// The files of the store are not at their path any more. Committed data can still be read, and
    /// writing works again when the very same files are put back.
    Missing,
    /// There are other files at the path of the store, or one was removed. A restart uses the files
    /// that are there; without one, writing works again when the very same files are put back.
    Changed,
    /// Another program has locked the store.
    Locked,
    /// A check found damage that affects more than single conversations. What can be read can still
    /// be read, and nothing is written until the store was replaced, for example by a backup.
    Damaged,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there is no space left",
            Self::ReadOnly => "it can only be read",
            Self::Missing => "it is gone from its place",
            Self::Changed => "its files were changed by somebody else",
            Self::Locked => "another program holds it",
            Self::Damaged => "it is damaged",
        })
    }
}

/// The underlying failure of a [`StoreError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
