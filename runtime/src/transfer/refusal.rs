//! Why a file is not imported, and where in it.

use std::fmt;

use crate::store::Cause;

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A line, the first is 1.
    Line(u64),
    /// A conversation of another program's export, the first is 1.
    Conversation(u64),
}

/// What is wrong with a file. The text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{reason}")]
pub struct Refusal {
    pub place: Place,
    pub reason: String,
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the file cannot be read")]
    Input(#[source] std::io::Error),
    /// Whoever took the conversations did not want more.
    #[error("the conversations cannot be taken")]
    Taker(#[source] Cause),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(number) => write!(f, "line {number}: "),
            Self::Conversation(number) => write!(f, "conversation {number}: "),
        }
    }
}

impl Refusal {
    pub(super) fn at(place: Place, reason: impl Into<String>) -> Self {
        Self { place, reason: reason.into() }
    }

    pub(super) fn line(number: u64, reason: impl Into<String>) -> Self {
        Self::at(Place::Line(number), reason)
    }
}
