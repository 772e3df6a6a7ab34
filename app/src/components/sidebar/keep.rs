//! What the list needs of the browser: the reader's days, what was shown, and where the focus is.

use leptos::prelude::*;

use crate::components::focus::focus;
use crate::erase::effect;
use crate::live::{Conversation, List};

/// Keeps the list right for as long as this conversation is shown.
pub fn keep(list: &List, conversation: &Conversation) {
    let worker = conversation.worker.clone();
    let (id, seen) = (conversation.worker_id, list.clone());
    // What somebody looks at is seen, as far as it has come.
    effect(move || {
        let at = worker.read().updated_at;
        if seen.looking.get() && seen.seen.read().is_some() {
            seen.saw(id, at);
        }
    });
    refocus(list);
}

/// Gives the focus back to an entry that lost it because it moved, or because another
/// conversation is shown now, beside a list of its own.
fn refocus(list: &List) {
    let (groups, renaming) = (list.groups.clone(), list.renaming.clone());
    let last = list.focused.clone();
    let (entered, left) = (last.clone(), last.clone());
    let focused = window_event_listener(leptos::ev::focusin, move |_| {
        let element = document().active_element();
        let inside = element.filter(|e| e.closest(".conversations").ok().flatten().is_some());
        entered.set_value(inside.map(|element| element.id()).filter(|id| !id.is_empty()));
    });
    // Somebody who presses elsewhere has left of their own will.
    let pressed = window_event_listener(leptos::ev::pointerdown, move |_| left.set_value(None));
    on_cleanup(move || {
        focused.remove();
        pressed.remove();
    });
    effect(move || {
        for group in groups.read().iter() {
            group.items.track();
        }
        if renaming.get_untracked().is_some() {
            return;
        }
        // The elements are where they belong once all effects have run.
        let last = last.clone();
        set_timeout(
            move || {
                let nowhere = document().active_element().is_none_or(|e| e.tag_name() == "BODY");
                if let (true, Some(Some(id))) = (nowhere, last.try_get_value()) {
                    focus(&id);
                }
            },
            std::time::Duration::ZERO,
        );
    });
}
