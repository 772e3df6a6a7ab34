//! The checks of `companion doctor`.

mod entrance;
mod identity_provider;
mod model;
mod models;
mod sandbox;
mod tls;

use std::path::Path;
use std::time::Duration;

use store_sqlite::{Exposed, Sqlite, exposed};
use tokio::time::timeout;

use super::Finding::{self, Bad, Doubtful, Good};
use crate::assets;
use crate::config::Config;
use crate::listen::ListenError;
use crate::{engine, listen};

/// How long the disk of the model's file may take to answer.
const LOOK: Duration = Duration::from_secs(5);

/// Runs all checks; each result has a name.
pub(super) async fn all(config: &Config) -> Vec<(String, Finding)> {
    let (database, holder) = database(&config.data_dir);
    let mut findings = vec![
        ("config", configuration(config)),
        ("prompts", prompts(config)),
        ("data", data(&config.data_dir)),
        ("database", database),
        ("provider", provider(config).await),
    ];
    if config.provider.is_local() {
        findings.push(("model", model::file(config)));
        findings.push(("processor", model::processor()));
    }
    let mut findings: Vec<_> =
        findings.into_iter().map(|(name, finding)| (name.to_owned(), finding)).collect();
    findings.push(("walls".to_owned(), sandbox::server(config)));
    findings.push(("sandbox".to_owned(), sandbox::sandbox(config).await));
    findings.extend(models::efforts(config));
    findings.extend(models::all(config).await);
    findings.push(("site".to_owned(), site()));
    findings.extend(tls::all(config));
    findings.push(("address".to_owned(), address(config, holder).await));
    findings.push(("login".to_owned(), entrance::login(&config.settings)));
    if let Some(finding) = identity_provider::check(config).await {
        findings.push(("oidc".to_owned(), finding));
    }
    findings
}

fn configuration(config: &Config) -> Finding {
    Good(match &config.file {
        Some(file) => format!("{} was read", file.display()),
        None => "no file; only defaults, the environment and flags".to_owned(),
    })
}

fn prompts(config: &Config) -> Finding {
    match engine::bundle(config) {
        Ok(bundle) => Good(format!("{} profiles, {}", bundle.profiles().len(), bundle.digest())),
        Err(error) => Bad(chain(&error)),
    }
}

/// Inspects the data folder without changing it: a running server is not disturbed, and an older
/// schema is migrated only by the next start.
fn database(folder: &Path) -> (Finding, Option<String>) {
    let look = match Sqlite::look(folder) {
        Ok(look) => look,
        Err(error) => return (Bad(chain(&error)), None),
    };
    let state = match look.schema {
        None => "none yet; the first start creates it".to_owned(),
        Some(schema) if schema < look.known => {
            format!("schema {schema}, will be brought to {} at the next start", look.known)
        }
        Some(schema) if look.unreadable == 0 => format!("schema {schema}, sound"),
        Some(schema) => format!("schema {schema}"),
    };
    let state = match (&look.holder, look.schema) {
        (Some(holder), Some(schema)) => format!("schema {schema}, in use by {holder}"),
        (Some(holder), None) => format!("in use by {holder}"),
        (None, _) => state,
    };
    let finding = match look.unreadable {
        0 => Good(state),
        unreadable => Doubtful(format!(
            "{state}, but {unreadable} of the conversations cannot be read, or only partly; the pages show which, and a backup may contain them completely"
        )),
    };
    (finding, look.holder)
}

