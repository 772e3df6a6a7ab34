//! Every setting: its name, its description, its bounds and its default.
//!
//! This is the only table of them. A field `stall_ms` is the flag `--stall-ms`, the variable
//! `COMPANION_STALL_MS` and the key `stall_ms` of the file; its doc comment is the help text and
//! the comment in `companion.example.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Command, ValueEnum};
use protocol::ProviderName;
use serde::{Deserialize, Serialize};

use super::base_path::BasePath;
use super::proxy::ProxyText;
use super::value::{Within, list};
use crate::tls::TlsFiles;

/// All concerns together.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// `--listen` and the bounds of requests.
    #[command(flatten)]
    #[serde(flatten)]
    pub http: Http,
    /// The server's certificate.
    #[command(flatten)]
    #[serde(flatten)]
    pub tls: Tls,
    /// Who may come in.
    #[command(flatten)]
    #[serde(flatten)]
    pub entrance: Entrance,
    /// The provider of identities.
    #[command(flatten)]
    #[serde(flatten)]
    pub oidc: Oidc,
    /// The folder and what is kept in it.
    #[command(flatten)]
    #[serde(flatten)]
    pub data: Data,
    /// The provider, and the model that it is asked for.
    #[command(flatten)]
    #[serde(flatten)]
    pub model: Model,
    /// The endpoint of `base_url`.
    #[command(flatten)]
    #[serde(flatten)]
    pub openai: Openai,
    /// The model in a child process of this binary.
    #[command(flatten)]
    #[serde(flatten)]
    pub local: Local,
    /// The bounds of messages and the time limits of turns.
    #[command(flatten)]
    #[serde(flatten)]
    pub turns: Turns,
    /// The profiles and prompts.
    #[command(flatten)]
    #[serde(flatten)]
    pub prompts: Prompts,
    /// The level and form of the log.
    #[command(flatten)]
    #[serde(flatten)]
    pub log: Log,
}

/// Where the server listens and how much it takes on.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Server")]
#[serde(default)]
pub struct Http {
    /// Address to listen on; port 0 chooses a free one. Beyond loopback everybody needs an account,
    /// or a proxy that authenticates
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Path below which the site is served behind a proxy that serves other programs, too, such as
    /// "/companion". The proxy passes paths on as they are, or removes this one and says so in the
    /// header X-Forwarded-Prefix
    #[arg(long, value_name = "PATH")]
    pub base_path: Option<BasePath>,
    /// Further host names that browsers may use for this server, such as "companion.example"
    /// behind a proxy. Under these names everybody needs an account. The loopback names with the listening port are always allowed
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    #[serde(deserialize_with = "list")]
    pub allowed_hosts: Vec<String>,
    /// Largest body of a request in bytes; the body of a message may be as large as
    /// message_chars requires (1024 to 16777216)
    #[arg(long, value_name = "BYTES", default_value = "262144")]
    pub body_bytes: Within<1024, 16_777_216>,
    /// Largest file that can be imported over HTTP, in bytes (1048576 to 17179869184)
    #[arg(long, value_name = "BYTES", default_value = "268435456")]
    pub import_bytes: Within<1_048_576, 17_179_869_184>,
    /// Bytes per second at which the body of a request has to arrive; a slower one is refused.
    /// For comparison, the slowest mobile data call reaches 1200 (1 to 1048576)
    #[arg(long, value_name = "BYTES", default_value = "500")]
    pub body_rate: Within<1, 1_048_576>,
    /// Milliseconds by which a body may fall behind that rate, which is also the longest pause
    /// within a body (100 to 600000)
    #[arg(long, value_name = "MS", default_value = "10000")]
    pub body_grace_ms: Within<100, 600_000>,
    /// Milliseconds after which a completely received request without an answer is ended with
    /// an error (1000 to 600000)
    #[arg(long, value_name = "MS", default_value = "30000")]
    pub request_timeout_ms: Within<1000, 600_000>,
    /// Requests that are handled at the same time, counted separately for sending messages and
    /// for everything else, of which one account gets three quarters; more are refused with
    /// `rate_limited` (1 to 65536)
    #[arg(long, value_name = "COUNT", default_value = "256")]
    pub max_requests: Within<1, 65_536>,
    /// Open connections; to accept one more, the connection that has been idle for longest is
    /// closed (8 to 65536)
    #[arg(long, value_name = "COUNT", default_value = "1024")]
    pub max_connections: Within<8, 65_536>,
    /// Observers following events at the same time, of which one account gets three quarters, and
    /// not more than three quarters of max_connections; more are refused with `rate_limited` (1 to
    /// 65536)
    #[arg(long, value_name = "COUNT", default_value = "2048")]
    pub max_observers: Within<1, 65_536>,
    /// Milliseconds between two pings to an observer; one that leaves two unanswered is
    /// disconnected (50 to 600000)
    #[arg(long, value_name = "MS", default_value = "20000")]
    pub observer_ping_ms: Within<50, 600_000>,
    /// Whether the server encloses itself when it starts (on Linux, by Landlock and seccomp): it
    /// then opens no files but its own, connects to no ports but those of its endpoints, and
    /// starts no programs. `companion doctor` says what is in force (true or false)
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value = "true")]
    pub sandbox: bool,
}

