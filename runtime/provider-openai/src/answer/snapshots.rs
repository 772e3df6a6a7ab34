//! Handles `reasoning_details` that each repeat all thinking so far, as users of MiniMax report, as
//! well as the usual ones that have only new text.

use super::event::{DETAILS, Source};

/// The thinking that was received so far.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    told: String,
    /// Whether the details repeat it, as the second of them showed.
    whole: Option<bool>,
}

impl Snapshots {
    /// The new part of a text.
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
