//! A profile's texts for people: one text, or one for each language.

use protocol::catalogue;
use serde::{Deserialize, Serialize};

/// Such a text, as it stands in `profiles.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a text, or a table with one for each language")]
pub enum Words {
    /// In the profile's own language.
    Plain(String),
    /// One text per language tag.
    ByLanguage(catalogue::Words),
}

impl Words {
    /// The text of each language tag; a plain text counts as a text in `language`.
    pub fn by_language(&self, language: &str) -> catalogue::Words {
        match self {
            Self::Plain(text) => [(language.to_owned(), text.clone())].into(),
            Self::ByLanguage(words) => words.clone(),
        }
    }

    /// All texts; a table without entries has none.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => vec![text],
            Self::ByLanguage(words) => words.values().map(String::as_str).collect(),
        }
    }
}