impl Http {
    /// The base path; empty at the root of the host.
    pub fn base(&self) -> BasePath {
        self.base_path.clone().unwrap_or_default()
    }
}

/// The server's own certificate. Invariant of a checked configuration: both or none.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "TLS")]
#[serde(default)]
pub struct Tls {
    /// File with the server's certificate in PEM form, followed by the intermediate ones; with it
    /// and tls_key the server speaks HTTPS, and only that. Renewed files are taken into use within
    /// seconds, if they have a folder of their own and not the home folder
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// File with the private key of that certificate in PEM form, without a passphrase
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

impl Tls {
    /// The files; `None` to serve without encryption.
    pub fn files(&self) -> Option<TlsFiles> {
        let (cert, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles { cert, key })
    }
}

/// Who may come in.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Accounts")]
#[serde(default)]
pub struct Entrance {
    /// Whether everybody needs an account, the person at this machine as well, such as on a machine
    /// that several people use
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true
    )]
    pub require_login: bool,
    /// Names under which a proxy at this machine, such as "127.0.0.1:8080" for `trunk serve`, may
    /// forward without a login. Everybody who reaches that proxy is the owner, so it has to listen on
    /// loopback only
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    #[serde(deserialize_with = "list")]
    pub open_hosts: Vec<String>,
    /// Days after which an unused session ends (1 to 365)
    #[arg(long, value_name = "DAYS", default_value = "14")]
    pub session_idle_days: Within<1, 365>,
    /// Days after which a session ends however much it is used (1 to 365)
    #[arg(long, value_name = "DAYS", default_value = "90")]
    pub session_days: Within<1, 365>,
    /// Addresses and networks of proxies in front of this server that are believed when they say
    /// for whom they forward, such as "10.0.0.2" or "172.16.0.0/12"
    #[arg(long, value_name = "ADDR[/BITS]", value_delimiter = ',')]
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<String>,
    /// Header in which a trusted proxy that authenticates gives the user's name, such as
    /// "X-Remote-User". An unknown name gets an account: the first one an owner's, the others
    /// members'. The proxy must remove the header from what it receives
    #[arg(long, value_name = "NAME")]
    pub proxy_user_header: Option<String>,
}

