//! The reader's position in the transcript: whether it is at the newest message, restoring it after
//! a reload, and loading earlier messages when it nears the top.
//!
//! The style sheet (`.scroller`) keeps the newest text in view and everything else in place;
//! nothing here scrolls the page while text streams in.

use leptos::ev;
use leptos::html::{Div, Section};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, IntersectionObserver, IntersectionObserverInit};

use super::earlier::Earliest;
use crate::erase::{effect, effect_from};
use crate::live::{Conversation, PendingRequest};

/// The distance from the link to earlier messages at which they are loaded.
const AHEAD: &str = "900px 0px";

/// The distance from the newest message that still counts as being there.
const NEAR: &str = "40px 0px";

/// Frames in which the layout may settle while the position is restored.
const SETTLING_FRAMES: u32 = 20;

/// The most pages that are loaded to find the message from before a reload.
const PAGES: u32 = 20;

/// Keeps the reader's position. `away` tells whether it is not at the newest message.
pub fn keep_place(
    conversation: Conversation,
    earliest: Earliest,
    scroller: NodeRef<Section>,
    newest: NodeRef<Div>,
    away: ArcRwSignal<bool>,
) {
    let at_end = StoredValue::new_local(None::<Watch>);
    effect(move || {
        let (Some(scroller), Some(newest)) = (scroller.get(), newest.get()) else { return };
        let away = away.clone();
        let watch = Watch::new(&scroller, NEAR, &newest, move |seen| away.set(!seen));
        at_end.set_value(watch);
    });
    load_ahead(&conversation, earliest.clone(), scroller);
    remember(&conversation, earliest, scroller);
    let pending = conversation.pending;
    // A user who sends a message wants to see the answer, so scroll to it.
    effect(move || {
        if pending.get() == PendingRequest::Sending {
            to_newest(scroller);
        }
    });
}

/// Scrolls to the newest message, which is position 0 because the column is reversed.
pub fn to_newest(scroller: NodeRef<Section>) {
    if let Some(scroller) = scroller.get_untracked() {
        scroller.set_scroll_top(0);
        // The pressed button has disappeared, so move the focus to the transcript.
        if document().active_element().is_some_and(|element| element.class_name() == "newer") {
            let _ = scroller.focus();
        }
    }
}

/// Scrolls to the newest message of the page.
pub fn show_newest() {
    if let Ok(Some(scroller)) = document().query_selector(".scroller") {
        scroller.set_scroll_top(0);
    }
}

/// Loads earlier messages before the reader reaches the first loaded one.
fn load_ahead(conversation: &Conversation, earliest: Earliest, scroller: NodeRef<Section>) {
    let next_before = conversation.next_before.clone();
    let near = StoredValue::new_local(None::<Watch>);
    effect(move || {
        let Some(scroller) = scroller.get().filter(|_| next_before.get().is_some()) else {
            near.set_value(None);
            return;
        };
        let earliest = earliest.clone();
        // The link is inserted with the next frame, and is a new element each time.
        request_animation_frame(move || {
            let Ok(Some(link)) = scroller.query_selector(".earlier") else { return };
            let load = move |seen: bool| {
                if seen {
                    earliest.load();
                }
            };
            let watch = Watch::new(&scroller, AHEAD, &link, load);
            let _ = near.try_set_value(watch);
        });
    });
}

/// Restores the position from before a reload, and saves it when the page is left.
fn remember(conversation: &Conversation, earliest: Earliest, scroller: NodeRef<Section>) {
    let key = format!("companion-place-{}", conversation.worker_id);
    let kept = key.clone();
    effect_from(move |was: Option<bool>| {
        let Some(scroller) = scroller.get().filter(|_| was != Some(true)) else {
            return was.unwrap_or_default();
        };
        let storage = storage();
        let place = storage.as_ref().and_then(|storage| storage.get_item(&kept).ok().flatten());
        let asked_for = window().location().hash().is_ok_and(|hash| !hash.is_empty());
        if let Some(place) = place.as_deref().and_then(ScrollAnchor::parse).filter(|_| !asked_for) {
            let earliest = earliest.clone();
            spawn_local(async move { place.restore(&scroller, &earliest).await });
        }
        true
    });
    let leaving = window_event_listener(ev::pagehide, move |_| {
        let (Some(scroller), Some(storage)) = (scroller.get_untracked(), storage()) else { return };
        let _ = match ScrollAnchor::of(&scroller) {
            Some(place) => storage.set_item(&key, &place.to_text()),
            None => storage.remove_item(&key),
        };
    });
    on_cleanup(move || leaving.remove());
}

