//! Renders messages on blocking threads and not on those that answer requests. A message may take a
//! second to render, and meanwhile another request may want to stop an answer or to check whether
//! the server is alive.
//!
//! All conversations share a few permits for rendering, in turn ([`Renderers`]). A rendering is
//! cancelled when its result is no longer awaited, and those of one page share a time limit
//! ([`PAGE`]). The HTML of finished messages is kept for a while ([`cache`]).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use protocol::{MessageId, Role, Transcript, WorkerId};
use render::Budget;

use crate::text::Locale;
use cache::{Key, RENDERED};

mod cache;
mod permits;

pub use cache::tend;
pub use permits::{RenderPermit, Renderers, Work};

/// The time limit for rendering all messages of a page, including the time that they wait for a
/// permit. A message that is not rendered by then is shown as plain text.
pub const PAGE: Duration = Duration::from_secs(3);

/// A rendering takes a permit for messages of together about this many bytes of text, so that most
/// pages wait for one permit and one thread only.
const BATCH_BYTES: usize = 32 * 1024;

/// The permits of this process.
static RENDERERS: LazyLock<Renderers> = LazyLock::new(Renderers::default);

/// The blocks of a rendered message.
type Blocks = Arc<[String]>;

/// A message of a conversation that has to be rendered.
#[derive(Clone, Debug)]
struct Unrendered {
    message: MessageId,
    text: String,
}

/// Waits for a permit to render a message of a conversation.
pub async fn permit(conversation: WorkerId) -> RenderPermit {
    RENDERERS.permit(conversation).await
}

/// Renders a message's text to blocks of HTML, without a time limit. A text that cannot be rendered
/// is shown as plain text.
pub async fn render(conversation: WorkerId, text: &str, message: MessageId) -> Vec<String> {
    let unrendered = vec![Unrendered { message, text: text.to_owned() }];
    let html = html(&RENDERERS, conversation, unrendered, &Budget::default()).await;
    html.into_iter().flat_map(|outcome| outcome.blocks().to_vec()).collect()
}

/// Whether HTML is kept for the next reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// For pages that may be read again.
    Kept,
    /// For documents that are written once, and would push everything else out.
    Never,
}

/// Renders one answer of a document that is written answer by answer, within what is left of the
/// document's budget.
pub(crate) async fn one(
    conversation: WorkerId,
    message: MessageId,
    text: &str,
    budget: &Budget,
    reuse: Reuse,
) -> String {
    let unrendered = vec![Unrendered { message, text: text.to_owned() }];
    let blocks: Vec<Blocks> = match reuse {
        Reuse::Kept => html_or_known(conversation, unrendered, budget).await,
        Reuse::Never => {
            let outcomes = html(&RENDERERS, conversation, unrendered, budget).await;
            outcomes.into_iter().map(Outcome::blocks).collect()
        }
    };
    blocks.iter().map(|blocks| blocks.concat()).collect()
}

/// Renders the model's messages that have no HTML yet, the newest first.
pub async fn fill(conversation: WorkerId, transcript: &mut Transcript) {
    let wanted = Wanted::of(transcript, Budget::of(PAGE));
    let html = wanted.render(conversation).await;
    for message in &mut transcript.messages {
        if let Some(blocks) = html.get(&message.id) {
            message.html = Some(blocks.to_vec());
        }
    }
}

/// The model's messages of a page, which are rendered together.
struct Wanted {
    /// The answer that is still being written, which has no time limit, because its observers get
    /// changes to the rendered HTML, which do not fit plain text. A conversation has at most one.
    running: Vec<Unrendered>,
    /// The others, the newest first.
    others: Vec<Unrendered>,
    budget: Budget,
}

impl Wanted {
    fn of(transcript: &Transcript, budget: Budget) -> Self {
        let running = transcript.turns.iter().filter(|turn| !turn.state.is_final());
        let running: Vec<_> = running.map(|turn| turn.answer).collect();
        let answers = transcript.messages.iter().rev();
        let answers =
            answers.filter(|message| message.role == Role::Assistant && message.html.is_none());
        let unrendered =
            answers.map(|message| Unrendered { message: message.id, text: message.text.clone() });
        let (running, others) = unrendered.partition(|one| running.contains(&one.message));
        Self { running, others, budget }
    }

    async fn render(self, conversation: WorkerId) -> HashMap<MessageId, Blocks> {
        let Self { running, others, budget } = self;
        let messages: Vec<_> = running.iter().chain(&others).map(|one| one.message).collect();
        let running = html(&RENDERERS, conversation, running, &budget.untimed()).await;
        let others = html_or_known(conversation, others, &budget).await;
        let blocks = running.into_iter().map(Outcome::blocks).chain(others);
        messages.into_iter().zip(blocks).collect()
    }
}

