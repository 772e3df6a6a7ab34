//! The keys that go from message to message, so that a keyboard or a screen reader reads at its own
//! pace. Used in a browser only.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

/// Listens for the keys while the page is shown.
pub fn listen() {
    let keydown = window_event_listener(ev::keydown, |event| {
        if let Some(step) = step(&event)
            && let Some(element) = next(step)
        {
            event.prevent_default();
            let _ = element.focus();
        }
    });
    on_cleanup(move || keydown.remove());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Up,
    Down,
}

/// What the key asks for, if it is one of these. In a text, Option and an arrow move the cursor on a
/// Mac.
fn step(event: &KeyboardEvent) -> Option<Step> {
    let other = event.ctrl_key() || event.meta_key() || event.shift_key();
    if !event.alt_key() || other || event.is_composing() || event.default_prevented() {
        return None;
    }
    let is_text = |element: Element| match element.dyn_into::<HtmlTextAreaElement>() {
        Ok(area) => !area.value().is_empty(),
        Err(other) => other.matches("input, select").unwrap_or_default(),
    };
    if document().active_element().is_some_and(is_text) {
        return None;
    }
    match event.key().as_str() {
        "ArrowUp" => Some(Step::Up),
        "ArrowDown" => Some(Step::Down),
        _ => None,
    }
}

/// The message before or after the one that has the focus. From elsewhere, up leads to the newest
/// message; from that one, down leads to the message box.
fn next(step: Step) -> Option<HtmlElement> {
    let messages = document().query_selector_all(".scroller .message").ok()?;
    let at = |index: u32| messages.item(index)?.dyn_into::<HtmlElement>().ok();
    let focused = document().active_element();
    let focused = focused.and_then(|element| element.closest(".message").ok().flatten());
    let here = focused.and_then(|focused| index_of(&messages, &focused));
    let last = messages.length().checked_sub(1)?;
    match (step, here) {
        (Step::Up, None) => at(last),
        (Step::Up, Some(here)) => at(here.checked_sub(1)?),
        (Step::Down, None) => None,
        (Step::Down, Some(here)) if here == last => {
            document().get_element_by_id("composer")?.dyn_into().ok()
        }
        (Step::Down, Some(here)) => at(here + 1),
    }
}

fn index_of(messages: &web_sys::NodeList, message: &Element) -> Option<u32> {
    (0..messages.length()).find(|index| messages.item(*index).as_ref() == Some(message.as_ref()))
}
