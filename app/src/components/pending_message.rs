//! A message that was sent and is not committed yet.

use leptos::prelude::*;

use crate::display::is_long;
use crate::erase::{erase, live};
use crate::live::Conversation;
use crate::text::tr;

/// Shows the message until the conversation has it. An edited message is not shown, because it
/// takes the place of another version and not the end.
#[component]
pub fn PendingMessage() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    live(move || {
        let pending = conversation.pending()?;
        let is_long = is_long(&pending.text).then_some("");
        Some(erase(view! {
            <article
                class="message"
                data-role="user"
                data-pending=""
                data-long=is_long
                aria-label=tr!(sending)
            >
                <div class="message-text" dir="auto">
                    {pending.text}
                </div>
            </article>
        }))
    })
}
