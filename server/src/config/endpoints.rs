//! `[[endpoint]]` tables of the configuration file: any number of OpenAI-compatible endpoints, each
//! a provider with its own name. The endpoint of `base_url` is the provider `openai` and exists
//! besides them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use glob::Pattern;
use protocol::ProviderName;
use provider::Secret;
use provider_openai::{ModelTable, ProxySetting};
use serde::Deserialize;

use super::check;
use super::load::read_key;
use super::models;
use super::problem::{Problem, Problems};
use super::proxy::ProxyText;
use super::settings::Interface;
use super::table::Found;

/// The tables' name in the file.
pub const KEY: &str = "endpoint";

/// The most tables; each endpoint is asked for its list of models.
const MOST: usize = 32;

/// A checked endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The provider's name; unique, and none of the reserved ones.
    pub name: ProviderName,
    /// The address up to the path of the API, such as `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// The key from the file or the variable that the table names; `None` if it names none.
    pub api_key: Option<Secret>,
    /// Where the key came from, for `companion config` and `doctor`.
    pub api_key_place: Option<String>,
    /// The header for the key instead of `Authorization`.
    pub key_header: Option<String>,
    /// The models to offer, in this order; if empty, all of them.
    pub models: Vec<Pattern>,
    /// Further headers of every request. Their values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// Parameters that are added to the path of every request.
    pub query: Vec<(String, String)>,
    /// A PEM file with further certificates to trust. A relative path starts at the folder of the
    /// configuration file.
    pub ca_file: Option<PathBuf>,
    /// The name in the server's certificate, if it is not the host of the address.
    pub tls_server_name: Option<String>,
    /// `None` connects directly, whatever the environment says.
    pub proxy: Option<ProxySetting>,
    /// The proxy's address without its login, for output.
    pub proxy_shown: Option<String>,
    /// The API of those models for which no table names another.
    pub api: Interface,
    /// The settings of single models.
    pub model_tables: Vec<ModelTable>,
    /// The position of each setting in the file.
    pub places: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: ProviderName,
    base_url: String,
    api_key_file: Option<PathBuf>,
    api_key_env: Option<String>,
    key_header: Option<String>,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    query: BTreeMap<String, String>,
    ca_file: Option<PathBuf>,
    tls_server_name: Option<String>,
    proxy: Option<ProxyText>,
    #[serde(default)]
    api: Interface,
}

/// Reads the tables. Relative paths start at `folder`, the file's folder.
pub fn read(
    tables: Vec<Found<'_>>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
    problems: &mut Problems,
) -> Vec<Endpoint> {
    let (mut endpoints, mut names) = (Vec::new(), BTreeSet::new());
    for (at, mut found) in tables.into_iter().enumerate() {
        if at == MOST {
            let message = format!("there are more than {MOST} endpoints");
            problems.add(Problem { place: found.place(), message });
            break;
        }
        let model_tables = models::read(found.take_tables(models::KEY), problems);
        match endpoint(&found, folder, variable) {
            Err(problem) => problems.add(problem),
            Ok(endpoint) if !names.insert(endpoint.name.clone()) => {
                let message = format!("there is another endpoint called {}", endpoint.name);
                problems.add(found.problem("name", message));
            }
            Ok(endpoint) => endpoints.push(Endpoint { model_tables, ..endpoint }),
        }
    }
    endpoints
}

fn endpoint(
    found: &Found<'_>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Endpoint, Problem> {
    if found.has("api_key") {
        let message = "a key does not belong in this file; put it into a file of its own and \
                       name that with api_key_file, or name a variable with api_key_env";
        return Err(found.problem("api_key", message));
    }
    let table: Table = found.read()?;
    let Table { name, base_url, api_key_file, api_key_env, key_header, models, .. } = table;
    if name.is_local() || name.is_openai() || name.is_imported() {
        let message = format!(
            "{name} is taken: by the local model, the endpoint of base_url, or imported answers"
        );
        return Err(found.problem("name", message));
    }
    let problem = |key: &str, message: String| found.problem(key, format!("{name}: {message}"));
    check::base_url(&base_url)
        .map_err(|message| problem("base_url", format!("base_url: {message}")))?;
    let key_place = if api_key_file.is_some() { "api_key_file" } else { "api_key_env" };
    let key = key(api_key_file, api_key_env, folder, variable)
        .map_err(|message| problem(key_place, message))?;
    let (api_key, api_key_place) = key.unzip();
    let proxy = table.proxy.as_ref().map(|proxy| proxy.read(variable)).transpose();
    let proxy = proxy.map_err(|message| problem("proxy", message))?;
    let pattern = |glob: String| {
        Pattern::new(&glob).map_err(|error| problem("models", format!("models: {glob:?}: {error}")))
    };
    Ok(Endpoint {
        models: models.into_iter().map(pattern).collect::<Result<_, _>>()?,
        headers: table.headers.into_iter().map(|(n, value)| (n, Secret::new(&value))).collect(),
        query: table.query.into_iter().collect(),
        ca_file: table.ca_file.map(|file| folder.join(file)),
        tls_server_name: table.tls_server_name,
        proxy_shown: table.proxy.as_ref().map(ProxyText::shown),
        proxy,
        api: table.api,
        model_tables: Vec::new(),
        places: found.places(),
        name,
        base_url,
        api_key,
        api_key_place,
        key_header,
    })
}

/// The key and where it came from.
fn key(
    file: Option<PathBuf>,
    env: Option<String>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<(Secret, String)>, String> {
    match (file, env) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err("api_key_file and api_key_env are both set; set only one".to_owned())
        }
        (Some(file), None) => {
            let key = read_key(&folder.join(file))?;
            Ok(Some((key, "api_key_file".to_owned())))
        }
        (None, Some(name)) => {
            let text = variable(&name).and_then(|text| text.into_string().ok());
            let text = text.filter(|text| !text.trim().is_empty());
            let text = text.ok_or_else(|| format!("api_key_env: {name} is not set"))?;
            Ok(Some((Secret::new(&text), name)))
        }
    }
}
