//! Words of a profile for people: one text, or one for each language.

use protocol::catalogue;
use serde::{Deserialize, Serialize};

/// As they stand in `profiles.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a text, or a table with one for each language")]
pub enum Words {
    /// In the profile's own language.
    Plain(String),
    /// By language tag.
    ByLanguage(catalogue::Words),
}

impl Words {
    /// By language tag; a plain text is of `language`.
    pub fn by_language(&self, language: &str) -> catalogue::Words {
        match self {
            Self::Plain(text) => [(language.to_owned(), text.clone())].into(),
            Self::ByLanguage(words) => words.clone(),
        }
    }

    /// What is there to be read: every text, or none where the whole is empty.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => vec![text],
            Self::ByLanguage(words) => words.values().map(String::as_str).collect(),
        }
    }
}
