//! What the server has to reach when it is enclosed, by its configuration.

mod endpoints;
mod folders;
mod system;

use std::path::PathBuf;

use landlock::PathFd;

use crate::assets::disk;
use crate::config::{Config, Settings};
use folders::{open, with_folder};

/// The files and ports that are left. Paths that do not exist are left out.
pub(super) struct Reach {
    /// Folders in which files are made and changed.
    pub(super) written: Vec<PathFd>,
    /// Files and folders that are read.
    pub(super) read: Vec<PathFd>,
    /// Devices that are read and written.
    pub(super) devices: Vec<PathFd>,
    /// Sockets in the file system that are connected to.
    pub(super) unix_sockets: Vec<PathFd>,
    /// Whether sockets of that kind may be opened at all.
    pub(super) has_unix_sockets: bool,
    /// TCP ports that are listened on; 0 is any port that the system chooses.
    pub(super) bound: Vec<u16>,
    /// TCP ports that are connected to, at any address.
    pub(super) connected: Vec<u16>,
}

/// Makes the folders that the server may need later, because a rule needs the folder itself. Why that
/// fails is reported when they are opened.
pub(super) fn make_folders(config: &Config) {
    if config.data_dir.symlink_metadata().is_err() {
        let _ = store_sqlite::make_folder(&config.data_dir);
    }
    // The default model may be put into its folder while the server runs.
    if config.bundled_model()
        && let Some(folder) = config.model_file.parent()
    {
        let _ = std::fs::create_dir_all(folder);
    }
}

/// What the server with this configuration has to reach.
pub(super) fn of(config: &Config) -> Reach {
    let places = endpoints::places(config);
    let names = endpoints::names(&places);
    let mut read: Vec<PathBuf> = system::PROCESS.iter().map(PathBuf::from).collect();
    if !places.is_empty() {
        read.extend(system::certificates());
    }
    if !names.is_empty() {
        read.extend(system::resolver());
    }
    let has_unix_sockets = names.iter().any(|name| name.ends_with(".local"));
    let sockets = if has_unix_sockets { system::RESOLVER_SOCKETS.as_slice() } else { &[] };
    let has_dns = if names.is_empty() { None } else { Some(system::DNS) };
    Reach {
        written: open(vec![config.data_dir.clone()]),
        read: open(read.into_iter().chain(configured(config)).collect()),
        devices: open(vec![PathBuf::from("/dev/null")]),
        unix_sockets: open(sockets.iter().map(PathBuf::from).collect()),
        has_unix_sockets,
        bound: vec![config.settings.http.listen.port()],
        connected: places.into_iter().map(|(_, port)| port).chain(has_dns).collect(),
    }
}

/// The files and folders that the configuration names, apart from the data folder.
fn configured(config: &Config) -> Vec<PathBuf> {
    let settings = &config.settings;
    let mut all = of_settings(settings);
    all.extend(config.endpoints.iter().filter_map(|endpoint| endpoint.ca_file.clone()));
    all.extend(with_folder(&config.model_file));
    all
}

/// Those of the plain settings. Whatever else the server reads after its start belongs here; of files
/// that are replaced while it runs, the folder (see [`with_folder`]).
fn of_settings(settings: &Settings) -> Vec<PathBuf> {
    let folders = [settings.local.model_dir.clone(), settings.prompts.prompts_dir.clone()];
    folders.into_iter().flatten().chain(disk::folder()).collect()
}
