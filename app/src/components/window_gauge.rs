//! Shows how full the model's context window is.

use leptos::prelude::*;

use crate::erase::{erase, live};
use crate::live::Conversation;
use crate::text;

/// A small meter, shown if the size of the window is known.
#[component]
pub fn WindowGauge() -> impl IntoView {
    let window = expect_context::<Conversation>().window;
    live(move || {
        window.get().map(|window| {
            let (tokens, most) = (window.tokens.min(window.window_tokens), window.window_tokens);
            let words = text::window_use(window.tokens, most);
            // Above this, older messages may have to be left out.
            let high = most - most / 8;
            erase(view! {
                <div class="gauge" title=words.clone()>
                    <meter
                        min="0"
                        max=most.to_string()
                        high=high.to_string()
                        value=tokens.to_string()
                        aria-label=words.clone()
                    ></meter>
                    <span aria-hidden="true">{text::percent(tokens, most)}</span>
                </div>
            })
        })
    })
}
