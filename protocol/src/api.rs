//! Requests and answers of the HTTP contract that have no module of their own.

use serde::{Deserialize, Serialize};

use crate::{
    Adjustment, Cursor, Effort, Error, Message, MessageId, ProfileName, ProviderName, Role,
    RuntimeId, Timestamp, Turn, TurnId, Unsent, UtcOffset, Visibility, Worker,
};

mod import;

pub use import::{
    ImportFormat, ImportRefusal, ImportReplacement, ImportReport, LeftOut, RefusalCode,
};

/// `GET /api/v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    pub version: String,
    pub provider: ProviderStatus,
    pub companion: CompanionState,
    pub limits: LimitsInForce,
}

/// The provider that answers, without its address or path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderStatus {
    /// Null if no provider is usable.
    pub kind: Option<ProviderName>,
    pub model: Option<String>,
    /// Whether the model is the small one that comes with the product.
    pub bundled_model: bool,
    /// Why no provider is usable, and what to configure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Error>,
}

/// Whether a message would be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CompanionState {
    Ready,
    Unavailable,
}

/// The limits that a client should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsInForce {
    pub message_chars: u32,
    pub body_bytes: u32,
    pub transcript_page: u32,
    pub worker_page: u32,
}

impl LimitsInForce {
    /// The most bytes of a request that carries a message, which may be more than `body_bytes`: in
    /// a form each byte takes up to three and a character has up to four bytes; in JSON a character
    /// takes up to twelve as well; and there are a few more fields.
    pub fn form_bytes(self) -> u64 {
        u64::from(self.message_chars) * 12 + 8 * 1024
    }
}

/// `GET /api/v1/runtimes/{rid}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuntimeSummary {
    pub runtime_id: RuntimeId,
    pub status: CompanionState,
    pub capabilities: Capabilities,
    pub workers: u64,
    /// The number of turns that are running now.
    pub running: u64,
    pub bundle_digest: String,
}

/// What workers of a runtime can do besides answering: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capabilities {
    /// Invariant: empty.
    pub tools: Vec<String>,
}

/// `GET /api/v1/runtimes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuntimeList {
    pub runtimes: Vec<RuntimeSummary>,
}

/// A page of workers, the most recently used first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkerPage {
    pub workers: Vec<Worker>,
    /// The value of `before` for the next page; null if there is none.
    pub next_before: Option<String>,
    /// The position from which to follow the list so that no change after this page is missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

/// `POST /api/v1/runtimes/{rid}/workers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateWorker {
    #[serde(default)]
    pub profile: Option<ProfileName>,
    /// Replaces the profile's provider.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// Replaces the profile's model.
    #[serde(default)]
    pub model: Option<String>,
    /// The reasoning effort; replaces the profile's.
    #[serde(default)]
    pub effort: Option<Effort>,
    #[serde(default)]
    pub title: Option<String>,
}

/// `PATCH /api/v1/runtimes/{rid}/workers/{wid}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchWorker {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Visibility>,
    /// Applies from the next turn on. If `provider` and `model` are not given with it, those of
    /// this profile replace earlier choices.
    #[serde(default)]
    pub profile: Option<ProfileName>,
    /// Applies from the next turn on; `null` for the profile's.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// Applies from the next turn on; `null` for the profile's.
    #[serde(default)]
    pub model: Option<String>,
    /// The reasoning effort from the next turn on; `null` for the profile's.
    #[serde(default)]
    pub effort: Option<Effort>,
}

/// A deleted worker that can still be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedWorker {
    pub worker: Worker,
    pub deleted_at: Timestamp,
    /// The earliest time at which it is removed permanently.
    pub gone_at: Timestamp,
}

