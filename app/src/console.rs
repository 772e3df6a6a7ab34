//! What a page is made from: one answer of one server function.

use protocol::api::{ProviderStatus, WorkerPage};
use protocol::{Effort, Error, MessageId, Snapshot, Timestamp, Worker, WorkerId};
use serde::{Deserialize, Serialize};

/// Everything that the page of one conversation shows at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Console {
    pub snapshot: Snapshot,
    /// What answers here.
    pub provider: ProviderStatus,
    /// How hard the model is told to think where the conversation's effort is asked for.
    pub told_effort: Option<Effort>,
    /// The profiles' names with their titles in the page's language.
    pub profiles: Vec<(String, String)>,
    /// For the next message: posting the same page twice sends once.
    pub message_id: MessageId,
    /// The transcript is a page of earlier messages and does not reach the newest one.
    pub earlier: bool,
    /// A form that was posted to this page and refused.
    pub refused: Option<Refused>,
    /// A conversation that was just deleted and can be brought back.
    pub deleted: Option<Worker>,
}

/// What the sidebar shows at first, beside any conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SidebarData {
    pub workers: WorkerPage,
    /// The server's time, by whose day the list is grouped at first.
    pub now: Timestamp,
    /// What answers in the conversation beside it.
    pub provider: ProviderStatus,
}

/// Where the front door leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The conversation that was used last.
    pub newest: Option<WorkerId>,
    pub refused: Option<Refused>,
}

/// A plain form that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub error: Error,
    /// The message that was to be sent, as it was typed; empty where it was another form.
    pub text: String,
    /// The message's id, so that sending it again is the same sending. The page has it in
    /// [`Console::message_id`].
    #[serde(skip)]
    pub message_id: Option<MessageId>,
}
