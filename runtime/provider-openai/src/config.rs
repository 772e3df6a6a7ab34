//! What an `openai` provider is told, and whether it makes sense.

use std::path::PathBuf;

use protocol::ProviderName;
use provider::Secret;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::endpoint::route::ProxySetting;
use super::models::{ModelSettings, ModelTable};

/// The window that is assumed when none is known, in tokens: what models of 2024 and
/// later have at least. A provider with less says so, and is asked again with fewer messages.
pub const CONTEXT_TOKENS: u32 = 32_768;
/// Tokens of the window that are kept free for the answer.
pub const ANSWER_RESERVE_TOKENS: u32 = 2_048;
/// Time for finding the host, connecting and the TLS handshake together.
pub const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// How long a connection is kept for the next request: less than the 5 s after which uvicorn and
/// Node close one, and with them vLLM, SGLang, LiteLLM and llama-cpp-python
/// (<https://www.uvicorn.org/settings/#timeouts>,
/// <https://nodejs.org/api/http.html#serverkeepalivetimeout>).
pub const IDLE_CONNECTION_MS: u64 = 4_000;
/// Connections that are kept for the next request, for each endpoint.
pub const IDLE_CONNECTIONS: usize = 4;
/// Bytes that one event of the stream may have; an honest one has some hundred.
pub const MAX_EVENT_BYTES: usize = 1 << 20;
/// Bytes of text that one answer may have, some 250,000 tokens.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Bytes of thinking that one answer may have beside its text.
pub const MAX_REASONING_BYTES: usize = 1 << 20;

/// The interface by which an endpoint is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// Chat completions, which everybody has.
    #[default]
    Chat,
    /// OpenAI's Responses API, for models that are served by it alone.
    Responses,
}

/// The configuration of an [`Openai`](super::Openai) provider.
#[derive(Clone, Debug)]
pub struct OpenaiConfig {
    /// What it is called in profiles, lists and turns.
    pub name: ProviderName,
    /// `http` or `https`, host, perhaps port and path, such as `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// Sent as a bearer token. Many local servers need none; an empty one is none.
    pub api_key: Option<Secret>,
    /// The header that the key stands in, without `Bearer`, in place of `Authorization`; Azure's
    /// is `api-key`.
    pub key_header: Option<String>,
    /// Further headers of every request.
    pub headers: Vec<(String, Secret)>,
    /// Names and values behind every path, such as Azure's `api-version`.
    pub query: Vec<(String, String)>,
    /// Which models are offered, in this order, and no others; all of them where it is empty.
    pub models: Vec<glob::Pattern>,
    /// Certificates in PEM: authorities, and servers that are trusted whatever their own
    /// certificate says.
    pub ca_file: Option<PathBuf>,
    /// The name that the server's certificate has, where it is not the address's.
    pub tls_server_name: Option<String>,
    /// The proxy that connections go through; none connects directly, whatever the environment says.
    pub proxy: Option<ProxySetting>,
    /// The interface of the endpoint's models.
    pub api: Api,
    /// The model that answers when a profile names none. Without it the first model that
    /// the provider lists is taken, which is asked once, at the first turn.
    pub model: Option<String>,
    /// The window of every model, by the owner's word; else what a refusal or the list tells of
    /// a model, else [`CONTEXT_TOKENS`].
    pub context_tokens: Option<u32>,
    /// The file that keeps what refusals taught over a restart; without one it is forgotten then.
    pub memory: Option<PathBuf>,
    /// What the owner says of single models; the first that names one holds for it.
    pub model_tables: Vec<ModelTable>,
    /// [`ANSWER_RESERVE_TOKENS`]; a request's `max_tokens` takes its place. Never more
    /// than half the window.
    pub answer_reserve_tokens: u32,
    /// [`CONNECT_TIMEOUT_MS`].
    pub connect_timeout_ms: u64,
    /// [`IDLE_CONNECTION_MS`].
    pub idle_connection_ms: u64,
    /// [`MAX_EVENT_BYTES`]; a longer event is a `malformed` failure.
    pub max_event_bytes: usize,
    /// [`MAX_ANSWER_BYTES`]; a longer answer is cut and finishes by `length`.
    pub max_answer_bytes: usize,
    /// [`MAX_REASONING_BYTES`]; of longer thinking the rest is left out, and its end says so.
    pub max_reasoning_bytes: usize,
}

impl OpenaiConfig {
    /// What the endpoint is sent and nobody else may see: the key, and the owner's own headers.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        self.api_key.iter().chain(self.headers.iter().map(|(_, value)| value)).collect()
    }

    /// The interface by which `model` is asked.
    pub(crate) fn api(&self, model: &str) -> Api {
        ModelSettings::of(&self.model_tables, model).api.unwrap_or(self.api)
    }

    /// Tells apart configurations under which the same request may be answered otherwise. Nothing
    /// that is secret has a part in it.
    pub(crate) fn fingerprint(&self) -> String {
        // Invariant: each setting is looked at here, or named as one that changes no answer.
        let Self {
            base_url,
            key_header,
            headers,
            query,
            tls_server_name,
            api,
            context_tokens,
            model_tables,
            answer_reserve_tokens,
            name: _,
            api_key: _,
            models: _,
            ca_file: _,
            proxy: _,
            model: _,
            memory: _,
            connect_timeout_ms: _,
            idle_connection_ms: _,
            max_event_bytes: _,
            max_answer_bytes: _,
            max_reasoning_bytes: _,
        } = self;
        let headers: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        let parts = (base_url, key_header, headers, query, tls_server_name);
        let parts = (parts, api, context_tokens, model_tables, answer_reserve_tokens);
        format!("sha256:{:x}", Sha256::digest(format!("{parts:?}")))
    }

    /// The defaults for everything but the address.
    pub fn new(base_url: &str) -> Self {
        Self {
            name: ProviderName::openai(),
            base_url: base_url.to_owned(),
            api_key: None,
            key_header: None,
            headers: Vec::new(),
            query: Vec::new(),
            models: Vec::new(),
            ca_file: None,
            tls_server_name: None,
            proxy: None,
            api: Api::default(),
            model: None,
            context_tokens: None,
            memory: None,
            model_tables: Vec::new(),
            answer_reserve_tokens: ANSWER_RESERVE_TOKENS,
            connect_timeout_ms: CONNECT_TIMEOUT_MS,
            idle_connection_ms: IDLE_CONNECTION_MS,
            max_event_bytes: MAX_EVENT_BYTES,
            max_answer_bytes: MAX_ANSWER_BYTES,
            max_reasoning_bytes: MAX_REASONING_BYTES,
        }
    }
}

/// Why a configuration cannot be used. The text names the setting and never repeats its
/// value, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("base_url {0}")]
    BaseUrl(&'static str),
    #[error("the API key has characters that a key cannot have")]
    ApiKey,
    #[error("{0:?} cannot be a header of a request, or not with its value")]
    Header(String),
    #[error("the address has a host that no certificate can name; set tls_server_name")]
    ServerName,
    #[error("proxy {0}")]
    Proxy(&'static str),
    #[error("{0} cannot be read, or has no certificate in PEM")]
    CaFile(PathBuf),
    #[error(
        "base_url is https, and this system has no root certificates to check it \
         with; install them (Debian: ca-certificates) or set SSL_CERT_FILE"
    )]
    Certificates,
}