/// Checks that files can be created in the folder, or the folder itself if it is missing.
fn data(folder: &Path) -> Finding {
    let shown = folder.display();
    if !folder.exists() {
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let above = whole.ancestors().find(|above| above.is_dir());
        return match above.map(probe) {
            Some(Ok(())) => Good(format!("{shown} will be created")),
            Some(Err(error)) => Bad(format!("{shown} cannot be created: {error}")),
            None => Bad(format!("{shown} cannot be created: no parent of it is a folder")),
        };
    }
    if let Err(error) = probe(folder) {
        return Bad(format!("{shown} cannot be written: {error}"));
    }
    match exposed(folder).unwrap_or_default().first() {
        None => Good(format!("{shown} can be written, and other accounts have no access")),
        Some(Exposed { path, mode, why }) => {
            let path = path.display();
            let next = why.map_or_else(
                || "the next start narrows its mode".to_owned(),
                |why| format!("its mode is not changed, because {why}"),
            );
            Doubtful(format!(
                "{path} lets other accounts of this machine in (mode {mode:03o}); {next}"
            ))
        }
    }
}

fn probe(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".companion-doctor-{}", std::process::id()));
    std::fs::write(&file, b"")?;
    std::fs::remove_file(&file)
}

async fn provider(config: &Config) -> Finding {
    let reason = match engine::providers(config) {
        Ok(providers) => {
            // The model's file is looked at by another thread, which has just been started.
            let _ = timeout(LOOK, providers.look_at_default()).await;
            providers.status().reason
        }
        Err(error) => return Bad(chain(&error)),
    };
    if let Some(reason) = reason {
        let hint = reason.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
        return Bad(format!("{}{hint}", reason.message));
    }
    if config.provider.is_local() {
        return Good("local: the model in this binary".to_owned());
    }
    let name = &config.provider;
    let named = config.endpoints.iter().find(|endpoint| endpoint.name == *name);
    let (url, place) = match named {
        Some(endpoint) => (Some(&endpoint.base_url), endpoint.api_key_place.as_ref()),
        None => (config.base_url.as_ref(), config.api_key_place.as_ref()),
    };
    let url = url.map(String::as_str).unwrap_or_default();
    match place {
        Some(place) => {
            let text = format!("{name}: {url}, with the key from {place}");
            if url.starts_with("http://") && !to_this_machine(url) {
                Doubtful(format!("{text}, which is sent unencrypted"))
            } else {
                Good(text)
            }
        }
        None => {
            let text = format!("{name}: {url}, without a key");
            if to_this_machine(url) { Good(text) } else { Doubtful(text) }
        }
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn to_this_machine(url: &str) -> bool {
    let uri = url.parse::<axum::http::Uri>().ok();
    let host = uri.as_ref().and_then(axum::http::Uri::host).unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

fn site() -> Finding {
    let bytes: usize = assets::ASSETS.iter().map(|asset| asset.plain.len()).sum();
    if assets::embedded() {
        let sent: usize =
            assets::ASSETS.iter().map(|asset| asset.brotli.unwrap_or(asset.plain).len()).sum();
        let count = assets::ASSETS.len();
        Good(format!("{count} files, {} KiB, {} KiB as sent", bytes / 1024, sent / 1024))
    } else {
        Doubtful(
            "this binary contains no script, so its pages work without one; `make build` builds one with it"
                .to_owned(),
        )
    }
}

/// Checks that the address is free. `holder` is the process that uses the data folder, and so
/// probably has the address, too.
async fn address(config: &Config, holder: Option<String>) -> Finding {
    let address = config.settings.http.listen;
    match (listen::bind(address).await, holder) {
        (Ok(_), _) => Good(format!("{address} is free")),
        (Err(ListenError::InUse(_)), Some(holder)) => {
            Doubtful(format!("{address} is in use, probably by {holder}"))
        }
        (Err(error), _) => Bad(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_data_folder_is_reported_and_no_folder_is_created() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let mode = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.path(), mode).unwrap();
        };
        mode(0o755);
        assert!(matches!(data(folder.path()), Doubtful(_)));
        mode(0o700);
        assert!(matches!(data(folder.path()), Good(_)));
        assert!(matches!(data(&folder.path().join("a/b")), Good(_)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(matches!(data(Path::new("a-relative-one")), Good(_)));
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        assert!(matches!(data(&file), Bad(_)));
    }
}
