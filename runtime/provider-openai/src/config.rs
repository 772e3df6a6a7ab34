//! The configuration of an `openai` provider, and its checks.

use std::path::PathBuf;

use protocol::ProviderName;
use provider::Secret;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::endpoint::route::ProxySetting;
use super::models::{ModelSettings, ModelTable};

/// The window that is assumed when none is known, in tokens; models of 2024 and later have at least
/// this. If a model has less, it refuses the request, and the turn asks again with fewer messages.
pub const CONTEXT_TOKENS: u32 = 32_768;
/// The tokens of the window that are kept free for the answer.
pub const ANSWER_RESERVE_TOKENS: u32 = 2_048;
/// The timeout for DNS lookup, connecting and the TLS handshake together.
pub const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// How long an idle connection is kept for the next request. Less than the 5 s after which uvicorn
/// and Node close one, and with them vLLM, SGLang, LiteLLM and llama-cpp-python
/// (<https://www.uvicorn.org/settings/#timeouts>,
/// <https://nodejs.org/api/http.html#serverkeepalivetimeout>).
pub const IDLE_CONNECTION_MS: u64 = 4_000;
/// The most idle connections that are kept for each endpoint.
pub const IDLE_CONNECTIONS: usize = 4;
/// The most bytes of one event of the stream; an ordinary one has a few hundred.
pub const MAX_EVENT_BYTES: usize = 1 << 20;
/// The most bytes of text in one answer, about 250,000 tokens.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The most bytes of thinking in one answer, beside its text.
pub(crate) const MAX_REASONING_BYTES: usize = 1 << 20;

/// The API by which an endpoint is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// Chat completions, which every endpoint has.
    #[default]
    Chat,
    /// OpenAI's Responses API, for models that are offered only by it.
    Responses,
}

/// The configuration of an [`Openai`](super::Openai) provider.
#[derive(Clone, Debug)]
pub struct OpenaiConfig {
    /// The provider's name in profiles, lists and turns.
    pub name: ProviderName,
    /// `http` or `https`, host, perhaps port and path, such as `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// Sent as a bearer token. Many local servers need no key; an empty key counts as none.
    pub api_key: Option<Secret>,
    /// The header for the key instead of `Authorization`, without `Bearer`; `api-key` for Azure.
    pub key_header: Option<String>,
    /// Further headers that are sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// Query parameters (name and value) that are added to every path, such as Azure's
    /// `api-version`.
    pub query: Vec<(String, String)>,
    /// The models that are offered, in this order; all models if it is empty.
    pub models: Vec<glob::Pattern>,
    /// A PEM file with certificates: those of authorities, and those of servers that are trusted
    /// whatever their own certificate says.
    pub ca_file: Option<PathBuf>,
    /// The name in the server's certificate, if it is not the host of the address.
    pub tls_server_name: Option<String>,
    /// The proxy for connections; `None` connects directly, whatever the environment says.
    pub proxy: Option<ProxySetting>,
    /// The API of the endpoint's models.
    pub api: Api,
    /// The model that answers if a profile names none. `None` takes the first model of the
    /// provider's list, which is requested once, at the first turn.
    pub model: Option<String>,
    /// The window of every model, in tokens, if the owner sets it. `None` uses the one that a
    /// refusal or the list tells, or [`CONTEXT_TOKENS`].
    pub context_tokens: Option<u32>,
    /// The file that saves what was learned from refusals; without one, it is lost at a restart.
    pub memory: Option<PathBuf>,
    /// The owner's settings for single models; the first table that matches a model applies.
    pub model_tables: Vec<ModelTable>,
    /// Default: [`ANSWER_RESERVE_TOKENS`]. A request's `max_tokens` replaces it. Never more than
    /// half the window.
    pub answer_reserve_tokens: u32,
    /// Default: [`CONNECT_TIMEOUT_MS`].
    pub connect_timeout_ms: u64,
    /// Default: [`IDLE_CONNECTION_MS`].
    pub idle_connection_ms: u64,
    /// Default: [`MAX_EVENT_BYTES`]. A longer event is a `malformed` failure.
    pub max_event_bytes: usize,
    /// Default: [`MAX_ANSWER_BYTES`]. A longer answer is cut and finishes by `length`.
    pub max_answer_bytes: usize,
    /// Default: [`MAX_REASONING_BYTES`]. Longer thinking is cut, and its end says so.
    pub max_reasoning_bytes: usize,
}

impl OpenaiConfig {
    /// The secrets that are sent only to the endpoint: the key and the values of the owner's
    /// headers.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        self.api_key.iter().chain(self.headers.iter().map(|(_, value)| value)).collect()
    }

    /// The API by which `model` is asked.
    pub(crate) fn api(&self, model: &str) -> Api {
        ModelSettings::of(&self.model_tables, model).api.unwrap_or(self.api)
    }

    /// A digest that differs for configurations under which the same request may get different
    /// answers. No secret is part of it.
    pub(crate) fn fingerprint(&self) -> String {
        // Invariant: each setting is used here, or listed as one that changes no answer.
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

    /// The default configuration for an address.
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
    /// [`OpenaiConfig::base_url`] is not an address that can be used; the text follows the name of
    /// the setting.
    #[error("base_url {0}")]
    BaseUrl(&'static str),
    /// [`OpenaiConfig::api_key`] cannot be the value of a header.
    #[error("the API key has characters that a key cannot have")]
    ApiKey,
    /// The name of a header in [`OpenaiConfig::headers`] or of the key's own one; it, or its value,
    /// is not valid in HTTP.
    #[error("{0:?} is not a header that can be set, or its value is not valid")]
    Header(String),
    /// The host of the address cannot be in a certificate, and no other name is set.
    #[error("the address has a host that no certificate can name; set tls_server_name")]
    ServerName,
    /// [`OpenaiConfig::proxy`] is not an address that can be used; the text follows the name of the
    /// setting.
    #[error("proxy {0}")]
    Proxy(&'static str),
    /// The path of [`OpenaiConfig::ca_file`].
    #[error("{0} cannot be read, or has no certificate in PEM")]
    CaFile(PathBuf),
    /// There is no certificate at all, neither the system's nor one in [`OpenaiConfig::ca_file`],
    /// so no server could be trusted.
    #[error(
        "base_url is https, and this system has no root certificates to check it \
         with; install them (Debian: ca-certificates) or set SSL_CERT_FILE"
    )]
    Certificates,
}
