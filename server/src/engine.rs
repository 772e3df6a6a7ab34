//! Starts the runtime as configured.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use runtime::bundle::{Bundle, BundleError};
use runtime::clock::SystemClock;
use runtime::provider::Provider as _;
use runtime::provider::local::{LoadPolicy, Local, LocalConfig};
use runtime::provider::openai::{ConfigError, Openai, OpenaiConfig};
use runtime::store::Store;
use runtime::store::sqlite::Sqlite;
use runtime::turn::{RetryLimits, TurnLimits};
use runtime::{Imports, Providers, Registry, Runtime, RuntimeConfig};
use tracing::info;

use crate::config::Config;
use crate::config::settings::{LoadWhen, ProviderChoice, Turns};

/// Opens the store, makes the providers, and recovers what a crash left behind.
pub async fn open(config: &Config) -> anyhow::Result<Registry> {
    let begin = Instant::now();
    // On a blocking thread, since the prompts may be on a disk that does not answer.
    let prompts_dir = config.settings.prompts.prompts_dir.clone();
    let bundle = tokio::task::spawn_blocking(move || bundle_of(prompts_dir.as_deref())).await;
    let bundle = bundle.context("reading the prompts panicked")?;
    let bundle = bundle.context("the prompts cannot be used")?;
    let providers = providers(config).context("the provider cannot be used")?;
    let folder = config.data_dir.clone();
    let opened = tokio::task::spawn_blocking(move || Sqlite::open(&folder)).await;
    let store = opened.context("opening the database was broken off")??;
    let registry = assemble(config, Arc::new(store), providers, bundle).await?;
    info!(
        ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        "the runtime is open"
    );
    Ok(registry)
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
        transcript_page: turns.transcript_page.small(),
        workspace: config.settings.prompts.workspace.clone(),
        imports: Imports {
            folder: config.data_dir.clone(),
            bytes: config.settings.http.import_bytes.get(),
        },
        undo_delete_ms: config.settings.data.undo_delete_ms.get(),
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

/// The provider that was chosen, and the other one for profiles that name it. Connects to
/// nothing and loads nothing. Must be called within a tokio runtime.
pub fn providers(config: &Config) -> Result<Providers, ConfigError> {
    let model = config.settings.model.model.clone();
    let (openai, local) = (openai(config)?, local(config));
    let bundled = local.bundled().then(|| local.default_model());
    let mut providers = Providers::none().with_bundled_model(bundled);
    match config.provider {
        ProviderChoice::Openai => {
            if let Some(openai) = openai {
                providers = providers.with_default(Arc::new(openai), model);
            }
            providers = providers.with(Arc::new(local));
        }
        ProviderChoice::Local => {
            providers = providers.with_default(Arc::new(local), model);
            if let Some(openai) = openai {
                providers = providers.with(Arc::new(openai));
            }
        }
    }
    Ok(providers)
}

fn openai(config: &Config) -> Result<Option<Openai>, ConfigError> {
    let Some(url) = &config.base_url else { return Ok(None) };
    let chosen = config.provider == ProviderChoice::Openai;
    let settings = &config.settings.model;
    let mut openai = OpenaiConfig::new(url);
    openai.api_key.clone_from(&config.api_key);
    openai.model = settings.model.clone().filter(|_| chosen);
    openai.context_tokens = set(settings.context_tokens.small());
    Openai::new(openai).map(Some)
}

fn local(config: &Config) -> Local {
    let settings = &config.settings.local;
    let chosen = config.provider == ProviderChoice::Local;
    let mut local = LocalConfig::new(&config.model_file);
    local.bundled = config.bundled_model();
    local.model_dir.clone_from(&settings.model_dir);
    local.max_answer_tokens = settings.local_answer_tokens.small();
    local.threads = set(settings.local_threads.small());
    local.prompt_threads = set(settings.local_prompt_threads.small());
    local.idle_unload = (settings.local_idle_ms.get() > 0).then(|| settings.local_idle_ms.ms());
    if let Some(tokens) = set(config.settings.model.context_tokens.small()) {
        local.context_tokens = tokens;
    }
    // A local model that only some profiles name is loaded when one of them first needs it.
    local.load = match settings.local_load {
        LoadWhen::Start if chosen => LoadPolicy::AtStart,
        LoadWhen::Start | LoadWhen::FirstUse => LoadPolicy::AtFirstUse,
    };
    Local::new(local)
}

/// None for 0, which means "not set" in the settings.
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
