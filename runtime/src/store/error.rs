//! Why a store could not do what it was asked for.

use std::fmt;

/// Why the store could not do it. A variant names what a person can do something about, or
/// else the operation; the cause is its source.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was stored, and what is stored is safe. It passes without a restart, except
    /// where the [`Outage`] says otherwise.
    #[error("the store takes nothing: {outage}")]
    Outage { outage: Outage, source: Cause },
    /// A row, or a page of the file, does not hold what was written. The source names the place
    /// and does not quote the content, which may be a conversation's text.
    #[error("stored data is damaged")]
    Damaged(#[source] Cause),
    /// The store's code panicked. The request may or may not have been committed. Later requests
    /// are served as usual.
    #[error("the store's code panicked")]
    Panicked,
    #[error("the store cannot commit events")]
    Append(#[source] Cause),
    #[error("the store cannot read")]
    Read(#[source] Cause),
    #[error("the store cannot delete")]
    Delete(#[source] Cause),
    #[error("the store cannot import conversations")]
    Import(#[source] Cause),
    /// Another writer got there first: `found` is the log's last seq.
    #[error("the log has moved on: its last event is {found}")]
    Moved { found: u64 },
    #[error("there is no such worker in the store")]
    Gone,
    #[error("the store is closed")]
    Closed,
}

/// What keeps a store from taking anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outage {
    /// There is no space left.
    Full,
    /// It can only be read.
    ReadOnly,
    /// It is not in its place any more. What was committed can still be read, and when the
    /// very same is put back it goes on.
    Missing,
    /// Something else stands in its place, or a part was taken away. A restart takes what
    /// stands there; it also goes on when the very same is put back.
    Changed,
    /// Another program holds it.
    Locked,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there is no space left",
            Self::ReadOnly => "it can only be read",
            Self::Missing => "it is gone from its place",
            Self::Changed => "its files were changed by somebody else",
            Self::Locked => "another program holds it",
        })
    }
}

/// The underlying failure of a [`StoreError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
