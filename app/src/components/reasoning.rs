//! The model's reasoning, shown with its answer.

use leptos::html::{Details, Div};
use leptos::prelude::*;

use super::elapsed::Elapsed;
#[cfg(feature = "browser")]
use crate::display::displayed;
use crate::display::displayed_so_far;
use crate::erase::{erase, live};
use crate::label;
use crate::live::Entry;
use crate::text::{self, tr};

/// The reasoning of an answer, if there is any.
#[component]
pub fn Reasoning(
    /// The answer.
    entry: Entry,
) -> impl IntoView {
    let reasoning = entry.reasoning.clone();
    let there = Memo::new(move |_| !reasoning.read().is_empty());
    live(move || there.get().then(|| erase(view! { <Thought entry=entry.clone() /> })))
}

/// Open until the answer's text begins, then folded unless the reader opened it. It is shown as
/// plain text: readers follow it but do not work with it, so it is not worth rendering.
#[component]
fn Thought(entry: Entry) -> impl IntoView {
    let (details, element) = (NodeRef::<Details>::new(), NodeRef::<Div>::new());
    let Entry { text, reasoning, turn, .. } = entry;
    let open = text.read_untracked().is_empty();
    let written = displayed_so_far(&reasoning.read_untracked()).0.into_owned();
    #[cfg(feature = "browser")]
    {
        fold(details, text);
        follow(element, reasoning);
    }
    let summary = live(move || {
        let turn = turn.as_ref().map(|turn| turn.get());
        let since = turn.as_ref().and_then(protocol::Turn::thinks_since);
        let thought = turn.as_ref().and_then(|turn| Some((turn.thought_ms()?, turn.usage)));
        erase(match (since, thought) {
            (Some(since), _) => erase(view! {
                <span>{tr!(thinking)}</span>
                <Elapsed since />
            }),
            (None, Some((ms, usage))) => {
                let tokens = usage.and_then(|usage| usage.reasoning_tokens);
                erase(view! { <span>{text::thought(&label::seconds(ms), tokens)}</span> })
            }
            (None, None) => erase(view! { <span>{tr!(thought)}</span> }),
        })
    });
    view! {
        <details class="reasoning" open=open node_ref=details>
            <summary data-do="thought">{summary}</summary>
            <div class="reasoning-text" dir="auto" node_ref=element>
                {written}
            </div>
        </details>
    }
}

/// Folds the reasoning when the answer's text begins.
#[cfg(feature = "browser")]
fn fold(details: NodeRef<Details>, text: ArcRwSignal<String>) {
    let empty = Memo::new(move |_| text.read().is_empty());
    crate::erase::effect_from(move |before: Option<bool>| {
        let empty = empty.get();
        let Some(details) = details.get() else { return empty };
        if before == Some(true) && !empty && !details.has_attribute("data-kept") {
            details.set_open(false);
        }
        empty
    });
}

/// Appends only the new part of the growing text, so that a selection in the old part survives.
#[cfg(feature = "browser")]
fn follow(element: NodeRef<Div>, reasoning: ArcRwSignal<String>) {
    use wasm_bindgen::JsCast;
    let written = displayed_so_far(&reasoning.read_untracked()).1;
    crate::erase::effect_from(move |shown: Option<usize>| {
        let (text, shown) = (reasoning.read(), shown.unwrap_or(written));
        let Some(element) = element.get() else { return shown };
        let last = element.last_child().and_then(|node| node.dyn_into::<web_sys::Text>().ok());
        match (text.get(shown..), last) {
            (Some(new), Some(last)) => {
                let (new, taken) = displayed_so_far(new);
                let _ = last.append_data(&new);
                shown + taken
            }
            _ => {
                element.set_text_content(Some(&displayed(&text)));
                text.len()
            }
        }
    });
}
