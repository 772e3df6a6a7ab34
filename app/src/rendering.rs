//! Renders messages on blocking threads and not on those that answer requests. A message may take a
//! second to render, and meanwhile another request may want to stop an answer or to check whether
//! the server is alive.
//!
//! All conversations share a few permits for rendering, in turn ([`Renderers`]). A rendering is
//! cancelled when its result is no longer awaited, and those of one page share a time limit
//! ([`PAGE`]).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::{Message, MessageId, Role, Transcript, WorkerId};
use render::Budget;

use crate::text::Locale;

mod permits;

pub use permits::{RenderPermit, Renderers, Work};

/// The time limit for rendering all messages of a page, including the time that they wait for a
/// permit. A message that is not rendered by then is shown as plain text.
pub const PAGE: Duration = Duration::from_secs(3);

/// The permits of this process.
static RENDERERS: LazyLock<Renderers> = LazyLock::new(Renderers::default);

/// Waits for a permit to render a message of a conversation.
pub async fn permit(conversation: WorkerId) -> RenderPermit {
    RENDERERS.permit(conversation).await
}

/// Renders a message's text to blocks of HTML, without a time limit. A text that cannot be rendered
/// is shown as plain text.
pub async fn render(conversation: WorkerId, text: &str, message: MessageId) -> Vec<String> {
    html(&RENDERERS, conversation, text, message, &Budget::default()).await
}

/// Renders the model's messages that have no HTML yet, the newest first.
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

/// The budget for one of several messages. An answer that is still being written has no time limit,
/// because its observers get changes to the rendered HTML, which do not fit plain text. A
/// conversation has at most one such answer.
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
        let permit = renderers.permit(conversation).await;
        let work =
            move |budget: &Budget| render::render_within(&written, &message.to_string(), budget);
        permit.begin(budget.clone(), work).await
    };
    let rendered = match budget.left() {
        _ if budget.is_spent() => return late(text),
        Some(left) => tokio::time::timeout(left, work).await.ok(),
        None => Some(work.await),
    };
    match rendered {
        Some(Ok(Some(html))) => html,
        Some(Err(_)) => render::as_written(text),
        Some(Ok(None)) | None => late(text),
    }
}

/// The plain text of a message for which the time limit was too short, below a note that says so. A
/// block does not know the page's language, so the note is in both languages; the style sheet hides
/// the other one.
fn late(text: &str) -> Vec<String> {
    let en = leptos_i18n::td_string!(Locale::en, rendered_late);
    let ja = leptos_i18n::td_string!(Locale::ja, rendered_late);
    let note = format!(
        "<p class=\"rendered-late\"><span lang=\"en\">{en}</span> <span lang=\"ja\">{ja}</span></p>"
    );
    std::iter::once(note).chain(render::as_written(text)).collect()
}

/// The HTML of a page's messages, kept until the page is written. It is not part of the page's
/// data, because the data is serialized into the page as well, and the page would hold the HTML
/// twice.
#[derive(Clone)]
pub(crate) struct PageHtml {
    html: Arc<Mutex<HashMap<MessageId, String>>>,
    budget: Budget,
}

impl Default for PageHtml {
    /// The time limit starts now.
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

    /// The HTML of a message that was rendered for this page. It is not removed, because a page may
    /// build its views more than once.
    pub(crate) fn of(&self, message: MessageId) -> Option<String> {
        self.known().get(&message).cloned()
    }

    /// Cancels this page's renderings when the guard is dropped: when the request is answered, or
    /// when its client disconnects. They run in tasks that would otherwise outlive the request.
    pub(crate) fn until_answered(&self) -> Answered {
        Answered(self.budget.clone())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<MessageId, String>> {
        self.html.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that is held while a request is answered; see [`PageHtml::until_answered`].
pub(crate) struct Answered(Budget);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests;
