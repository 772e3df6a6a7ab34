//! Connects the list to its reader: their days, whether the page is visible, and what they have
//! seen in any tab of this browser.

use leptos::ev;
use leptos::prelude::*;
use protocol::{Timestamp, WorkerId};

use super::List;
use super::list::Seen;

/// The storage key under which all tabs of a browser share what was seen.
const KEY: &str = "companion-seen";

/// How often the days are computed again, in seconds, so that an open list changes at midnight.
const DAYS_SECONDS: u64 = 60;

/// Keeps the list up to date with its reader until the calling component is removed.
pub fn attend(list: &List) {
    list.looking.set(!document().hidden());
    list.localize();
    begin_seen(list);
    let looked = list.clone();
    let looking = window_event_listener(ev::visibilitychange, move |_| {
        looked.looking.set(!document().hidden());
    });
    // The browser sends this event to the other tabs, never to the one that made the change.
    let told = list.clone();
    let stored = window_event_listener(ev::storage, move |_| {
        if let Some(seen) = read() {
            told.seen.set(Some(seen));
        }
    });
    let days = list.clone();
    let period = std::time::Duration::from_secs(DAYS_SECONDS);
    let timer = set_interval_with_handle(move || days.arrange(), period);
    on_cleanup(move || {
        looking.remove();
        stored.remove();
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
}

impl List {
    /// Records that a conversation was shown as of a time.
    pub fn saw(&self, id: WorkerId, at: Timestamp) {
        let Some(mut seen) = read().or_else(|| self.seen.get_untracked()) else { return };
        if seen.note(id, at.unix_ms()) {
            write(&seen);
        }
        if self.seen.read_untracked().as_ref() != Some(&seen) {
            self.seen.set(Some(seen));
        }
    }
}

/// Loads what was seen. On the first visit, everything in the list counts as seen.
fn begin_seen(list: &List) {
    let seen = read().unwrap_or_else(|| {
        let seen = Seen::since(list.newest_ms());
        write(&seen);
        seen
    });
    list.seen.set(Some(seen));
}

fn read() -> Option<Seen> {
    Seen::read(&storage()?.get_item(KEY).ok()??)
}

/// Saves what was seen. Without storage it is forgotten with the page.
fn write(seen: &Seen) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(KEY, &seen.write());
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}