/// The provider of identities by which people can log in. Invariant of a checked configuration: with an
/// issuer there is a client and who may come in ([`super::identity_provider`]).
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Login with a provider")]
#[serde(default)]
pub struct Oidc {
    /// Address of an OpenID Connect provider by which people can log in, letter by letter as it
    /// stands under "issuer" in its own .well-known/openid-configuration. Passwords go on working
    #[arg(long, value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// Name of this server at the provider (the client id). There, /login/callback below the address
    /// of this server has to be registered as the redirect address
    #[arg(long, value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// Only from the file or the environment; see [`all`] for its description.
    #[arg(skip)]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// What people call the provider, for the button of the login. By default the issuer's host
    #[arg(long, value_name = "NAME")]
    pub oidc_name: Option<String>,
    /// Scopes that are asked for. Many providers tell groups only with a scope of their own, such
    /// as "groups"
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', default_values = ["openid", "profile"])]
    #[serde(deserialize_with = "list")]
    pub oidc_scopes: Vec<String>,
    /// Who may come in, as claim=value, of which one has to match: "groups=chat",
    /// "realm_access.roles=chat", "email=ada@example.org" (only if it is verified), or "sub=*" for
    /// everybody whom the provider knows. There is no default, because at a public provider that is
    /// everybody
    #[arg(long, value_name = "CLAIM=VALUE", value_delimiter = ',')]
    #[serde(deserialize_with = "list")]
    pub oidc_allow: Vec<String>,
    /// Whose account is an owner's when it is made, in the same form; they also have to be allowed.
    /// By default all are members', and an owner changes that on the page of the accounts
    #[arg(long, value_name = "CLAIM=VALUE", value_delimiter = ',')]
    #[serde(deserialize_with = "list")]
    pub oidc_owner: Vec<String>,
    /// Address by which browsers reach this server, such as "https://companion.example", without a
    /// path, for the way back from the provider. By default the one that the browser itself names
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
}

/// Where conversations are kept.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Data")]
#[serde(default)]
pub struct Data {
    /// Folder of the database; created if it does not exist. By default the user's data folder,
    /// such as ~/.local/share/companion
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Milliseconds for which a deleted conversation can be restored; 0 removes it at once
    /// (0 to 31536000000)
    #[arg(long, value_name = "MS", default_value = "86400000")]
    pub undo_delete_ms: Within<0, 31_536_000_000>,
    /// Whether accounts may share copies of their conversations under addresses that everybody can
    /// read who knows them; without it, addresses that were made before lead nowhere (true or
    /// false)
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value = "true")]
    pub share: bool,
}

/// Which provider answers.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Model")]
#[serde(default)]
pub struct Model {
    /// What produces text: "local" (a GGUF model in this machine's memory), "openai" (the
    /// OpenAI-compatible endpoint of the base URL) or the name of an [[endpoint]]. By default
    /// "openai" if a base URL is configured, else the first [[endpoint]], else "local"
    #[arg(long, value_name = "NAME")]
    pub provider: Option<ProviderName>,
    /// Name of the model. By default the profile's, else the provider's first
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// File with what models cost, by which the page of usage computes amounts: a currency, and for
    /// each model its prices for a million tokens. Without it the page has only numbers of tokens.
    /// The end of companion.example.toml shows such a file
    #[arg(long, value_name = "FILE")]
    pub prices_file: Option<PathBuf>,
    /// Size of the model's context window in tokens, for the conversation and the answer
    /// together; 0 chooses 4096 for a local model (at most what it was trained for), and for an
    /// endpoint the size that its errors or its list of models state, else 32768 (0 to 2097152)
    #[arg(long, value_name = "TOKENS", default_value = "0")]
    pub context_tokens: Within<0, 2_097_152>,
}

/// The OpenAI-compatible endpoint.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "OpenAI-compatible endpoint")]
#[serde(default)]
pub struct Openai {
    /// Address of the endpoint up to and without /chat/completions, such as
    /// "http://127.0.0.1:11434/v1". By default, if the provider is "openai", OpenAI's own
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Only from the file or the environment; see [`all`] for its description.
    #[arg(skip)]
    pub api_key_file: Option<PathBuf>,
    /// Only from the file or the environment, because it may contain a password.
    #[arg(skip)]
    pub proxy: Option<ProxyText>,
    /// API of the endpoint: "chat" (chat completions) or "responses" (OpenAI's Responses API,
    /// which some models require)
    #[arg(long, value_name = "NAME", default_value = "chat")]
    pub api: Interface,
}

/// The API of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "`--help` would show comments of the variants")]
pub enum Interface {
    #[default]
    Chat,
    Responses,
}

