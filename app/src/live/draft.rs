//! Texts that were typed and not sent, by conversation, while the page lives.

use leptos::prelude::*;
use protocol::WorkerId;

/// Every conversation's draft. In the context of the whole app.
#[derive(Clone)]
pub struct Drafts(ArcStoredValue<Vec<(WorkerId, String)>>);

impl Drafts {
    /// With nothing typed.
    pub fn new() -> Self {
        Self(ArcStoredValue::new(Vec::new()))
    }

    /// Keeps a draft; an empty one is forgotten.
    pub fn keep(&self, worker: WorkerId, text: String) {
        self.0.update_value(|drafts| {
            drafts.retain(|(of, _)| *of != worker);
            if !text.is_empty() {
                drafts.push((worker, text));
            }
        });
    }

    /// The draft of a conversation, empty when there is none.
    pub fn of(&self, worker: WorkerId) -> String {
        let of = |drafts: &Vec<(WorkerId, String)>| {
            drafts.iter().find(|(of, _)| *of == worker).map(|(_, text)| text.clone())
        };
        self.0.with_value(of).unwrap_or_default()
    }
}
