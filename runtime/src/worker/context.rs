//! Chooses the messages of a branch that go to the provider, and records what the provider left
//! out.

use model_io::outgoing::is_blank;
use protocol::api::{InputMessage, InputRole};
use protocol::{ContextWindow, MessageId, Role, Turn};
use provider::Shown;
use store::{Branch, BranchMessage, text_digest};

/// The most bytes of text that are offered to a provider. The provider knows its window in tokens
/// and leaves out what does not fit; this only bounds what is loaded. A token is rarely more than 8
/// bytes, so this covers windows of a million tokens.
pub(crate) const CONTEXT_BYTES: u64 = 8 * 1024 * 1024;

/// The messages of a branch for the model. Blank messages, those that their reader left out, and answers before the first question are
/// removed: they are never sent, and do not count as left out for lack of room.
pub(crate) struct Context {
    branch: Branch,
}

impl Context {
    /// Without the messages that their reader left out. The question of the turn is sent all the same,
    /// and so is the answer that it continues.
    pub(crate) fn new(mut branch: Branch, turn: &Turn) -> Self {
        let is_sent = |id: &MessageId| {
            *id == turn.question || turn.continues == Some(*id) || !turn.omitted.contains(id)
        };
        branch.messages.retain(|message| !is_blank(&message.text) && is_sent(&message.id));
        let answers = branch.messages.iter().take_while(|message| message.role == Role::Assistant);
        let answers = answers.count();
        branch.messages.drain(..answers);
        if branch.older > 0 {
            // Their questions are among the older messages that were not loaded, so these answers
            // count as left out, too.
            branch.older += u32::try_from(answers).unwrap_or(u32::MAX);
        }
        Self { branch }
    }

    /// The messages in the form that a provider takes.
    pub(crate) fn messages(&self) -> Vec<InputMessage> {
        self.branch.messages.iter().map(input_message).collect()
    }

    /// The messages that were sent to the model, of which `first` was the first.
    pub(crate) fn since(&self, first: MessageId) -> Vec<InputMessage> {
        let seen = self.branch.messages.iter().skip_while(|message| message.id != first);
        seen.map(input_message).collect()
    }

    /// Records what the model sees of the branch.
    pub(crate) fn sight(&self, shown: Shown) -> ContextWindow {
        let Shown { left_out, window_tokens, adjustments, effort, reasoning, .. } = shown;
        let rendered = shown.rendered.as_deref().map(text_digest);
        let request = shown.request.as_deref().map(text_digest);
        let first = self.branch.messages.get(left_out as usize).map(|message| message.id);
        let left_out = self.branch.older + left_out;
        ContextWindow {
            first,
            left_out,
            window_tokens,
            adjustments,
            effort,
            reasoning,
            rendered,
            request,
        }
    }
}

fn input_message(message: &BranchMessage) -> InputMessage {
    InputMessage {
        role: input_role(message.role),
        text: message.text.clone(),
        reasoning: message.reasoning.clone(),
    }
}

fn input_role(role: Role) -> InputRole {
    match role {
        Role::User => InputRole::User,
        Role::Assistant => InputRole::Assistant,
    }
}
