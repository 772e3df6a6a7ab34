//! Drafts: texts that were typed and not sent. The browser stores them, so that a reload, a crash
//! of the tab or a closed window loses nothing; they never leave the browser.

use leptos::prelude::*;
use protocol::{MessageId, WorkerId};

/// The purpose of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftOf {
    /// The next message of a conversation.
    Next(WorkerId),
    /// The message in flight, until the server has accepted it.
    Outgoing(WorkerId),
    /// An edit of a message.
    Edit(MessageId),
}

/// Every draft of this page. In the context of the whole app.
///
/// Drafts of this page are also kept in memory, because a browser may refuse to store anything.
#[derive(Clone)]
pub struct Drafts(ArcStoredValue<Vec<(DraftOf, String)>>);

impl Drafts {
    /// Starts without drafts.
    pub fn new() -> Self {
        Self(ArcStoredValue::new(Vec::new()))
    }

    /// Saves a draft; an empty text removes it.
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

    /// The draft, or an empty text.
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

/// The beginning of the keys under which a browser stores drafts, after the base path: another program
/// of the host may use the same word.
#[cfg(any(feature = "browser", feature = "ssr"))]
pub const DRAFTS: &str = "draft:";

/// The browser's local storage. An entry is the time of the last change, a space, and the text.
#[cfg(feature = "browser")]
mod stored {
    use web_sys::Storage;

    use super::{DRAFTS, DraftOf};
    use crate::base_path::base;

    /// The most drafts stored in a browser; the one changed longest ago is removed.
    const MOST: usize = 64;

    pub fn save(of: DraftOf, text: &str) {
        let Some(storage) = storage() else { return };
        let key = key(of);
        if text.is_empty() {
            let _ = storage.remove_item(&key);
            return;
        }
        let now = js_sys::Date::now() as u64;
        // This fails if the storage is full or not allowed; the draft then stays in memory.
        let _ = storage.set_item(&key, &format!("{now} {text}"));
        forget_oldest(&storage);
    }

    pub fn of(of: DraftOf) -> Option<String> {
        let entry = storage()?.get_item(&key(of)).ok()??;
        entry.split_once(' ').map(|(_, text)| text.to_owned())
    }

    fn forget_oldest(storage: &Storage) {
        let keys = (0..storage.length().unwrap_or(0)).filter_map(|n| storage.key(n).ok()?);
        let prefix = prefix();
        let drafts: Vec<String> = keys.filter(|key| key.starts_with(&prefix)).collect();
        if drafts.len() <= MOST {
            return;
        }
        // Entries start with the time, which has the same number of digits for centuries, so they
        // sort by time as strings.
        let touched = |key: &&String| storage.get_item(key).ok().flatten();
        if let Some(oldest) = drafts.iter().min_by_key(touched) {
            let _ = storage.remove_item(oldest);
        }
    }

    fn key(of: DraftOf) -> String {
        let prefix = prefix();
        match of {
            DraftOf::Next(worker) => format!("{prefix}{worker}"),
            DraftOf::Outgoing(worker) => format!("{prefix}{worker}:outgoing"),
            DraftOf::Edit(message) => format!("{prefix}{message}"),
        }
    }

    fn prefix() -> String {
        [&base(), DRAFTS].concat()
    }

    fn storage() -> Option<Storage> {
        leptos::prelude::window().local_storage().ok()?
    }
}