/// The model inside this binary.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Local model")]
#[serde(default)]
pub struct Local {
    /// GGUF file of the model; unless it is set, the default model in the user's cache folder,
    /// such as ~/.cache/companion/models/SmolLM2-135M-Instruct.Q4_1.gguf
    #[arg(long, value_name = "FILE")]
    pub model_file: Option<PathBuf>,
    /// Folder of further GGUF files, which can be chosen by name for a conversation; only one
    /// model is in memory at a time
    #[arg(long, value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Threads that generate the answer; 0 chooses by the number of cores (0 to 256)
    #[arg(long, value_name = "COUNT", default_value = "0")]
    pub local_threads: Within<0, 256>,
    /// Threads that read the prompt; 0 chooses by the number of cores (0 to 256)
    #[arg(long, value_name = "COUNT", default_value = "0")]
    pub local_prompt_threads: Within<0, 256>,
    /// Maximum number of tokens in one answer, unless the profile sets another limit (1 to 1048576)
    #[arg(long, value_name = "TOKENS", default_value = "2048")]
    pub local_answer_tokens: Within<1, 1_048_576>,
    /// Number of conversations that the local model keeps in memory, so that it reads only what is
    /// new when they take turns. Each needs the memory of a whole context window; where memory is
    /// short there are fewer (1 to 16)
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub local_conversations: Within<1, 16>,
    /// When the model is loaded: "first-use" or "start"
    #[arg(long, value_name = "WHEN", default_value = "first-use")]
    pub local_load: LoadWhen,
    /// Milliseconds of idle time after which the model is unloaded from memory; 0 means never
    /// (0 to 604800000)
    #[arg(long, value_name = "MS", default_value = "0")]
    pub local_idle_ms: Within<0, 604_800_000>,
    /// Whether to refuse to start if this system lacks a wall of the sandbox in which the server
    /// or the local model runs (of Linux: Landlock and seccomp); otherwise only the log and
    /// `companion doctor` say so (true or false)
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true
    )]
    pub require_sandbox: bool,
}

/// When the local model is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "`--help` would show comments of the variants")]
pub enum LoadWhen {
    FirstUse,
    Start,
}

/// Bounds of messages, pages and turns.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Turns")]
#[serde(default)]
pub struct Turns {
    /// Maximum number of characters in one message (1 to 2000000)
    #[arg(long, value_name = "CHARS", default_value = "200000")]
    pub message_chars: Within<1, 2_000_000>,
    /// Answers that are being written for one member at the same time; a further message is refused
    /// with `rate_limited`. Owners have no such limit (1 to 65536)
    #[arg(long, value_name = "COUNT", default_value = "8")]
    pub member_turns: Within<1, 65_536>,
    /// Messages in one page of a transcript, unless the request sets another number (1 to 200)
    #[arg(long, value_name = "COUNT", default_value = "50")]
    pub transcript_page: Within<1, 200>,
    /// Conversations in one page of the list, unless the request sets another number (1 to 200)
    #[arg(long, value_name = "COUNT", default_value = "50")]
    pub worker_page: Within<1, 200>,
    /// Milliseconds within which an answer has to begin. Any sign of life restarts the time, such
    /// as reasoning and comments that keep a connection alive (100 to 3600000)
    #[arg(long, value_name = "MS", default_value = "120000")]
    pub first_token_ms: Within<100, 3_600_000>,
    /// Milliseconds of silence during an answer after which the turn is ended. The same signs of
    /// life restart the time (100 to 3600000)
    #[arg(long, value_name = "MS", default_value = "60000")]
    pub stall_ms: Within<100, 3_600_000>,
    /// Maximum milliseconds of a whole turn; no other limit ends a model that keeps reasoning
    /// (1000 to 86400000)
    #[arg(long, value_name = "MS", default_value = "3600000")]
    pub turn_ms: Within<1000, 86_400_000>,
    /// How often a request is retried that fails before anything is shown, if the failure may be
    /// temporary: no connection, too many requests, a fault of the provider (0 to 10)
    #[arg(long, value_name = "COUNT", default_value = "2")]
    pub retries: Within<0, 10>,
    /// Milliseconds of the pause before the first retry, doubled for each further one; half of a
    /// pause is random (1 to 60000)
    #[arg(long, value_name = "MS", default_value = "500")]
    pub retry_ms: Within<1, 60_000>,
    /// Milliseconds of the longest such pause; if a provider asks for a longer one, the request
    /// is not retried (1 to 600000)
    #[arg(long, value_name = "MS", default_value = "20000")]
    pub retry_max_ms: Within<1, 600_000>,
    /// The least milliseconds between two commits of an answer's pieces; without it each piece is
    /// committed at once, and pieces are joined only under load (0 to 1000)
    #[arg(long, value_name = "MS", default_value = "0")]
    pub delta_ms: Within<0, 1000>,
}

