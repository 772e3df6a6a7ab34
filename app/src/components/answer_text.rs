//! The rendered text of an answer.

use leptos::html::Div;
use leptos::prelude::*;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::live::Entry;

/// The blocks of an answer, as HTML from the server. Only changed blocks are replaced, so that a
/// selection or reading position in the others survives.
#[component]
pub fn AnswerText(
    /// The answer.
    entry: Entry,
) -> impl IntoView {
    let initial = initial(&entry);
    let element = NodeRef::<Div>::new();
    #[cfg(feature = "browser")]
    {
        let html = entry.html;
        effect(move || {
            html.track();
            // The element is not mounted yet; the effect runs again when it is.
            let Some(element) = element.get() else { return };
            let change = html.try_update_untracked(crate::live::Blocks::take_change).flatten();
            if let Some(change) = change {
                show(&element, &change);
            }
        });
    }
    view! { <div class="message-text prose" dir="auto" node_ref=element inner_html=initial></div> }
}

/// The HTML that the server writes into its page; hydration keeps it. It was rendered earlier on
/// its own thread, because this code runs on a thread that answers requests, and rendering here
/// would delay them. A message that was not rendered is shown as plain text.
#[cfg(feature = "ssr")]
fn initial(entry: &Entry) -> String {
    let page = use_context::<crate::rendering::PageHtml>();
    page.and_then(|page| page.of(entry.id))
        .unwrap_or_else(|| render::as_written(&entry.text.read_untracked()).concat())
}

#[cfg(not(feature = "ssr"))]
fn initial(entry: &Entry) -> String {
    entry.html.try_update_untracked(crate::live::Blocks::begin).unwrap_or_default()
}

/// Applies a change to the element. Appended text becomes a new node after the existing ones, so
/// that a selection in them survives.
#[cfg(feature = "browser")]
fn show(element: &web_sys::HtmlDivElement, change: &crate::live::BlockChange) {
    while element.child_element_count() as usize > change.kept
        && let Some(last) = element.last_element_child()
    {
        last.remove();
    }
    if let Some(append) = &change.append {
        let mut place = element.last_element_child();
        for _ in 1..append.depth {
            place = place.and_then(|outer| outer.last_element_child());
        }
        if let Some(place) = place {
            let _ = place.insert_adjacent_html("beforeend", &append.html);
        }
    }
    // This only fails for an invalid position, and "beforeend" is valid.
    if !change.html.is_empty() {
        let _ = element.insert_adjacent_html("beforeend", &change.html);
    }
}
