//! Sends the text of the message box, at once or when the current answer is complete.

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
use crate::route::conversation_page;
use crate::{AppError, api, reader};

/// The state of a text that cannot be sent yet because an answer is being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueuedSend {
    /// The user has not tried to send.
    #[default]
    No,
    /// The user tried to send; the text stays in the box.
    Kept,
    /// The text is sent when the answer is complete.
    Queued,
    /// The text was queued, but the answer did not complete, so the text stays in the box.
    Left,
}

/// Sends the text of the box.
#[derive(Clone)]
pub struct Sender {
    conversation: Conversation,
    drafts: Drafts,
    problem: Problem,
    area: NodeRef<Textarea>,
    pub draft: ArcRwSignal<String>,
    pub held: ArcRwSignal<QueuedSend>,
    /// The last text that was tried and not yet accepted, with its id. Trying the same text again
    /// reuses the id; once the message is accepted, the same text is a new message.
    tried: ArcStoredValue<(Option<String>, MessageId)>,
}

impl Sender {
    /// `typed` is the initial text of the box, `message_id` the id that the plain form sends.
    pub fn new(area: NodeRef<Textarea>, typed: String, message_id: MessageId) -> Self {
        let tried = ArcStoredValue::new((Some(typed.clone()), message_id));
        let (draft, held) = (ArcRwSignal::new(typed), ArcRwSignal::new(QueuedSend::No));
        let (conversation, drafts, problem) =
            (expect_context(), expect_context(), expect_context());
        Self { conversation, drafts, problem, area, draft, held, tried }
    }

    /// Sends the text, or holds it while another message is in flight or an answer is being
    /// written. The box is empty at once, for the next message.
    pub fn send(&self) {
        let Some(area) = self.area.get_untracked() else { return };
        let text = area.value();
        let running = untrack(|| self.conversation.activity()).is_running();
        let pending = self.conversation.pending.get_untracked();
        if !text.trim().is_empty() && (running || pending == PendingRequest::Sending) {
            // A second attempt to send queues the text.
            let again = self.held.get_untracked() == QueuedSend::Kept;
            self.held.set(if again { QueuedSend::Queued } else { QueuedSend::Kept });
        }
        if text.trim().is_empty() || running || pending != PendingRequest::None {
            return;
        }
        self.held.set(QueuedSend::No);
        let id = self.id_of(&text);
        let edits = self.conversation.editing.get_untracked();
        let turn = edits.and_then(|edited| self.conversation.turn_of(edited));
        let also = if turn.is_none() { self.conversation.asks_also() } else { Vec::new() };
        let parent = self.conversation.leaf().filter(|_| edits.is_none());
        self.conversation.pending.set(PendingRequest::Sending);
        self.problem.clear();
        self.take(Outgoing { id, text: text.clone(), edits });
        let _ = area.focus();
        let sender = self.clone();
        spawn_local(async move {
            let worker_id = sender.conversation.worker_id;
            let utc_offset = reader::utc_offset();
            let message =
                SendMessage { parent, edits, also, utc_offset, ..SendMessage::new(id, text) };
            match api::send(worker_id, message, turn).await {
                Ok(_) => sender.sent(edits).await,
                Err(AppError(error)) => {
                    sender.give_back();
                    sender.problem.show_unsent(error);
                }
            }
            sender.conversation.pending.set(PendingRequest::None);
        });
    }

    /// Moves a message out of the box. Its draft is kept until the server has accepted it; the text
    /// of an edit stays the draft of that edit.
    fn take(&self, outgoing: Outgoing) {
        let worker_id = self.conversation.worker_id;
        match outgoing.edits {
            // Leaving the edit puts the earlier draft back into the box.
            Some(_) => self.conversation.editing.set(None),
            None => {
                self.drafts.save(DraftOf::Outgoing(worker_id), outgoing.text.clone());
                self.drafts.save(DraftOf::Next(worker_id), String::new());
                self.set_box("");
            }
        }
        self.conversation.outgoing.set(Some(outgoing));
    }

    /// Puts a message that was not accepted back into the box, before any text typed since.
    fn give_back(&self) {
        let Some(unsent) = self.conversation.outgoing.get_untracked() else { return };
        self.conversation.outgoing.set(None);
        if unsent.edits.is_some() {
            return self.conversation.editing.set(unsent.edits);
        }
        let text = self.unsent();
        // While another message is being edited, the box holds that message's text.
        if self.conversation.editing.get_untracked().is_none() {
            self.set_box(&text);
        }
    }

    /// Merges an unaccepted message into the draft of the next message, and returns that draft.
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

    /// Queues the text until the answer is complete, or cancels that.
    pub fn queue(&self, wanted: bool) {
        self.held.set(if wanted { QueuedSend::Queued } else { QueuedSend::Kept });
    }

    /// Sends a queued text when the running answer is complete.
    pub fn send_when_done(&self, activity: Memo<Activity>) {
        let sender = self.clone();
        effect_from(move |ran: Option<bool>| {
            let runs = activity.get().is_running();
            let done = ran == Some(true) && !runs && !sender.conversation.expects_more();
            if done && sender.held.get_untracked() == QueuedSend::Queued {
                let complete = sender.conversation.last_turn() == Some(TurnState::Completed);
                sender.held.set(if complete { QueuedSend::No } else { QueuedSend::Left });
                if complete {
                    sender.send();
                }
            }
            // The next answer of those that were asked for at once begins in a moment.
            runs || (ran == Some(true) && !done)
        });
    }

    /// Saves the text of the box as a draft.
    pub fn save_draft(&self) {
        if let Some(area) = self.area.get_untracked() {
            self.drafts.save(self.draft_of(), area.value());
            self.draft.set(area.value());
        }
        if self.held.get_untracked() == QueuedSend::Left {
            self.held.set(QueuedSend::No);
        }
    }

    /// The draft that the text in the box belongs to.
    fn draft_of(&self) -> DraftOf {
        let edited = self.conversation.editing.get_untracked();
        edited.map_or(DraftOf::Next(self.conversation.worker_id), DraftOf::Edit)
    }

    /// Restores the saved draft, unless the box already holds text typed before the script ran.
    /// Drafts of a deleted conversation are kept, too, because it may be restored.
    pub fn restore(&self) {
        let sender = self.clone();
        let (outgoing, worker_id) = (DraftOf::Outgoing, self.conversation.worker_id);
        // The page was left while a message was in flight, and the server has accepted it.
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
        address_is(&conversation_page(self.conversation.worker_id));
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
