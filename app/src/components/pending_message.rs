//! The message that is on its way, where it will stand.

use leptos::prelude::*;

use crate::erase::{erase, live};
use crate::live::Conversation;
use crate::text::tr;

/// Shows what was sent until the conversation has it. Another version of a message has its place
/// among the others, and is not shown before.
#[component]
pub fn PendingMessage() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    live(move || {
        let pending = conversation.pending()?;
        Some(erase(view! {
            <article class="message" data-role="user" data-pending="" aria-label=tr!(sending)>
                <div class="message-text" dir="auto">
                    {pending.text}
                </div>
            </article>
        }))
    })
}
