//! Merges flags, environment variables and the file into one validated configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use files::{PIPE_PATIENCE, read_text};
use protocol::ProviderName;
use provider::Secret;
use provider_openai::ProxySetting;
use runtime::prices::Prices;
use serde::Deserialize as _;

use super::check;
use super::endpoints::{self, Endpoint};
use super::identity_provider::{self, IdentityProvider};
use super::layer::{self, Layer, Origin};
use super::prices;
use super::problem::{Problem, Problems};
use super::settings::{self, Settings};

/// The file that is read from the working folder if no other file is named.
pub const FILE_NAME: &str = "companion.toml";
/// The variable that names another file, like `--config`.
pub const FILE_VARIABLE: &str = "COMPANION_CONFIG";
/// OpenAI's own endpoint, for provider "openai" without a base URL.
/// Source: OpenAI's API reference.
pub const OPENAI_URL: &str = "https://api.openai.com/v1";
/// The file of the model that comes with the product, in the cache folder's `models`.
pub const DEFAULT_MODEL_FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// The largest size of a configuration or key file, in bytes. A usual one has some thousand.
const FILE_BYTES: u64 = 1024 * 1024;

/// The sources of a configuration.
pub struct Sources<'a> {
    /// The parsed command line, for the settings that it sets.
    pub matches: &'a ArgMatches,
    /// The value of `--config`.
    pub file: Option<PathBuf>,
    /// Looks up an environment variable, so that a test need not change the process's own.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Where `companion.toml` is looked for, and where a relative path to another file starts.
    pub working_folder: &'a Path,
}

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The merged and checked settings.
    pub settings: Settings,
    /// Where the value of each setting comes from, except for defaults.
    pub origins: BTreeMap<String, Origin>,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// The provider that answers by default.
    pub provider: ProviderName,
    /// The folder of the database, which may not exist yet.
    pub data_dir: PathBuf,
    /// The local model's GGUF file, which may not exist.
    pub model_file: PathBuf,
    /// Invariant: present if the provider is openai. It may be present besides the local provider,
    /// and is then used for profiles that name it.
    pub base_url: Option<String>,
    /// The key for the endpoint of `base_url`.
    pub api_key: Option<Secret>,
    /// Where the key came from, for `companion config` and `doctor`.
    pub api_key_place: Option<String>,
    /// The proxy for the endpoint of the base URL.
    pub proxy: Option<ProxySetting>,
    /// The provider of identities by which people can log in.
    pub identity_provider: Option<IdentityProvider>,
    /// The further endpoints, in the order of the file.
    pub endpoints: Vec<Endpoint>,
    /// What models cost, if a file says so.
    pub prices: Option<Prices>,
}

impl Config {
    /// Makes all paths absolute, so that the log's redaction finds them in messages: a relative
    /// path such as `data` cannot be told from an ordinary word. Errors when the working folder is
    /// gone.
    pub fn with_absolute_paths(mut self) -> io::Result<Self> {
        let settings = &mut self.settings;
        let optional = [
            &mut settings.local.model_dir,
            &mut settings.prompts.prompts_dir,
            &mut settings.openai.api_key_file,
            &mut settings.oidc.oidc_client_secret_file,
            &mut settings.tls.tls_cert,
            &mut settings.tls.tls_key,
            &mut settings.model.prices_file,
            &mut self.file,
        ];
        let paths = optional.into_iter().flatten();
        for path in paths.chain([&mut self.data_dir, &mut self.model_file]) {
            // The model file has an empty path where the account has no cache folder.
            if !path.as_os_str().is_empty() {
                *path = std::path::absolute(&path)?;
            }
        }
        Ok(self)
    }

    /// Reads, merges and validates the sources. The error lists all problems that can be found
    /// together.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Problems> {
        let all = settings::all();
        let mut problems = Problems::default();
        let (file, mut merged, endpoints) = file_layer(sources, &all, &mut problems);
        merged.extend(layer::environment(sources.variable, &all, &mut problems));
        merged.extend(layer::flags(sources.matches, &all, &mut problems));

