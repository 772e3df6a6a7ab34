//! Details of thinking that each tell all of it so far, as users of MiniMax report, and those of
//! everybody else, which tell what is new.

use super::event::{DETAILS, Source};

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    told: String,
    /// Whether the second one began with the first.
    whole: Option<bool>,
}

impl Snapshots {
    /// What is new of a text.
    pub(super) fn new_of(&mut self, source: Source, text: String) -> Option<String> {
        if source != Source::Field(DETAILS) || self.whole == Some(false) {
            return Some(text);
        }
        let new = match text.strip_prefix(&self.told) {
            _ if self.told.is_empty() => text,
            Some(new) => {
                self.whole = Some(true);
                new.to_owned()
            }
            None => {
                self.whole.get_or_insert(false);
                text
            }
        };
        if self.whole != Some(false) {
            self.told.push_str(&new);
        }
        Some(new).filter(|new| !new.is_empty())
    }
}
