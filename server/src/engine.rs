//! Starts the runtime according to the configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::{AccountStore, Accounts, HashSettings, SessionSettings};
use anyhow::Context as _;
use protocol::ProviderName;
use provider::Provider;
use provider_local::{LoadPolicy, Local, LocalConfig, Sandbox, SandboxError};
use provider_openai::{Api, ConfigError, Openai, OpenaiConfig, ReadingPace};
use runtime::bundle::{Bundle, BundleError};
use runtime::clock::{Clock as _, SystemClock};
use runtime::turn::{RetryLimits, TurnLimits};
use runtime::{Imports, Providers, Registry, Runtime, RuntimeConfig};
use shares::{ShareStore, Shares, Sharing};
use store::Store;
use store_sqlite::{CHECKED_FIRST_BYTES, Sqlite};
use tracing::info;

use crate::config::Config;
use crate::config::endpoints::Endpoint;
use crate::config::settings::{Interface, LoadWhen, Turns};

/// What the server shows and lets in.
pub struct Opened {
    /// The runtimes.
    pub registry: Registry,
    /// Who may come in.
    pub accounts: Accounts,
    /// What strangers may read.
    pub shares: Shares,
}

/// Opens the store, creates the providers, and ends the turns that a crash left unfinished.
pub async fn open(config: &Config) -> anyhow::Result<Opened> {
    let begin = Instant::now();
    check_sandbox(config).await?;
    // The prompts may be on a disk that does not answer, so they are read on a blocking thread.
    let prompts_dir = config.settings.prompts.prompts_dir.clone();
    let bundle = tokio::task::spawn_blocking(move || bundle_of(prompts_dir.as_deref())).await;
    let bundle = bundle.context("reading the prompts panicked")?;
    let bundle = bundle.context("the prompts cannot be used")?;
    let providers = providers(config).context("the provider cannot be used")?;
    let folder = config.data_dir.clone();
    let open = move || Sqlite::open_soon(&folder, CHECKED_FIRST_BYTES);
    let opened = tokio::task::spawn_blocking(open).await;
    let store = opened.context("the task that opens the database ended early")??;
    let store = Arc::new(store);
    let accounts = accounts(config, store.clone())?;
    let shares = shares(config, store.clone());
    let registry = assemble(config, store, providers, bundle).await?;
    info!(
        ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        "the runtime is open"
    );
    Ok(Opened { registry, accounts, shares })
}

/// The accounts in a store. Must be called within a tokio runtime.
pub fn accounts(config: &Config, store: Arc<dyn AccountStore>) -> anyhow::Result<Accounts> {
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let entrance = &config.settings.entrance;
    let sessions = SessionSettings {
        idle: days(entrance.session_idle_days.get()),
        absolute: days(entrance.session_days.get()),
    };
    let clock = Arc::new(|| SystemClock.now());
    Accounts::start(store, HashSettings::default(), sessions, clock)
        .context("the threads for passwords cannot be started")
}

/// The shares in a store.
fn shares(config: &Config, store: Arc<dyn ShareStore>) -> Shares {
    let sharing = if config.settings.data.share { Sharing::Allowed } else { Sharing::Off };
    Shares::new(store, sharing, Arc::new(|| SystemClock.now()))
}

/// A registry with the embedded runtime.
pub async fn assemble(
    config: &Config,
    store: Arc<dyn Store>,
    providers: Providers,
    bundle: Bundle,
) -> anyhow::Result<Registry> {
    let turns = &config.settings.turns;
    let runtime = Runtime::open(RuntimeConfig {
        store,
        providers,
        bundle,
        clock: Arc::new(SystemClock),
        turn_limits: turn_limits(turns),
        message_chars: turns.message_chars.small(),
        member_turns: turns.member_turns.small(),
        transcript_page: turns.transcript_page.small(),
        workspace: config.settings.prompts.workspace.clone(),
        imports: Imports {
            folder: config.data_dir.clone(),
            bytes: config.settings.http.import_bytes.get(),
        },
        undo_delete_ms: config.settings.data.undo_delete_ms.get(),
        prices: config.prices.clone(),
    });
    Ok(Registry::new(runtime.await.context("the conversations cannot be opened")?))
}

/// The profiles and prompts in force.
pub fn bundle(config: &Config) -> Result<Bundle, BundleError> {
    bundle_of(config.settings.prompts.prompts_dir.as_deref())
}

fn bundle_of(folder: Option<&Path>) -> Result<Bundle, BundleError> {
    match folder {
        Some(folder) => Bundle::from_folder(folder),
        None => Bundle::embedded(),
    }
}

/// Creates the provider that answers by default, and the others that profiles and conversations can
/// name. Connects to nothing and loads nothing. Must be called within a tokio runtime.
pub fn providers(config: &Config) -> Result<Providers, ProviderError> {
    let local = local(config);
    let bundled = local.bundled().then(|| local.default_model());
    let mut all: Vec<Arc<dyn Provider>> = vec![Arc::new(local)];
    let pace = ReadingPace::default();
    for endpoint in endpoints(config) {
        let name = endpoint.name.clone();
        let key_header = endpoint.key_header.clone();
        let endpoint = Openai::with_pace(endpoint, pace.clone()).map_err(|source| {
            let setting = setting_of(&source, key_header.as_deref());
            ProviderError { place: config.place(&name, setting), name, source }
        });
        all.push(Arc::new(endpoint?));
    }
    let mut providers = Providers::none()
        .with_bundled_model(bundled)
        .with_expand_request(provider_openai::sent_request);
    for provider in all {
        providers = match provider.name() == config.provider {
            true => providers.with_default(provider, config.settings.model.model.clone()),
            false => providers.with(provider),
        };
    }
    Ok(providers)
}