        let (settings, origins) = settings_of(merged, &mut problems);
        let mut config =
            Self::with(settings, origins, file, &endpoints, sources.variable, &mut problems);
        config.endpoints = endpoints;
        problems.none_or()?;
        Ok(config)
    }

    /// Where the value of the setting `key` comes from.
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// Where a setting of a provider is configured, for messages to its owner.
    pub fn place(&self, provider: &ProviderName, key: &str) -> String {
        match self.endpoints.iter().find(|endpoint| endpoint.name == *provider) {
            None => self.origin(key).place(key),
            Some(endpoint) => match endpoint.places.get(key) {
                Some(place) => format!("{place}: {key}"),
                None => format!("the endpoint {provider}: {key}"),
            },
        }
    }

    /// Whether the model file is the one that comes with the product.
    pub fn bundled_model(&self) -> bool {
        self.settings.local.model_file.is_none()
    }

    fn with(
        settings: Settings,
        origins: BTreeMap<String, Origin>,
        file: Option<PathBuf>,
        endpoints: &[Endpoint],
        variable: &dyn Fn(&str) -> Option<OsString>,
        problems: &mut Problems,
    ) -> Self {
        let origin = |key: &str| origins.get(key).unwrap_or(&Origin::Default);
        check::all(&settings, &origin, problems);
        let identity_provider = identity_provider::read(&settings, &origin, variable, problems);

        let has_url = settings.openai.base_url.is_some();
        let usual = match (has_url, endpoints.first()) {
            (true, _) => ProviderName::openai(),
            (false, Some(first)) => first.name.clone(),
            (false, None) => ProviderName::local(),
        };
        let provider = settings.model.provider.clone().unwrap_or(usual);
        let openai = provider.is_openai();
        let known = openai || provider.is_local();
        if !known && !endpoints.iter().any(|endpoint| endpoint.name == provider) {
            let message = format!(
                "there is no provider {provider}: it can be local, openai or the name of an [[endpoint]]"
            );
            problems.add(Problem::with_setting("provider", origin("provider"), message));
        }
        let base_url = settings.openai.base_url.clone().or(openai.then(|| OPENAI_URL.to_owned()));
        let key = base_url.as_ref();
        let key = key.and_then(|_| key_of(&settings, openai, &origin, variable, problems));
        let (api_key, api_key_place) = key.unzip();

        let proxy = settings.openai.proxy.as_ref().map(|proxy| proxy.read(variable));
        let proxy = proxy.transpose().unwrap_or_else(|message| {
            problems.add(Problem::with_setting("proxy", origin("proxy"), message));
            None
        });

        let prices = settings.model.prices_file.as_deref().and_then(|file| {
            prices::read(file, &origin("prices_file").place("prices_file"), problems)
        });

        let folders = directories::ProjectDirs::from("", "", "companion");
        let data_dir = settings.data.data_dir.clone();
        let data_dir = data_dir.or_else(|| folders.as_ref().map(|f| f.data_dir().to_owned()));
        let cached =
            |f: &directories::ProjectDirs| f.cache_dir().join("models").join(DEFAULT_MODEL_FILE);
        let model_file = settings.local.model_file.clone().or(folders.as_ref().map(cached));
        if data_dir.is_none() {
            let message = "this account has no home folder; set the folder for conversations";
            problems.add(Problem::with_setting("data_dir", &Origin::Default, message));
        }
        Self {
            data_dir: data_dir.unwrap_or_default(),
            model_file: model_file.unwrap_or_default(),
            settings,
            origins,
            file,
            provider,
            base_url,
            api_key,
            api_key_place,
            proxy,
            identity_provider,
            endpoints: Vec::new(),
            prices,
        }
    }
}

/// The settings of the file, and the file's path if there is one.
fn file_layer(
    sources: &Sources<'_>,
    all: &[settings::Setting],
    problems: &mut Problems,
) -> (Option<PathBuf>, Layer, Vec<Endpoint>) {
    let variable = || (sources.variable)(FILE_VARIABLE).filter(|text| !text.is_empty());
    let named = sources.file.clone().or_else(|| variable().map(PathBuf::from));
    let path = match &named {
        Some(path) => path.clone(),
        None => PathBuf::from(FILE_NAME),
    };
    let found = sources.working_folder.join(&path);
    match read_text(&found, FILE_BYTES, PIPE_PATIENCE) {
        Ok(text) => {
            let folder = found.parent().unwrap_or(sources.working_folder);
            let (layer, tables) = layer::file(&path, folder, &text, all, problems);
            let endpoints = endpoints::read(tables, folder, sources.variable, problems);
            (Some(path), layer, endpoints)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
            (None, Layer::new(), Vec::new())
        }
        Err(error) => {
            let message = format!("the configuration file cannot be read: {error}");
            problems.add(Problem { place: path.display().to_string(), message });
            (None, Layer::new(), Vec::new())
        }
    }
}

/// The typed settings of a merged layer. Each value was checked before, so this fails only because
/// of a fault of this program, which is then reported as a problem.
fn settings_of(merged: Layer, problems: &mut Problems) -> (Settings, BTreeMap<String, Origin>) {
    let mut values = toml::Table::new();
    let mut origins = BTreeMap::new();
    for (key, (value, origin)) in merged {
        values.insert(key.clone(), value);
        origins.insert(key, origin);
    }
    let settings = Settings::deserialize(values).unwrap_or_else(|error| {
        let (place, message) = ("configuration".to_owned(), error.message().to_owned());
        problems.add(Problem { place, message });
        Settings::default()
    });
    (settings, origins)
}

/// The key of the openai provider, and where it comes from. `OPENAI_API_KEY` may be meant for other
/// programs, so it is used only if that provider was chosen.
fn key_of<'a>(
    settings: &Settings,
    openai: bool,
    origin: &dyn Fn(&str) -> &'a Origin,
    variable: &dyn Fn(&str) -> Option<OsString>,
    problems: &mut Problems,
) -> Option<(Secret, String)> {
    let from_variable = |name: &str| {
        let text = variable(name)?.into_string().ok()?;
        (!text.trim().is_empty()).then(|| (Secret::new(&text), name.to_owned()))
    };
    let from_file = |path: &Path, problems: &mut Problems| {
        let place = origin("api_key_file").place("api_key_file");
        match read_key(path) {
            Ok(key) => Some((key, place)),
            Err(message) => {
                problems.add(Problem { place, message });
                None
            }
        }
    };
    let own = from_variable("COMPANION_API_KEY");
    match &settings.openai.api_key_file {
        None if openai => own.or_else(|| from_variable("OPENAI_API_KEY")),
        None => own,
        Some(path) => own.or_else(|| from_file(path, problems)),
    }
}

/// Reads a key from its file. The error says why there is none.
pub(super) fn read_key(path: &Path) -> Result<Secret, String> {
    match read_text(path, FILE_BYTES, PIPE_PATIENCE) {
        Ok(text) if !text.trim().is_empty() => Ok(Secret::new(&text)),
        Ok(_) => Err(format!("{} is empty", path.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
