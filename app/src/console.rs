//! The data of pages, as server functions return it.

use protocol::api::{ProviderStatus, WorkerPage};
use protocol::{Effort, Error, MessageId, ProviderName, Snapshot, Timestamp, Worker, WorkerId};
use serde::{Deserialize, Serialize};

/// Everything that the page of one conversation shows at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Console {
    /// The newest page of the transcript, or the page that the address asks for.
    pub snapshot: Snapshot,
    /// The provider that answers in this conversation.
    pub provider: ProviderStatus,
    /// The effort that the model is told when the conversation's chosen effort is asked for.
    pub told_effort: Option<Effort>,
    /// The profiles' names with their titles in the page's language.
    pub profiles: Vec<(String, String)>,
    /// The id of the next message, so that posting the same page twice sends once.
    pub message_id: MessageId,
    /// The transcript is a page of earlier messages and does not reach the newest one.
    pub earlier: bool,
    /// A form that was posted to this page and refused.
    pub refused: Option<Refused>,
    /// A conversation that was just deleted and can be restored.
    pub deleted: Option<Worker>,
    /// The most characters of a message.
    pub message_chars: u32,
}

/// What the sidebar shows at first, beside any conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SidebarData {
    /// The page of the list that the address asks for, by default the newest one.
    pub workers: WorkerPage,
    /// The server's time, by whose day the list is grouped at first.
    pub now: Timestamp,
    /// The provider that answers in the conversation beside the sidebar.
    pub provider: ProviderStatus,
    /// Who is logged in; `None` at the server's own machine.
    pub login: Option<LoginStatus>,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStatus {
    /// The account's name.
    pub name: String,
    /// Whether it manages the other accounts.
    pub owner: bool,
    /// Whether there is a session to end, and not a proxy that authenticates.
    pub session: bool,
}

/// A model to choose, or a line that says why a provider's models are not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOption {
    /// `None` for the one of the conversation's profile.
    pub provider: Option<ProviderName>,
    /// `None` for the one of the conversation's profile.
    pub model: Option<String>,
    /// The model's name and what it can do.
    pub words: String,
    /// Where it runs, and whether it is the one in use.
    pub place: String,
    /// Whether it is the one that answers now.
    pub in_use: bool,
    /// Whether it cannot be chosen.
    pub off: bool,
    /// Whether it says that the provider has more models, which have to be typed.
    pub more: bool,
}

/// The data of `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The conversation that was used last.
    pub newest: Option<WorkerId>,
    /// A form that was posted to `/` and refused.
    pub refused: Option<Refused>,
}

/// A plain form that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Why the form was refused; its status is the response's.
    pub error: Error,
    /// The text of the refused message; empty if it was another form.
    pub text: String,
    /// The message's id, so that sending it again is idempotent. The page has it in
    /// [`Console::message_id`].
    #[serde(skip)]
    pub message_id: Option<MessageId>,
}
