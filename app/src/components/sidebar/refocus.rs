//! Keeps the focus on an entry that moves in the list, because a moved element loses the focus.

use leptos::prelude::*;

use crate::components::focus::focus;
use crate::erase::effect;
use crate::live::List;

/// Restores the focus of an entry that lost it by moving, for as long as the list is shown.
pub fn refocus(list: &List) {
    let (groups, renaming) = (list.groups.clone(), list.renaming.clone());
    // The element of the list that had the focus last, until the focus went elsewhere.
    let last = StoredValue::new(None::<String>);
    let focused = window_event_listener(leptos::ev::focusin, move |_| {
        let element = document().active_element();
        let inside = element.filter(|e| e.closest(".conversations").ok().flatten().is_some());
        last.set_value(inside.map(|element| element.id()).filter(|id| !id.is_empty()));
    });
    // A reader who presses elsewhere takes the focus away on purpose.
    let pressed = window_event_listener(leptos::ev::pointerdown, move |_| last.set_value(None));
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
        // The elements are in their new places once all effects have run.
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