/// Like [`html`], but renders only messages whose HTML is not known from an earlier page.
async fn html_or_known(
    conversation: WorkerId,
    messages: Vec<Unrendered>,
    budget: &Budget,
) -> Vec<Blocks> {
    let key = |one: &Unrendered| Key::of(conversation, one.message, &one.text);
    let keys: Vec<_> = messages.iter().map(key).collect();
    let known: Vec<_> = keys.iter().map(|key| RENDERED.get(key)).collect();
    let unknown = messages.into_iter().zip(&known).filter(|(_, known)| known.is_none());
    let unknown = unknown.map(|(one, _)| one).collect();
    let mut rendered = html(&RENDERERS, conversation, unknown, budget).await.into_iter();
    let blocks = keys.into_iter().zip(known).map(|(key, known)| match known {
        Some(blocks) => Some(blocks),
        None => rendered.next().map(|outcome| {
            if let Outcome::Rendered(blocks) = &outcome {
                RENDERED.put(key, blocks.clone());
            }
            outcome.blocks()
        }),
    });
    blocks.flatten().collect()
}

/// The result of rendering a message.
enum Outcome {
    Rendered(Blocks),
    /// The message as plain text, because rendering it failed or took too long.
    Plain(Blocks),
}

impl Outcome {
    fn blocks(self) -> Blocks {
        let (Self::Rendered(blocks) | Self::Plain(blocks)) = self;
        blocks
    }
}

/// Renders messages. The outcomes are in the same order.
async fn html(
    renderers: &Renderers,
    conversation: WorkerId,
    messages: Vec<Unrendered>,
    budget: &Budget,
) -> Vec<Outcome> {
    let (mut messages, mut outcomes) = (VecDeque::from(messages), Vec::new());
    while !messages.is_empty() {
        outcomes.extend(batch(renderers, conversation, &mut messages, budget).await);
    }
    outcomes
}

/// Renders the first few of the messages, and takes those that have an outcome, at least one, out
/// of them.
async fn batch(
    renderers: &Renderers,
    conversation: WorkerId,
    messages: &mut VecDeque<Unrendered>,
    budget: &Budget,
) -> Vec<Outcome> {
    let batch: Vec<_> = messages.iter().take(first_batch(messages)).cloned().collect();
    let (rendered, results) = mpsc::channel();
    let work = async {
        let permit = renderers.permit(conversation).await;
        let work = move |budget: &Budget| {
            for Unrendered { message, text } in batch {
                let html = render::render_within(&text, &message.to_string(), budget);
                if html.is_none_or(|html| rendered.send(html).is_err()) {
                    return;
                }
            }
        };
        permit.begin(budget.clone(), work).await
    };
    let ended = match budget.left() {
        _ if budget.is_spent() => None,
        Some(left) => tokio::time::timeout(left, work).await.ok(),
        None => Some(work.await),
    };
    let mut outcomes: Vec<_> =
        results.try_iter().map(|html| Outcome::Rendered(html.into())).collect();
    messages.drain(..outcomes.len());
    match ended {
        // This message made the rendering panic; the ones after it are rendered separately.
        Some(Err(_)) => {
            let written = messages.pop_front().map(|one| render::as_written(&one.text));
            outcomes.extend(written.map(|html| Outcome::Plain(html.into())));
        }
        Some(Ok(())) if !budget.is_spent() => {}
        // The time is up for all that are left.
        _ => outcomes.extend(messages.drain(..).map(|one| Outcome::Plain(late(&one.text).into()))),
    }
    outcomes
}

/// How many of the messages are rendered together; at least one.
fn first_batch(messages: &VecDeque<Unrendered>) -> usize {
    let mut bytes = 0;
    let full = messages.iter().position(|one| {
        bytes += one.text.len();
        bytes > BATCH_BYTES
    });
    full.unwrap_or(messages.len()).max(1)
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
    html: Arc<Mutex<HashMap<MessageId, Blocks>>>,
    wanted: Arc<Mutex<Option<(WorkerId, Wanted)>>>,
    budget: Budget,
}

impl Default for PageHtml {
    /// The time limit starts now.
    fn default() -> Self {
        Self { html: Arc::default(), wanted: Arc::default(), budget: Budget::of(PAGE) }
    }
}

impl PageHtml {
    /// Chooses the messages of this page. They are not rendered yet.
    pub(crate) fn want(&self, conversation: WorkerId, transcript: &Transcript) {
        let wanted = Wanted::of(transcript, self.budget.clone());
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some((conversation, wanted));
    }

    /// Renders the messages that were chosen.
    pub(crate) async fn render(&self) {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((conversation, wanted)) = wanted {
            let html = wanted.render(conversation).await;
            self.known().extend(html);
        }
    }

    /// The HTML of a message that was rendered for this page. It is not removed, because a page may
    /// build its views more than once.
    pub(crate) fn of(&self, message: MessageId) -> Option<String> {
        self.known().get(&message).map(|blocks| blocks.concat())
    }

    /// Cancels this page's renderings when the guard is dropped: when the request is answered, or
    /// when its client disconnects. They run in tasks that would otherwise outlive the request.
    pub(crate) fn until_answered(&self) -> Answered {
        Answered::of(&self.budget)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<MessageId, Blocks>> {
        self.html.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that is held while a request is answered; see [`PageHtml::until_answered`].
pub(crate) struct Answered(Budget);

impl Answered {
    /// Cancels the renderings with this budget when the guard is dropped.
    pub(crate) fn of(budget: &Budget) -> Self {
        Self(budget.clone())
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests;
