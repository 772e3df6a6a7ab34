//! The mark of messages that are left out of what models are sent.

use protocol::estimated_tokens;

use leptos::prelude::*;

use crate::live::Entry;
use crate::text;

/// The words of the mark, with how many tokens are saved. The style sheet shows them.
pub fn note(entry: &Entry) -> String {
    text::omitted(estimated_tokens(&entry.text.read_untracked()))
}

/// Marks the messages of the page anew whenever one is left out or sent again. One effect for all
/// messages costs less than one for each.
#[cfg(feature = "browser")]
pub fn keep_marked(conversation: crate::live::Conversation) {
    use crate::erase::effect_from;

    let chosen = {
        let worker = conversation.worker.clone();
        Memo::new(move |_| worker.read().omitted.clone())
    };
    effect_from(move |was: Option<Vec<protocol::MessageId>>| {
        let now = chosen.get();
        let was = was.unwrap_or_else(|| now.clone());
        for id in was.iter().filter(|id| !now.contains(id)) {
            if let Some(message) = element(*id) {
                let _ = message.remove_attribute("data-omitted");
            }
        }
        for id in now.iter().filter(|id| !was.contains(id)) {
            let entries = conversation.entries.read_untracked();
            let entry = entries.iter().find(|entry| entry.id == *id);
            if let (Some(message), Some(entry)) = (element(*id), entry) {
                let _ = message.set_attribute("data-omitted", &note(entry));
            }
        }
        now
    });
}

#[cfg(feature = "browser")]
fn element(id: protocol::MessageId) -> Option<web_sys::Element> {
    document().get_element_by_id(&format!("m-{id}"))
}
