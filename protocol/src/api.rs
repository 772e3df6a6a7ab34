//! Requests and answers of the HTTP contract that are not already a word of their own.

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

/// Which provider answers, without address or path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderStatus {
    /// None when nothing is usable.
    pub kind: Option<ProviderName>,
    pub model: Option<String>,
    /// Whether the model is the small one that comes with the product.
    pub bundled_model: bool,
    /// Why nothing is usable, and what to configure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Error>,
}

/// Whether a message would be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CompanionState {
    Ready,
    Unavailable,
}

/// The bounds that a client should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsInForce {
    pub message_chars: u32,
    pub body_bytes: u32,
    pub transcript_page: u32,
    pub worker_page: u32,
}

impl LimitsInForce {
    /// Bytes of a request that carries a message, which may be more than `body_bytes`: in a form
    /// each byte takes up to three, a character up to four bytes; in JSON a character takes up to
    /// twelve as well; and there are a few more fields.
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
    /// Turns under way now.
    pub running: u64,
    pub bundle_digest: String,
}

/// What workers of a runtime can do besides talking: nothing.
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
    /// To be given as `before` for the next page, as it is.
    pub next_before: Option<String>,
    /// Where to follow the list from, so that nothing after this page is missed.
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
    /// Takes the place of the profile's own provider.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// Takes the place of the profile's own model.
    #[serde(default)]
    pub model: Option<String>,
    /// How hard the model is to think; takes the place of the profile's own.
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
    /// From the next turn on. Without `provider` and `model` beside it, its own take the place
    /// of what was chosen before.
    #[serde(default)]
    pub profile: Option<ProfileName>,
    /// From the next turn on; `null` is the profile's own.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// From the next turn on; `null` is the profile's own.
    #[serde(default)]
    pub model: Option<String>,
    /// How hard the model is to think, from the next turn on; `null` is the profile's own.
    #[serde(default)]
    pub effort: Option<Effort>,
}

/// A deleted worker that can still be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedWorker {
    pub worker: Worker,
    pub deleted_at: Timestamp,
    /// When it is removed for good, at the earliest.
    pub gone_at: Timestamp,
}

/// `GET /api/v1/runtimes/{rid}/deleted`: a page, the last deleted first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedList {
    pub deleted: Vec<DeletedWorker>,
    /// To be given as `before` for the next page, as it is.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// `GET /api/v1/runtimes/{rid}/search`: what holds all the words, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchPage {
    pub hits: Vec<SearchHit>,
    /// To be given as `before` for the next page, as it is.
    pub next_before: Option<u64>,
    /// The time for it ran out; what is older was not looked at. `next_before` goes on.
    pub cut_short: bool,
}

/// A message, or a title, that holds all the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    /// The conversation that it is in.
    pub worker: Worker,
    /// None: it is the conversation's title.
    pub message: Option<HitMessage>,
    /// The text around the first hit, to be read in a row.
    pub snippet: Vec<SnippetPiece>,
}

/// The message that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HitMessage {
    pub id: MessageId,
    pub role: Role,
    pub created_at: Timestamp,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnippetPiece {
    pub text: String,
    /// Whether it is one of the words.
    pub hit: bool,
}

/// `POST .../messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendMessage {
    /// Made by the client: the same id again gets the same answer.
    pub id: MessageId,
    pub text: String,
    /// The message to answer; without it the newest one.
    #[serde(default)]
    pub parent: Option<MessageId>,
    /// A message of the user that this one is another version of: it answers the same one.
    /// Not together with `parent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<MessageId>,
    /// Where the sender's clock stands: the prompt names the sender's day. Without it, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
}

/// `POST .../turns`: another answer to a message that was answered before, or the same one
/// continued. What is there stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskAgain {
    /// Of the turn; made by the client: the same id again gets the same answer.
    pub id: TurnId,
    /// The user's message.
    pub question: MessageId,
    /// An answer to it that was cut off: the new one begins with its text and goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MessageId>,
    /// A turn for this message that thought until its budget was used up: the new one asks with
    /// the least effort that the model takes, or with more room where that is no help. Not
    /// together with `continues`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_now: Option<TurnId>,
    /// As in [`SendMessage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
}

/// The answer to a send once it is committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    pub message: Message,
    pub turn: Turn,
    /// The position after the turn's acceptance.
    pub cursor: Cursor,
}

/// The answer to a cancel, when the work has really ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cancelled {
    /// The turn in its final state; none when nothing ran.
    pub turn: Option<Turn>,
}

/// `GET .../turns/{tid}/input`: exactly what was sent to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnInput {
    pub model: String,
    pub messages: Vec<InputMessage>,
    /// As it was sent; what is none was the provider's own default.
    pub sampling: Sampling,
    /// How hard the model was told to think; none where it was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers was sent with them.
    #[serde(default)]
    pub with_reasoning: bool,
    /// The local model's prompt word for word: what its chat template made of the messages, with
    /// control tokens written out. None of an endpoint, whose template nobody here sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// What was sent otherwise than it was asked for, because the provider is known to refuse it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// What was asked for and not sent, for the same reason.
    #[serde(default, skip_serializing_if = "Unsent::is_nothing")]
    pub unsent: Unsent,
    /// The request to an endpoint, byte for byte. None of the local model, and of turns of versions
    /// that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SentRequest>,
}

/// A request as it was sent to an endpoint, without its headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentRequest {
    pub interface: Interface,
    /// The body: a text of JSON.
    pub body: String,
}

/// The interfaces of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Interface {
    ChatCompletions,
    /// OpenAI's Responses API.
    Responses,
}

/// One message of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputMessage {
    pub role: InputRole,
    pub text: String,
    /// An answer's thinking; empty where it is not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
}

impl InputMessage {
    /// A message without thinking.
    pub fn new(role: InputRole, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), reasoning: String::new() }
    }
}

/// Roles as models know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InputRole {
    System,
    User,
    Assistant,
}

/// How the next token is chosen; what is none is the provider's own default.
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
    /// Tokens in one answer at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}
