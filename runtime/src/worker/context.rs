//! What of a branch goes to the provider, and what the provider left out of it.

use protocol::api::{InputMessage, InputRole};
use protocol::{Role, Sight};

use crate::store::{Branch, BranchMessage};

/// Bytes of text that are offered to a provider at most. The provider knows its window in
/// tokens and leaves out what does not fit; this only bounds what is loaded. A token is
/// rarely more than 8 bytes, so this covers windows of a million tokens.
pub(crate) const CONTEXT_BYTES: u64 = 8 * 1024 * 1024;

/// A branch on its way to the model.
pub(crate) struct Context {
    branch: Branch,
}

impl Context {
    pub(crate) fn new(branch: Branch) -> Self {
        Self { branch }
    }

    /// The messages as a provider takes them.
    pub(crate) fn messages(&self) -> Vec<InputMessage> {
        self.branch.messages.iter().map(input_message).collect()
    }

    /// What the model sees when the provider left out the first `left_out` messages.
    pub(crate) fn sight(&self, left_out: u32, window_tokens: Option<u32>) -> Sight {
        let first = self.branch.messages.get(left_out as usize).map(|message| message.id);
        Sight { first, left_out: self.branch.older + left_out, window_tokens }
    }
}

fn input_message(message: &BranchMessage) -> InputMessage {
    InputMessage { role: input_role(message.role), text: message.text.clone() }
}

pub(crate) fn input_role(role: Role) -> InputRole {
    match role {
        Role::User => InputRole::User,
        Role::Assistant => InputRole::Assistant,
    }
}
