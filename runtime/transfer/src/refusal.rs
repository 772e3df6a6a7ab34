//! Why a file is not imported, and where in it.

use std::fmt;

use protocol::api::RefusalCode;
use store::Cause;

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceLocation {
    /// The file as a whole.
    File,
    /// A line, the first is 1.
    Line(u64),
    /// A conversation of another program's export, the first is 1.
    Conversation(u64),
}

/// What is wrong with a file. The text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{place}{reason}", shown(file.as_deref()))]
pub struct Refusal {
    /// Its name, where one of several files is meant.
    pub file: Option<String>,
    pub place: SourceLocation,
    pub reason: String,
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing of it is an export.
    #[error("{1}")]
    NotAnExport(RefusalCode, Refusal),
    /// Something of it is not sound, and then nothing is to be taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the file cannot be read")]
    Input(#[source] std::io::Error),
    /// Whoever took the conversations did not want more.
    #[error("the conversations cannot be taken")]
    Taker(#[source] Cause),
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(number) => write!(f, "line {number}: "),
            Self::Conversation(number) => write!(f, "conversation {number}: "),
        }
    }
}

impl ReadError {
    pub(crate) fn not_an_export(reason: impl Into<String>) -> Self {
        Self::NotAnExport(RefusalCode::NotAnExport, Refusal::at(SourceLocation::File, reason))
    }
}

/// The code for a file as a whole, from that of what stands first in it.
pub(crate) fn code_of_file(first: RefusalCode) -> RefusalCode {
    match first {
        RefusalCode::NotAConversation | RefusalCode::NoMessages => RefusalCode::NotAnExport,
        code => code,
    }
}

fn shown(file: Option<&str>) -> String {
    file.map_or_else(String::new, |file| format!("{file}: "))
}

impl Refusal {
    pub(crate) fn at(place: SourceLocation, reason: impl Into<String>) -> Self {
        Self { file: None, place, reason: reason.into() }
    }

    /// The same in a file of this name.
    pub(crate) fn in_file(self, file: Option<&str>) -> Self {
        Self { file: file.map(str::to_owned), ..self }
    }

    pub(crate) fn line(number: u64, reason: impl Into<String>) -> Self {
        Self::at(SourceLocation::Line(number), reason)
    }
}
