//! Sends what stands in the message box, at once or when the answer at hand is done.

use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::SendMessage;
use protocol::{MessageId, TurnState};

use super::super::address::address_is;
use super::super::message_actions::catch_up;
use super::super::problem::Problem;
use crate::erase::{effect, effect_from};
use crate::live::{Activity, Conversation, DraftOf, Drafts, Outgoing, PendingRequest, joined};
use crate::text::tr;
use crate::{AppError, api, reader};

/// What becomes of a text that cannot be sent now because an answer is being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueuedSend {
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
    pub held: ArcRwSignal<QueuedSend>,
    /// The text that was tried last and not accepted, with its id: the same text again is the
    /// same sending. Once it is accepted, the same text is a new message.
    tried: ArcStoredValue<(Option<String>, MessageId)>,
}

impl Sender {
    /// For a box in which `typed` stands, and the id that the plain form sends with.
    pub fn new(area: NodeRef<Textarea>, typed: String, message_id: MessageId) -> Self {
        let tried = ArcStoredValue::new((Some(typed.clone()), message_id));
        let (draft, held) = (ArcRwSignal::new(typed), ArcRwSignal::new(QueuedSend::No));
        let (conversation, drafts, problem) =
            (expect_context(), expect_context(), expect_context());
        Self { conversation, drafts, problem, area, draft, held, tried }
    }

    /// Sends it, or holds it while a message is under way or an answer is being written. The box is
    /// free for the next message at once.
    pub fn send(&self) {
        let Some(area) = self.area.get_untracked() else { return };
        let text = area.value();
        let running = untrack(|| self.conversation.activity()).is_running();
        let pending = self.conversation.pending.get_untracked();
        if !text.trim().is_empty() && (running || pending == PendingRequest::Sending) {
            // Asking twice is asking for it.
            let again = self.held.get_untracked() == QueuedSend::Kept;
            self.held.set(if again { QueuedSend::Queued } else { QueuedSend::Kept });
        }
        if text.trim().is_empty() || running || pending != PendingRequest::None {
            return;
        }
        self.held.set(QueuedSend::No);
        let id = self.id_of(&text);
        let edits = self.conversation.editing.get_untracked();
        let parent = self.conversation.leaf().filter(|_| edits.is_none());
        self.conversation.pending.set(PendingRequest::Sending);
        self.problem.clear();
        self.take(Outgoing { id, text: text.clone(), edits });
        let _ = area.focus();
        let sender = self.clone();
        spawn_local(async move {
            let worker_id = sender.conversation.worker_id;
            let message = SendMessage { id, text, parent, edits, utc_offset: reader::utc_offset() };
            match api::send(worker_id, message).await {
                Ok(_) => sender.sent(edits).await,
                Err(AppError(error)) => {
                    sender.give_back();
                    sender.problem.show(error, Some(tr!(text_kept)));
                }
            }
            sender.conversation.pending.set(PendingRequest::None);
        });
    }

    /// Takes a message out of the box. Its text is kept until the server has it; the text of an
    /// edit is kept as the draft of the edit.
    fn take(&self, outgoing: Outgoing) {
        let worker_id = self.conversation.worker_id;
        match outgoing.edits {
            // Brings back what was typed before.
            Some(_) => self.conversation.editing.set(None),
            None => {
                self.drafts.save(DraftOf::Outgoing(worker_id), outgoing.text.clone());
                self.drafts.save(DraftOf::Next(worker_id), String::new());
                self.set_box("");
            }
        }
        self.conversation.outgoing.set(Some(outgoing));
    }

    /// Puts a message that was not accepted back into the box, in front of what was typed since.
    fn give_back(&self) {
        let Some(unsent) = self.conversation.outgoing.get_untracked() else { return };
        self.conversation.outgoing.set(None);
        if unsent.edits.is_some() {
            return self.conversation.editing.set(unsent.edits);
        }
        let text = self.unsent();
        // While another message is edited, the box has its text.
        if self.conversation.editing.get_untracked().is_none() {
            self.set_box(&text);
        }
    }

    /// Makes what was under way a part of the next message again, and returns that.
    fn unsent(&self) -> String {
        let worker_id = self.conversation.worker_id;
        let (outgoing, next) = (DraftOf::Outgoing(worker_id), DraftOf::Next(worker_id));
        let unsent = self.drafts.of(outgoing);
        let typed = self.drafts.of(next);
        if unsent.is_empty() {
            return typed;
        }
        let text = joined(&unsent, &typed);
        self.drafts.save(next, text.clone());
        self.drafts.save(outgoing, String::new());
        text
    }

    fn set_box(&self, text: &str) {
        if let Some(area) = self.area.try_get_untracked().flatten() {
            area.set_value(text);
        }
        self.draft.set(text.to_owned());
    }

    /// Sends it when the answer is complete, or does not after all.
    pub fn queue(&self, wanted: bool) {
        self.held.set(if wanted { QueuedSend::Queued } else { QueuedSend::Kept });
    }

    /// Sends what waits as soon as the answer before it is complete.
    pub fn send_when_done(&self, activity: Memo<Activity>) {
        let sender = self.clone();
        effect_from(move |ran: Option<bool>| {
            let runs = activity.get().is_running();
            if ran == Some(true) && !runs && sender.held.get_untracked() == QueuedSend::Queued {
                let complete = sender.conversation.last_turn() == Some(TurnState::Completed);
                sender.held.set(if complete { QueuedSend::No } else { QueuedSend::Left });
                if complete {
                    sender.send();
                }
            }
            runs
        });
    }

    /// Keeps what stands in the box.
    pub fn save_draft(&self) {
        if let Some(area) = self.area.get_untracked() {
            self.drafts.save(self.draft_of(), area.value());
            self.draft.set(area.value());
        }
        if self.held.get_untracked() == QueuedSend::Left {
            self.held.set(QueuedSend::No);
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
        let (outgoing, worker_id) = (DraftOf::Outgoing, self.conversation.worker_id);
        // The page was left while a message was under way, and the server got it.
        if self.conversation.has_just_asked(&self.drafts.of(outgoing(worker_id))) {
            self.drafts.save(outgoing(worker_id), String::new());
        }
        let next = self.unsent();
        let kept = match self.draft_of() {
            DraftOf::Edit(id) => self.drafts.of(DraftOf::Edit(id)),
            DraftOf::Next(_) | DraftOf::Outgoing(_) => next,
        };
        effect(move || {
            let Some(area) = sender.area.get() else { return };
            if area.value().is_empty() {
                area.set_value(&kept);
            }
            sender.save_draft();
        });
    }

    async fn sent(&self, edits: Option<MessageId>) {
        self.tried.update_value(|(tried, _)| *tried = None);
        let sent = edits.map_or(DraftOf::Outgoing(self.conversation.worker_id), DraftOf::Edit);
        self.drafts.save(sent, String::new());
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
