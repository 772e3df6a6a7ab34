//! Tells a reader who looks at something else that the answer is complete: in the title and the icon of
//! the browser's window, and by a notification if the reader has asked for that in the palette.

use leptos::prelude::*;

use crate::erase::{effect, effect_from};
use crate::live::{Activity, Conversation, List};

/// Whether an answer has ended while the page was hidden.
pub fn ended_unseen() -> ArcRwSignal<bool> {
    let unseen = ArcRwSignal::new(false);
    let (activity, list) = (expect_context::<Memo<Activity>>(), expect_context::<List>());
    let conversation = expect_context::<Conversation>();
    #[cfg(feature = "browser")]
    let tag = conversation.worker_id.to_string();
    let ended = unseen.clone();
    effect_from(move |before| {
        let runs = activity.get().is_running();
        // Between two answers that were asked for at once, the page sees the end of the first one.
        if before == Some(true) && !runs && is_hidden() && !conversation.expects_more() {
            ended.set(true);
            #[cfg(feature = "browser")]
            notify::show(tag.clone());
        }
        runs
    });
    let seen = unseen.clone();
    effect(move || {
        if list.looking.get() {
            seen.set(false);
        }
    });
    #[cfg(feature = "browser")]
    {
        let marked = unseen.clone();
        effect_from(move |before: Option<bool>| {
            let marked = marked.get();
            // The page came with the plain icon.
            if marked != before.unwrap_or(false) {
                icon(if marked { "/favicon-done.svg" } else { "/favicon.svg" });
            }
            marked
        });
    }
    unseen
}

/// Changes the icon of the page.
#[cfg(feature = "browser")]
fn icon(path: &str) {
    let link = document().query_selector("link[rel=icon][type='image/svg+xml']");
    if let Ok(Some(link)) = link {
        let _ = link.set_attribute("href", &crate::base_path::at(path));
    }
}

fn is_hidden() -> bool {
    #[cfg(feature = "browser")]
    return document().hidden();
    #[cfg(not(feature = "browser"))]
    false
}

/// Notifications of the browser. Nothing of the conversation is in them, because they are also shown
/// where others can see them, and a title is often what was asked.
#[cfg(feature = "browser")]
pub mod notify {
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::prelude::Closure;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Notification, NotificationOptions, NotificationPermission};

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

    /// Says that an answer has ended. A click leads to its page. A later one with the same tag takes its
    /// place.
    pub(super) fn show(tag: String) {
        if !is_on() {
            return;
        }
        let options = NotificationOptions::new();
        options.set_tag(&tag);
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
