//! Tells a reader who looks at something else that the answer is complete: in the title of the
//! browser's window, and by a notification if the reader has asked for that in the palette.

use leptos::prelude::*;

use crate::erase::{effect, effect_from};
use crate::live::{Activity, Conversation, List};

/// Whether an answer has ended while the page was hidden.
pub fn ended_unseen() -> ArcRwSignal<bool> {
    let unseen = ArcRwSignal::new(false);
    let (activity, list) = (expect_context::<Memo<Activity>>(), expect_context::<List>());
    let conversation = expect_context::<Conversation>();
    let ended = unseen.clone();
    effect_from(move |before| {
        let runs = activity.get().is_running();
        if before == Some(true) && !runs && is_hidden() {
            ended.set(true);
            #[cfg(feature = "browser")]
            notify::show(&conversation);
            #[cfg(not(feature = "browser"))]
            let _ = &conversation;
        }
        runs
    });
    let seen = unseen.clone();
    effect(move || {
        if list.looking.get() {
            seen.set(false);
        }
    });
    unseen
}

fn is_hidden() -> bool {
    #[cfg(feature = "browser")]
    return document().hidden();
    #[cfg(not(feature = "browser"))]
    false
}

/// Notifications of the browser. Nothing of the answer is in them, because they are also shown where
/// others can see them.
#[cfg(feature = "browser")]
pub mod notify {
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::prelude::Closure;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Notification, NotificationOptions, NotificationPermission};

    use crate::label;
    use crate::live::Conversation;
    use crate::text::tr;

    /// The storage key that remembers the choice for this browser.
    const KEY: &str = "companion-notify";

    /// Turns notifications on, if the reader allows the browser to show them, or off. Returns what to
    /// tell the reader.
    pub async fn toggle() -> &'static str {
        if is_on() {
            if let Some(storage) = storage() {
                let _ = storage.remove_item(KEY);
            }
            return tr!(notify_off_now);
        }
        // A page that is not from this machine, nor over HTTPS, has none.
        if !js_sys::Reflect::has(&window(), &"Notification".into()).unwrap_or(false) {
            return tr!(notify_none);
        }
        if let Ok(asked) = Notification::request_permission() {
            let _ = JsFuture::from(asked).await;
        }
        if Notification::permission() != NotificationPermission::Granted {
            return tr!(notify_refused);
        }
        match storage().map(|storage| storage.set_item(KEY, "1")) {
            Some(Ok(())) => tr!(notify_on_now),
            _ => tr!(notify_none),
        }
    }

    /// Whether the reader has turned them on in this browser.
    pub fn is_on() -> bool {
        storage().is_some_and(|storage| storage.get_item(KEY).ok().flatten().is_some())
    }

    /// Says that an answer of a conversation has ended. A click leads to its page.
    pub(super) fn show(conversation: &Conversation) {
        if !is_on() {
            return;
        }
        let options = NotificationOptions::new();
        options.set_body(label::of(&conversation.worker.read_untracked()));
        // A later one of the same conversation takes its place.
        options.set_tag(&conversation.worker_id.to_string());
        // Some browsers on phones allow notifications only from a service worker, and fail here.
        let Ok(shown) = Notification::new_with_options(tr!(answered), &options) else { return };
        let close = shown.clone();
        let click = Closure::once_into_js(move || {
            let _ = window().focus();
            close.close();
        });
        shown.set_onclick(Some(click.unchecked_ref()));
    }

    fn storage() -> Option<web_sys::Storage> {
        window().local_storage().ok().flatten()
    }
}
