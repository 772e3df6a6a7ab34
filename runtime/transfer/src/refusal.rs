//! Why, and where, a file cannot be imported.

use std::fmt;

use protocol::api::RefusalCode;
use store::Cause;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceLocation {
    /// The file as a whole.
    File,
    /// A line; the first is 1.
    Line(u64),
    /// A conversation of another program's export; the first is 1.
    Conversation(u64),
}

/// A problem of a file. The text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{place}{reason}", shown(file.as_deref()))]
pub struct Refusal {
    /// The file's name, if it is one of several.
    pub file: Option<String>,
    /// Where in the file the problem is; part of the text.
    pub place: SourceLocation,
    /// The problem, as a sentence without a capital and a full stop.
    pub reason: String,
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is not an export.
    #[error("{1}")]
    NotAnExport(RefusalCode, Refusal),
    /// A part of the file is not sound, and a strict import takes nothing then.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The system failed to read; the file may be an export all the same.
    #[error("the file cannot be read")]
    Input(#[source] std::io::Error),
    /// The receiver of the conversations returned an error.
    #[error("the conversations cannot be stored")]
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

/// The code for a whole file, from the code of the first problem in it.
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

    /// The same refusal with the name of its file.
    pub(crate) fn in_file(self, file: Option<&str>) -> Self {
        Self { file: file.map(str::to_owned), ..self }
    }

    pub(crate) fn line(number: u64, reason: impl Into<String>) -> Self {
        Self::at(SourceLocation::Line(number), reason)
    }
}