/// The error for an endpoint whose configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: the provider {name} cannot be used")]
pub struct ProviderError {
    /// Where the wrong setting is.
    place: String,
    name: ProviderName,
    source: ConfigError,
}

/// The name of the wrong setting.
fn setting_of(error: &ConfigError, key_header: Option<&str>) -> &'static str {
    match error {
        ConfigError::BaseUrl(_) | ConfigError::Certificates => "base_url",
        ConfigError::ServerName => "tls_server_name",
        ConfigError::ApiKey => "api_key_file",
        ConfigError::Header(name) if key_header == Some(name) => "key_header",
        ConfigError::Header(_) => "headers",
        ConfigError::Proxy(_) => "proxy",
        ConfigError::CaFile(_) => "ca_file",
    }
}

/// The endpoint of the base URL, and those of the file's tables.
fn endpoints(config: &Config) -> Vec<OpenaiConfig> {
    let settings = &config.settings.model;
    let window = set(settings.context_tokens.small());
    let model = |name: &ProviderName| settings.model.clone().filter(|_| *name == config.provider);
    let own = config.base_url.as_ref().map(|url| {
        let own = OpenaiConfig::new(url);
        let (api_key, model) = (config.api_key.clone(), model(&own.name));
        let (proxy, api) = (config.proxy.clone(), api(config.settings.openai.api));
        OpenaiConfig { api_key, model, proxy, api, context_tokens: window, ..own }
    });
    let named = config.endpoints.iter().map(|endpoint| {
        let Endpoint { name, base_url, api_key, key_header, .. } = endpoint.clone();
        OpenaiConfig {
            model: model(&name),
            name,
            api_key,
            key_header,
            headers: endpoint.headers.clone(),
            query: endpoint.query.clone(),
            models: endpoint.models.clone(),
            ca_file: endpoint.ca_file.clone(),
            tls_server_name: endpoint.tls_server_name.clone(),
            proxy: endpoint.proxy.clone(),
            api: api(endpoint.api),
            model_tables: endpoint.model_tables.clone(),
            context_tokens: window,
            ..OpenaiConfig::new(&base_url)
        }
    });
    let memory = |name: &ProviderName| config.data_dir.join("learned").join(format!("{name}.json"));
    let all = own.into_iter().chain(named);
    all.map(|endpoint| OpenaiConfig { memory: Some(memory(&endpoint.name)), ..endpoint }).collect()
}

fn api(interface: Interface) -> Api {
    match interface {
        Interface::Chat => Api::Chat,
        Interface::Responses => Api::Responses,
    }
}

fn local(config: &Config) -> Local {
    Local::new(local_config(config))
}

/// What the engine's process is started with.
fn local_config(config: &Config) -> LocalConfig {
    let settings = &config.settings.local;
    let chosen = config.provider.is_local();
    let mut local = LocalConfig::new(&config.model_file);
    local.bundled = config.bundled_model();
    local.model_dir.clone_from(&settings.model_dir);
    local.max_answer_tokens = settings.local_answer_tokens.small();
    local.cached_conversations = settings.local_conversations.small();
    local.threads = set(settings.local_threads.small());
    local.prompt_threads = set(settings.local_prompt_threads.small());
    local.idle_unload = (settings.local_idle_ms.get() > 0).then(|| settings.local_idle_ms.ms());
    local.require_sandbox = settings.require_sandbox;
    if let Some(tokens) = set(config.settings.model.context_tokens.small()) {
        local.context_tokens = tokens;
    }
    // A local model that only some profiles name is loaded when one of them first needs it.
    local.load = match settings.local_load {
        LoadWhen::Start if chosen => LoadPolicy::AtStart,
        LoadWhen::Start | LoadWhen::FirstUse => LoadPolicy::AtFirstUse,
    };
    local
}

/// The walls that this system has for the engine's process, as that process reports them.
pub async fn sandbox(config: &Config) -> Result<Sandbox, SandboxError> {
    provider_local::sandbox(&local_config(config)).await
}

/// If the configuration requires the sandbox, checks that none of its walls is missing.
async fn check_sandbox(config: &Config) -> anyhow::Result<()> {
    if !config.settings.local.require_sandbox {
        return Ok(());
    }
    let Sandbox { missing, .. } = sandbox(config).await.context("the sandbox cannot be checked")?;
    anyhow::ensure!(
        missing.is_empty(),
        "require_sandbox is set, but this system lacks a part of the local model's sandbox: {}",
        missing.join("; ")
    );
    Ok(())
}

/// `None` for 0, which means "not set" in the settings.
fn set(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}

fn turn_limits(turns: &Turns) -> TurnLimits {
    TurnLimits {
        frame_ms: turns.delta_ms.get(),
        first_token_ms: turns.first_token_ms.get(),
        stall_ms: turns.stall_ms.get(),
        turn_ms: turns.turn_ms.get(),
        retry: RetryLimits {
            times: turns.retries.small(),
            first_ms: turns.retry_ms.get(),
            longest_ms: turns.retry_max_ms.get(),
        },
    }
}