/// What the model is told before the conversation.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Prompts")]
#[serde(default)]
pub struct Prompts {
    /// Folder with prompts that replace the built-in ones: a profiles.toml and the prompts that
    /// it names
    #[arg(long, value_name = "DIR")]
    pub prompts_dir: Option<PathBuf>,
    /// Name of the place where the Companion works, for use in the prompts
    #[arg(long, value_name = "NAME", default_value = "this workspace")]
    pub workspace: String,
}

/// What is written to standard error.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Log")]
#[serde(default)]
pub struct Log {
    /// What is logged: a level (error, warn, info, debug, trace), also for single parts, such as
    /// "info,server=debug"
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// Format of the log: "pretty" for people or "json" for machines
    #[arg(long, value_name = "FORMAT", default_value = "pretty")]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "`--help` would show comments of the variants")]
pub enum LogFormat {
    Pretty,
    Json,
}

macro_rules! defaults_by_clap {
    ($($concern:ident)*) => {$(
        impl Default for $concern {
            fn default() -> Self {
                let command = <$concern as Args>::augment_args(Command::new("defaults"));
                command
                    .try_get_matches_from(["defaults"])
                    .and_then(|matches| clap::FromArgMatches::from_arg_matches(&matches))
                    .expect("every setting is optional or has a default of its own type")
            }
        }
    )*};
}

defaults_by_clap!(Settings Http Tls Entrance Oidc Data Model Openai Local Turns Prompts Log);

/// The description of a setting, besides its type.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in the file.
    pub key: String,
    /// The heading of its concern.
    pub heading: String,
    /// Its effect, in a sentence without a full stop.
    pub help: String,
    /// Whether it has a flag.
    pub flag: bool,
}

impl Setting {
    /// Its environment variable.
    pub fn variable(&self) -> String {
        format!("COMPANION_{}", self.key.to_uppercase())
    }

    /// Its flag.
    pub fn flag(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }
}

/// The path of a secret: it has no flag, since other users of a machine can read a process's
/// arguments.
const API_KEY_FILE: &str = "File with the endpoint's API key. The key itself can only come \
    from a file or from the environment (COMPANION_API_KEY; OPENAI_API_KEY if the provider is \
    \"openai\" and nothing else names a key)";

/// A proxy's address may contain a password, so it has no flag either.
const PROXY: &str = "Proxy for requests to the endpoint, such as \"http://me:secret@proxy:3128\" \
    (http, https, socks5, or socks5h if the proxy resolves host names), or \"environment\" to use \
    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, which are ignored by default";

/// A secret has no flag, as above.
const OIDC_SECRET_FILE: &str = "File with the secret of this server at the provider (the client \
    secret); a public client has none. The secret itself can only come from a file or from the \
    environment (COMPANION_OIDC_CLIENT_SECRET)";

/// The settings without a flag that come after another one.
fn without_flag(after: &str) -> &'static [(&'static str, &'static str)] {
    match after {
        "oidc_client_id" => &[("oidc_client_secret_file", OIDC_SECRET_FILE)],
        "base_url" => &[("api_key_file", API_KEY_FILE), ("proxy", PROXY)],
        _ => &[],
    }
}

/// All settings, in the order of the concerns.
pub fn all() -> Vec<Setting> {
    let command = Settings::augment_args(Command::new("settings"));
    let mut all = Vec::new();
    for arg in command.get_arguments() {
        let heading = arg.get_help_heading().unwrap_or_default().to_owned();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let key = arg.get_id().to_string();
        let next = without_flag(&key);
        all.push(Setting { key, heading: heading.clone(), help, flag: true });
        for (key, help) in next {
            let (key, help) = ((*key).to_owned(), (*help).to_owned());
            all.push(Setting { key, heading: heading.clone(), help, flag: false });
        }
    }
    all
}
