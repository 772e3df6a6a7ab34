//! Sends what stands in the message box, at once or when the answer at hand is done.

use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::SendMessage;
use protocol::{MessageId, TurnState};

use super::super::address::address_is;
use super::super::console_view::Problem;
use super::super::message_actions::catch_up;
use crate::erase::{effect, effect_from};
use crate::live::{Activity, Conversation, DraftOf, Drafts, Errand};
use crate::text::tr;
use crate::{AppError, api, reader};

/// What becomes of a text that cannot be sent now because an answer is being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Nobody tried to send it.
    #[default]
    No,
    /// Somebody did; it stays until they send it.
    Kept,
    /// It is sent when the answer is complete.
    Queued,
    /// It was to be sent, but the answer ended otherwise: it stays.
    Left,
}

/// Sends what stands in the box.
#[derive(Clone)]
pub struct Sender {
    conversation: Conversation,
    drafts: Drafts,
    problem: Problem,
    area: NodeRef<Textarea>,
    pub draft: ArcRwSignal<String>,
    pub held: ArcRwSignal<Held>,
    /// The text that was tried last and not accepted, with its id: the same text again is the
    /// same sending. Once it is accepted, the same text is a new message.
    tried: ArcStoredValue<(Option<String>, MessageId)>,
}

impl Sender {
    /// For a box in which `typed` stands, and the id that the plain form sends with.
    pub fn new(area: NodeRef<Textarea>, typed: String, message_id: MessageId) -> Self {
        let tried = ArcStoredValue::new((Some(typed.clone()), message_id));
        let (draft, held) = (ArcRwSignal::new(typed), ArcRwSignal::new(Held::No));
        let (conversation, drafts, problem) =
            (expect_context(), expect_context(), expect_context());
        Self { conversation, drafts, problem, area, draft, held, tried }
    }

    /// Sends it, or holds it while an answer is being written.
    pub fn send(&self) {
        let Some(text) = self.area.get_untracked().map(|area| area.value()) else { return };
        let running = untrack(|| self.conversation.activity()).is_running();
        if !text.trim().is_empty() && running {
            // Asking twice is asking for it.
            let again = self.held.get_untracked() == Held::Kept;
            self.held.set(if again { Held::Queued } else { Held::Kept });
        }
        let idle = self.conversation.errand.get_untracked() == Errand::None;
        if text.trim().is_empty() || running || !idle {
            return;
        }
        self.held.set(Held::No);
        let id = self.id_of(&text);
        self.conversation.errand.set(Errand::Sending);
        self.problem.clear();
        let sender = self.clone();
        spawn_local(async move {
            let worker_id = sender.conversation.worker_id;
            let edits = sender.conversation.editing.get_untracked();
            let parent = sender.conversation.leaf().filter(|_| edits.is_none());
            let message = SendMessage { id, text, parent, edits, utc_offset: reader::utc_offset() };
            match api::send(worker_id, message).await {
                Ok(_) => sender.sent().await,
                Err(AppError(error)) => sender.problem.show(error, Some(tr!(text_kept))),
            }
            sender.conversation.errand.set(Errand::None);
        });
    }

    /// Sends it when the answer is complete, or does not after all.
    pub fn queue(&self, wanted: bool) {
        self.held.set(if wanted { Held::Queued } else { Held::Kept });
    }

    /// Sends what waits as soon as the answer before it is complete.
    pub fn send_when_done(&self, activity: Memo<Activity>) {
        let sender = self.clone();
        effect_from(move |ran: Option<bool>| {
            let runs = activity.get().is_running();
            if ran == Some(true) && !runs && sender.held.get_untracked() == Held::Queued {
                let complete = sender.conversation.last_turn() == Some(TurnState::Completed);
                sender.held.set(if complete { Held::No } else { Held::Left });
                if complete {
                    sender.send();
                }
            }
            runs
        });
    }

    /// Keeps what stands in the box.
    pub fn keep(&self) {
        if let Some(area) = self.area.get_untracked() {
            self.drafts.keep(self.draft_of(), area.value());
            self.draft.set(area.value());
        }
        if self.held.get_untracked() == Held::Left {
            self.held.set(Held::No);
        }
    }

    /// What the text in the box is for.
    fn draft_of(&self) -> DraftOf {
        let edited = self.conversation.editing.get_untracked();
        edited.map_or(DraftOf::Next(self.conversation.worker_id), DraftOf::Edit)
    }

    /// Brings back what was typed here before, and keeps what is typed now: in the box there
    /// may already be something from before the script ran. What a deleted conversation was to
    /// be told is kept, too: it may be brought back.
    pub fn restore(&self) {
        let sender = self.clone();
        let kept = self.drafts.of(self.draft_of());
        effect(move || {
            let Some(area) = sender.area.get() else { return };
            if area.value().is_empty() {
                area.set_value(&kept);
            }
            sender.keep();
        });
    }

    async fn sent(&self) {
        self.tried.update_value(|(tried, _)| *tried = None);
        self.drafts.keep(self.draft_of(), String::new());
        if let Some(area) = self.area.try_get_untracked().flatten() {
            area.set_value("");
            let _ = area.focus();
        }
        self.draft.set(String::new());
        self.conversation.editing.set(None);
        self.conversation.choose_newest();
        address_is(&format!("/c/{}", self.conversation.worker_id));
        catch_up(&self.conversation).await;
    }

    fn id_of(&self, text: &str) -> MessageId {
        let (tried, id) = self.tried.get_value();
        if tried.as_deref() == Some(text) {
            return id;
        }
        #[cfg(feature = "browser")]
        let id = crate::live::new_message_id();
        self.tried.set_value((Some(text.to_owned()), id));
        id
    }
}
