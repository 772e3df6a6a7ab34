//! Texts that were typed and not sent, by conversation, while the page lives.

use std::collections::HashMap;

use leptos::prelude::*;
use protocol::WorkerId;

/// Every conversation's draft. In the context of the whole app.
#[derive(Clone)]
pub struct Drafts(ArcStoredValue<HashMap<WorkerId, String>>);

impl Drafts {
    /// With nothing typed.
    pub fn new() -> Self {
        Self(ArcStoredValue::new(HashMap::new()))
    }

    /// Keeps a draft; an empty one is forgotten.
    pub fn keep(&self, worker: WorkerId, text: String) {
        self.0.update_value(|drafts| {
            if text.is_empty() {
                drafts.remove(&worker);
            } else {
                drafts.insert(worker, text);
            }
        });
    }

    /// The draft of a conversation, empty when there is none.
    pub fn of(&self, worker: WorkerId) -> String {
        self.0.with_value(|drafts| drafts.get(&worker).cloned().unwrap_or_default())
    }
}
