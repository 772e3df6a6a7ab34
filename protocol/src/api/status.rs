//! The state of the server and of its runtimes.

use serde::{Deserialize, Serialize};

use crate::{Error, ProviderName, RuntimeId};

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
    /// The abilities of its workers besides answering.
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
