//! `companion doctor`: checks everything that serving needs, one by one.

mod checks;

use std::fmt;
use std::process::ExitCode;

use crate::config::Config;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The check succeeded; the text describes the result.
    Good(String),
    /// Serving works, but perhaps not as intended.
    Doubtful(String),
    /// Serving or answering does not work.
    Bad(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, text) = match self {
            Self::Good(text) => ("ok", text),
            Self::Doubtful(text) => ("warn", text),
            Self::Bad(text) => ("fail", text),
        };
        write!(f, "{verdict:<5} {text}")
    }
}

/// Prints a line for each check; returns a failure if one failed.
pub async fn run(config: &Config) -> ExitCode {
    say!("companion {} on {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let mut bad = 0;
    for (name, finding) in checks::all(config).await {
        say!("{name:<10} {finding}");
        bad += usize::from(matches!(finding, Finding::Bad(_)));
    }
    match bad {
        0 => {
            say!("Companion can serve and answer.");
            ExitCode::SUCCESS
        }
        1 => {
            say!("Fix this problem first.");
            ExitCode::FAILURE
        }
        bad => {
            say!("Fix these {bad} problems first.");
            ExitCode::FAILURE
        }
    }
}
