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
    /// The server's version, such as `0.1.0`.
    pub version: String,
    /// The provider that answers in conversations that choose none.
    pub provider: ProviderStatus,
    /// Whether a conversation with that provider would accept a message now.
    pub companion: CompanionState,
    /// The limits that this server was configured with.
    pub limits: LimitsInForce,
}

/// The provider that answers, without its address or path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderStatus {
    /// Null if no provider is usable.
    pub kind: Option<ProviderName>,
    /// The name of the model, as the provider knows it. Null if no provider is usable.
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
    /// A message would be accepted.
    Ready,
    /// There is no usable provider, or the server is shutting down.
    Unavailable,
}

/// The limits that a client should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsInForce {
    /// The most characters (Unicode scalar values) in one message.
    pub message_chars: u32,
    /// The most bytes in the body of a request. Requests that carry a message or an import have
    /// their own limits.
    pub body_bytes: u32,
    /// The number of messages in a page of a transcript, unless the request names another one.
    pub transcript_page: u32,
    /// The number of workers in a page of the list, unless the request names another one.
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
    /// The `rid` of the paths below this runtime; unique in this server.
    pub runtime_id: RuntimeId,
    /// Whether a worker with the default provider would accept a message.
    pub status: CompanionState,
    /// What its workers can do besides answering.
    pub capabilities: Capabilities,
    /// The number of workers, including archived ones and excluding deleted ones.
    pub workers: u64,
    /// The number of turns that are running now.
    pub running: u64,
    /// `sha256:` and 64 hexadecimal digits of all profiles and prompts in force.
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
    /// All runtimes of this server; there is one.
    pub runtimes: Vec<RuntimeSummary>,
}

/// A page of workers, the most recently used first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkerPage {
    /// At most as many as the request or the server's `worker_page` allows.
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
    /// The profile that answers; the default one if it is absent.
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
    /// The title, on one line; made from the first message if it is absent.
    #[serde(default)]
    pub title: Option<String>,
}

/// `PATCH /api/v1/runtimes/{rid}/workers/{wid}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchWorker {
    /// The new title, on one line. `null` removes the title, and so does a blank one.
    #[serde(default)]
    pub title: Option<String>,
    /// Where lists show the worker from now on.
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
    /// The summary as it was when the worker was deleted.
    pub worker: Worker,
    /// When the deletion was committed.
    pub deleted_at: Timestamp,
    /// The earliest time at which it is removed permanently.
    pub gone_at: Timestamp,
}

/// `GET /api/v1/runtimes/{rid}/deleted`: a page, the last deleted first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedList {
    /// Only workers that can still be restored.
    pub deleted: Vec<DeletedWorker>,
    /// The value of `before` for the next page; null if there is none.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// `GET /api/v1/runtimes/{rid}/search`: texts that contain all the words, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchPage {
    /// One hit for each message, in a page of at most the requested number.
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
    /// The id by which `around` of the transcript finds the message.
    pub id: MessageId,
    /// Whether the user or the model wrote the words that were found.
    pub role: Role,
    /// When the message was committed; 1970-01-01T00:00:00Z if it is unknown.
    pub created_at: Timestamp,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnippetPiece {
    /// Words of the message or title as they were written, but with a single space for each run of
    /// white space.
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
    /// The words of the user; not blank, and at most `message_chars` characters.
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
    /// The user message as it was stored.
    pub message: Message,
    /// The turn that answers it, in the state in which it was accepted.
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
    /// The name of the model that was asked, as the provider knows it.
    pub model: String,
    /// The system prompt, if there is one, and the messages of the branch, oldest first.
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
    /// The API that the request was made for, which says how to read the body.
    pub interface: Interface,
    /// The body, which is JSON.
    pub body: String,
}

/// The APIs of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Interface {
    /// `POST .../chat/completions`, which every OpenAI-compatible endpoint has.
    ChatCompletions,
    /// OpenAI's Responses API.
    Responses,
}

/// One message of the messages that were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputMessage {
    /// The role as it was sent; neighbours never have the same one.
    pub role: InputRole,
    /// The content as it was sent, without the thinking.
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
    /// The instructions before the conversation.
    System,
    /// The person who asks.
    User,
    /// The model that answers.
    Assistant,
}

/// How the next token is chosen; for absent parameters the provider's default applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sampling {
    /// How evenly the model chooses among likely tokens; 0 always takes the likeliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// The model chooses among the likeliest tokens whose probabilities add up to this, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// The seed of the random choices; not every provider uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The most tokens in one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}
