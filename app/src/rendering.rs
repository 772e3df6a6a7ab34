//! Rendering, beside the threads that answer requests: a message may take a second, and in that
//! second somebody else wants to stop an answer, or to know whether the server is alive.
//!
//! Few places are shared by all conversations in turn ([`Renderers`]); what nobody waits for any
//! more is given up, and what one request is shown has a time of its own ([`PAGE`]).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::{Message, MessageId, Role, Transcript, WorkerId};

use crate::markdown::{self, Budget};
use crate::text::Locale;

mod places;

pub use places::{Place, Renderers, Work};

/// How long the messages of a page may be rendered, with the time until their turn comes. What
/// is not rendered by then is shown as it was written.
pub const PAGE: Duration = Duration::from_secs(3);

/// Those of this process.
static RENDERERS: LazyLock<Renderers> = LazyLock::new(Renderers::default);

/// Waits for a place to render something of a conversation.
pub async fn place(conversation: WorkerId) -> Place {
    RENDERERS.place(conversation).await
}

/// A message's text as blocks of HTML, however long that takes; as it was written where that
/// fails.
pub async fn render(conversation: WorkerId, text: &str, message: MessageId) -> Vec<String> {
    html(&RENDERERS, conversation, text, message, &Budget::default()).await
}

/// Adds their HTML to the model's messages that have none yet.
pub async fn fill(conversation: WorkerId, transcript: &mut Transcript) {
    let budget = Budget::of(PAGE);
    for at in (0..transcript.messages.len()).rev() {
        let message = &transcript.messages[at];
        if message.role == Role::Assistant && message.html.is_none() {
            let budget = budget_of(message, transcript, &budget);
            let html = html(&RENDERERS, conversation, &message.text, message.id, &budget).await;
            transcript.messages[at].html = Some(html);
        }
    }
}

/// Whoever follows an answer that is still coming is told how to change what its page holds, so
/// that has to be what is rendered from the text. It is one message at most.
fn budget_of(message: &Message, transcript: &Transcript, budget: &Budget) -> Budget {
    let mut running = transcript.turns.iter().filter(|turn| !turn.state.is_final());
    let is_coming = running.any(|turn| turn.answer == message.id);
    if is_coming { budget.untimed() } else { budget.clone() }
}

async fn html(
    renderers: &Renderers,
    conversation: WorkerId,
    text: &str,
    message: MessageId,
    budget: &Budget,
) -> Vec<String> {
    let written = text.to_owned();
    let work = async {
        let place = renderers.place(conversation).await;
        let work =
            move |budget: &Budget| markdown::render_within(&written, &message.to_string(), budget);
        place.begin(budget.clone(), work).await
    };
    let rendered = match budget.left() {
        _ if budget.is_spent() => return late(text),
        Some(left) => tokio::time::timeout(left, work).await.ok(),
        None => Some(work.await),
    };
    match rendered {
        Some(Ok(Some(html))) => html,
        Some(Err(_)) => markdown::as_written(text),
        Some(Ok(None)) | None => late(text),
    }
}

/// A text that there was no time to render, and words about it: in each language, for blocks
/// have none, and the page's style sheet leaves its own.
fn late(text: &str) -> Vec<String> {
    let en = leptos_i18n::td_string!(Locale::en, rendered_late);
    let ja = leptos_i18n::td_string!(Locale::ja, rendered_late);
    let note = format!(
        "<p class=\"rendered-late\"><span lang=\"en\">{en}</span> <span lang=\"ja\">{ja}</span></p>"
    );
    std::iter::once(note).chain(markdown::as_written(text)).collect()
}

/// The HTML of what a page shows, until the page is written: it goes into the page once, and
/// not a second time with what the page is made from.
#[derive(Clone)]
pub(crate) struct PageHtml {
    html: Arc<Mutex<HashMap<MessageId, String>>>,
    budget: Budget,
}

impl Default for PageHtml {
    /// For a page that is asked for now.
    fn default() -> Self {
        Self { html: Arc::default(), budget: Budget::of(PAGE) }
    }
}

impl PageHtml {
    /// Renders the model's messages, the newest first.
    pub(crate) async fn fill(&self, conversation: WorkerId, transcript: &Transcript) {
        let messages = transcript.messages.iter().rev();
        for message in messages.filter(|message| message.role == Role::Assistant) {
            let budget = budget_of(message, transcript, &self.budget);
            let html = html(&RENDERERS, conversation, &message.text, message.id, &budget).await;
            self.known().insert(message.id, html.concat());
        }
    }

    /// A message's HTML, which was rendered for this page. It stays: a page's views may be made
    /// more than once.
    pub(crate) fn of(&self, message: MessageId) -> Option<String> {
        self.known().get(&message).cloned()
    }

    /// Ends the rendering when it is dropped: with the answer to the request, or because nobody
    /// waits for that. A page's data outlive the request in tasks of their own.
    pub(crate) fn until_answered(&self) -> Answered {
        Answered(self.budget.clone())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<MessageId, String>> {
        self.html.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered.
pub(crate) struct Answered(Budget);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests;