/// `GET /api/v1/runtimes/{rid}/deleted`: a page, the last deleted first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedList {
    pub deleted: Vec<DeletedWorker>,
    /// The value of `before` for the next page; null if there is none.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// `GET /api/v1/runtimes/{rid}/search`: texts that contain all the words, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchPage {
    pub hits: Vec<SearchHit>,
    /// The value of `before` for the next page; null if there is none.
    pub next_before: Option<u64>,
    /// Whether the time ran out before older texts were searched. `next_before` continues the
    /// search.
    pub cut_short: bool,
}

/// A message, or a title, that contains all the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    /// The conversation of the message or title.
    pub worker: Worker,
    /// The message; null if the hit is the conversation's title.
    pub message: Option<HitMessage>,
    /// The text around the first hit, as consecutive pieces.
    pub snippet: Vec<SnippetPiece>,
}

/// The message of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HitMessage {
    pub id: MessageId,
    pub role: Role,
    pub created_at: Timestamp,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnippetPiece {
    pub text: String,
    /// Whether the piece matches one of the words.
    pub hit: bool,
}

/// `POST .../messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendMessage {
    /// Made by the client. A repeated request with the same id gets the same answer.
    pub id: MessageId,
    pub text: String,
    /// The message that this one follows; the newest one by default.
    #[serde(default)]
    pub parent: Option<MessageId>,
    /// A user message of which this one is another version, so that both have the same parent.
    /// Cannot be combined with `parent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<MessageId>,
    /// The UTC offset of the sender's clock, because the prompt names the sender's date. UTC by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
}

/// `POST .../turns`: another answer to a message that was answered before, or the continuation of
/// an answer. Existing messages stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskAgain {
    /// The id of the new turn, made by the client. A repeated request with the same id gets the
    /// same answer.
    pub id: TurnId,
    /// The user message to answer.
    pub question: MessageId,
    /// An answer to it that was cut off: the new one begins with its text and continues it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MessageId>,
    /// A turn for this message that used up its budget with thinking: the new one asks with the
    /// least effort that the model accepts, or with a larger budget if that does not help. Cannot
    /// be combined with `continues`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_now: Option<TurnId>,
    /// As in [`SendMessage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
}

/// The answer to a sent message once it is committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    pub message: Message,
    pub turn: Turn,
    /// The position after the event that accepted the turn.
    pub cursor: Cursor,
}

/// The answer to a cancel. It is sent when the work has really ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cancelled {
    /// The turn in its final state; null if no turn was running.
    pub turn: Option<Turn>,
}

/// `GET .../turns/{tid}/input`: exactly what was sent to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnInput {
    pub model: String,
    pub messages: Vec<InputMessage>,
    /// The parameters that were sent; for absent ones the provider's default applied.
    pub sampling: Sampling,
    /// The reasoning effort that was sent; absent if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers was sent with them.
    #[serde(default)]
    pub with_reasoning: bool,
    /// The local model's prompt word for word, as its chat template rendered it, with control
    /// tokens written out. Absent for endpoints, which do not reveal their templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// How the request differed from what was asked for, because the provider is known to refuse
    /// that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// Parameters that were asked for and not sent, for the same reason.
    #[serde(default, skip_serializing_if = "Unsent::is_nothing")]
    pub unsent: Unsent,
    /// The request to an endpoint, byte for byte. Absent for the local model, and for turns of
    /// versions that did not store it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SentRequest>,
}

/// A request that was sent to an endpoint, without its headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentRequest {
    pub interface: Interface,
    /// The body, which is JSON.
    pub body: String,
}

/// The APIs of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Interface {
    ChatCompletions,
    /// OpenAI's Responses API.
    Responses,
}

/// One message of the messages that were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputMessage {
    pub role: InputRole,
    pub text: String,
    /// The thinking of an answer; empty if it was not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
}

impl InputMessage {
    /// Makes a message without thinking.
    pub fn new(role: InputRole, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), reasoning: String::new() }
    }
}

/// The roles that models know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InputRole {
    System,
    User,
    Assistant,
}

/// How the next token is chosen; for absent parameters the provider's default applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sampling {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The most tokens in one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}