/// A message, and the distance in pixels of its upper edge from the transcript's.
struct ScrollAnchor {
    message: String,
    offset: i32,
}

impl ScrollAnchor {
    /// The first visible message; none at the newest message, where a page starts anyway.
    fn of(scroller: &HtmlElement) -> Option<Self> {
        if scroller.scroll_top() > -8 {
            return None;
        }
        let top = scroller.get_bounding_client_rect().top();
        let messages = scroller.query_selector_all(".message").ok()?;
        let message = |at: u32| messages.get(at)?.dyn_into::<Element>().ok();
        // Messages are ordered from top to bottom, so use a binary search.
        let (mut low, mut high) = (0, messages.length());
        while low < high {
            let middle = low + (high - low) / 2;
            if message(middle)?.get_bounding_client_rect().bottom() > top {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let first = message(low)?;
        let offset = (first.get_bounding_client_rect().top() - top) as i32;
        Some(Self { message: first.id(), offset })
    }

    fn to_text(&self) -> String {
        format!("{} {}", self.offset, self.message)
    }

    fn parse(text: &str) -> Option<Self> {
        let (offset, message) = text.split_once(' ')?;
        Some(Self { message: message.to_owned(), offset: offset.parse().ok()? })
    }

    async fn restore(&self, scroller: &HtmlElement, earliest: &Earliest) {
        for _ in 0..PAGES {
            if self.find().is_some() || !earliest.load_page().await {
                break;
            }
            // The loaded messages are inserted with the next frame.
            frame().await;
        }
        // Adjust repeatedly while elements that came into view take their real size.
        let mut right = 0;
        for _ in 0..SETTLING_FRAMES {
            frame().await;
            let Some(message) = self.find() else { return };
            // Its page appears in steps.
            if message.client_height() == 0 {
                continue;
            }
            let top = scroller.get_bounding_client_rect().top();
            let off = (message.get_bounding_client_rect().top() - top) as i32 - self.offset;
            right = if off == 0 { right + 1 } else { 0 };
            if right > 2 {
                return;
            }
            scroller.set_scroll_top(scroller.scroll_top() + off);
        }
    }

    fn find(&self) -> Option<Element> {
        document().get_element_by_id(&self.message)
    }
}

/// Waits for the next animation frame.
async fn frame() {
    let (drawn, drawing) = futures::channel::oneshot::channel();
    request_animation_frame(move || {
        let _ = drawn.send(());
    });
    let _ = drawing.await;
}

fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

/// Reports whether an element is visible, until it is dropped.
struct Watch {
    observer: IntersectionObserver,
    _seen: Closure<dyn FnMut(js_sys::Array)>,
}

impl Watch {
    fn new(
        root: &Element,
        margin: &str,
        element: &Element,
        mut seen: impl FnMut(bool) + 'static,
    ) -> Option<Self> {
        let told = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            // The last entry is the newest.
            let entry = entries.get(entries.length().saturating_sub(1));
            let within = js_sys::Reflect::get(&entry, &JsValue::from_str("isIntersecting"));
            seen(within.is_ok_and(|within| within.is_truthy()));
        });
        let options = IntersectionObserverInit::new();
        options.set_root(Some(root));
        options.set_root_margin(margin);
        let function = told.as_ref().unchecked_ref();
        let observer = IntersectionObserver::new_with_options(function, &options).ok()?;
        observer.observe(element);
        Some(Self { observer, _seen: told })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
