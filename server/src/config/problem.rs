//! The problems of a configuration, reported together.

use std::fmt;

use super::layer::Origin;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the value came from: the flag, the variable, or the file with its line.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem with the value of the setting `key` from `origin`.
    pub fn with_setting(key: &str, origin: &Origin, message: impl Into<String>) -> Self {
        Self { place: origin.place(key), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// All problems. Invariant: not empty if used as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// `Ok` if there is no problem, else all of them.
    pub fn none_or(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let things = if count == 1 { "thing is" } else { "things are" };
        write!(f, "{count} {things} wrong with the configuration:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
