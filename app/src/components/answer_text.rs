//! An answer's text, rendered.

use leptos::html::Div;
use leptos::prelude::*;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::live::Entry;

/// The blocks of an answer. They are the server's HTML; only the ones that change are
/// touched, so that what is read or selected above them stays.
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
            // Not in the page yet: shown when it is.
            let Some(element) = element.get() else { return };
            let change = html.try_update_untracked(crate::live::Blocks::take_change).flatten();
            if let Some(change) = change {
                replace(&element, change.kept, &change.html);
            }
        });
    }
    view! { <div class="message-text prose" dir="auto" node_ref=element inner_html=initial></div> }
}

/// The server's page is made from the text, and carries no HTML twice; a browser that takes
/// it over leaves it as it is.
#[cfg(feature = "ssr")]
fn initial(entry: &Entry) -> String {
    let page = use_context::<crate::rendering::PageHtml>();
    page.and_then(|page| page.take(entry.id)).unwrap_or_else(|| {
        crate::markdown::render(&entry.text.read_untracked(), &entry.id.to_string()).concat()
    })
}

#[cfg(not(feature = "ssr"))]
fn initial(entry: &Entry) -> String {
    entry.html.read_untracked().html()
}

/// Puts HTML in place of all elements but the first `kept`.
#[cfg(feature = "browser")]
fn replace(element: &web_sys::HtmlDivElement, kept: usize, html: &str) {
    while element.child_element_count() as usize > kept
        && let Some(last) = element.last_element_child()
    {
        last.remove();
    }
    // Fails only for places that are none.
    let _ = element.insert_adjacent_html("beforeend", html);
}
