//! Texts that were typed and not sent. The browser keeps them, so that a reload, a crash of the
//! tab or a closed window costs no word; they never leave it.

use leptos::prelude::*;
use protocol::{MessageId, WorkerId};

/// What a draft is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftOf {
    /// The next message of a conversation.
    Next(WorkerId),
    /// The message that is on its way, until the server has it.
    Outgoing(WorkerId),
    /// Another version of a message.
    Edit(MessageId),
}

/// Every draft of this page. In the context of the whole app.
///
/// What this page has typed stands in memory too: a browser may refuse to keep anything.
#[derive(Clone)]
pub struct Drafts(ArcStoredValue<Vec<(DraftOf, String)>>);

impl Drafts {
    /// With nothing typed.
    pub fn new() -> Self {
        Self(ArcStoredValue::new(Vec::new()))
    }

    /// Saves a draft; an empty one is forgotten.
    pub fn save(&self, of: DraftOf, text: String) {
        #[cfg(feature = "browser")]
        stored::save(of, &text);
        self.0.update_value(|drafts| {
            drafts.retain(|(kept, _)| *kept != of);
            if !text.is_empty() {
                drafts.push((of, text));
            }
        });
    }

    /// The draft, empty when there is none.
    pub fn of(&self, of: DraftOf) -> String {
        let typed = |drafts: &Vec<(DraftOf, String)>| {
            drafts.iter().find(|(kept, _)| *kept == of).map(|(_, text)| text.clone())
        };
        let typed = self.0.with_value(typed);
        #[cfg(feature = "browser")]
        let typed = typed.or_else(|| stored::of(of));
        typed.unwrap_or_default()
    }
}

/// The browser's own storage. An entry is the time of the last letter, a space, the text.
#[cfg(feature = "browser")]
mod stored {
    use web_sys::Storage;

    use super::DraftOf;

    /// The drafts of a browser at most; the one that was not touched for longest makes room.
    const MOST: usize = 64;
    const PREFIX: &str = "draft:";

    pub fn save(of: DraftOf, text: &str) {
        let Some(storage) = storage() else { return };
        let key = key(of);
        if text.is_empty() {
            let _ = storage.remove_item(&key);
            return;
        }
        let now = js_sys::Date::now() as u64;
        // Refused where storage is full or not allowed: the draft stays in memory.
        let _ = storage.set_item(&key, &format!("{now} {text}"));
        forget_oldest(&storage);
    }

    pub fn of(of: DraftOf) -> Option<String> {
        let entry = storage()?.get_item(&key(of)).ok()??;
        entry.split_once(' ').map(|(_, text)| text.to_owned())
    }

    fn forget_oldest(storage: &Storage) {
        let keys = (0..storage.length().unwrap_or(0)).filter_map(|n| storage.key(n).ok()?);
        let drafts: Vec<String> = keys.filter(|key| key.starts_with(PREFIX)).collect();
        if drafts.len() <= MOST {
            return;
        }
        // The time comes first, and its digits are as many for centuries.
        let touched = |key: &&String| storage.get_item(key).ok().flatten();
        if let Some(oldest) = drafts.iter().min_by_key(touched) {
            let _ = storage.remove_item(oldest);
        }
    }

    fn key(of: DraftOf) -> String {
        match of {
            DraftOf::Next(worker) => format!("{PREFIX}{worker}"),
            DraftOf::Outgoing(worker) => format!("{PREFIX}{worker}:outgoing"),
            DraftOf::Edit(message) => format!("{PREFIX}{message}"),
        }
    }

    fn storage() -> Option<Storage> {
        leptos::prelude::window().local_storage().ok()?
    }
}
