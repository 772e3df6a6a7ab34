//! Announces an answer to screen readers while it streams: whole sentences, and not too often.

use leptos::html::Div;
use leptos::prelude::*;

/// A visually hidden live region. A script in the browser fills it.
#[component]
pub fn Announcer() -> impl IntoView {
    let region = NodeRef::<Div>::new();
    #[cfg(feature = "browser")]
    speak(region);
    view! { <div class="visually-hidden" aria-live="polite" data-announcer node_ref=region></div> }
}

/// Milliseconds between two announcements. Sentences completed in between are announced together.
#[cfg(feature = "browser")]
const PAUSE_MS: f64 = 1_000.0;

/// How many announcements stay in the region, so that a slow screen reader can still reach them.
#[cfg(feature = "browser")]
const KEPT: u32 = 8;

/// The answer that is being announced.
#[cfg(feature = "browser")]
struct Speech {
    entry: crate::live::Entry,
    sentences: crate::live::Sentences,
    spoken_ms: f64,
}

#[cfg(feature = "browser")]
fn speak(region: NodeRef<Div>) {
    use crate::erase::effect_from;
    use crate::live::{Conversation, Sentences};
    use crate::text::tr;
    let conversation = expect_context::<Conversation>();
    effect_from(move |speech: Option<Option<Speech>>| {
        let runs = conversation.stage.read().is_some();
        let entries = conversation.entries.read_untracked();
        let newest = entries.last().filter(|entry| entry.turn.is_some());
        let speech = speech.flatten();
        if !runs {
            if let Some(Speech { entry, mut sentences, .. }) = speech {
                let rest = sentences.finish(&entry.text.read_untracked(), tr!(code_spoken));
                say(region, rest);
                let turn = entry.turn.as_ref().map(|turn| turn.get_untracked());
                let written = super::turn_line::Written::of(&entry.text, &entry.reasoning);
                say(region, turn.and_then(|turn| super::turn_line::spoken(&turn, written)));
            }
            return None;
        }
        let newest = newest?;
        let mut speech =
            speech.filter(|speech| speech.entry.id == newest.id).unwrap_or_else(|| {
                // The text so far was announced before, or is on the page to be read.
                let sentences = Sentences::after(newest.text.read_untracked().len());
                Speech { entry: newest.clone(), sentences, spoken_ms: 0.0 }
            });
        let (text, now_ms) = (speech.entry.text.read(), js_sys::Date::now());
        if now_ms - speech.spoken_ms >= PAUSE_MS
            && let Some(words) = speech.sentences.take(&text, tr!(code_spoken))
        {
            speech.spoken_ms = now_ms;
            say(region, Some(words));
        }
        drop(text);
        Some(speech)
    });
}

#[cfg(feature = "browser")]
fn say(region: NodeRef<Div>, words: Option<String>) {
    let (Some(region), Some(words)) = (region.get_untracked(), words) else { return };
    if let Ok(line) = document().create_element("p") {
        line.set_text_content(Some(&words));
        let _ = region.append_child(&line);
    }
    while region.child_element_count() > KEPT
        && let Some(oldest) = region.first_element_child()
    {
        oldest.remove();
    }
}
