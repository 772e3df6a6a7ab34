//! Encloses the server before it serves anybody, so that a fault of it that somebody exploits leads
//! to as little else as possible: to no file but its own, to no port but those of its endpoints, to
//! no program, and to no other process.
//!
//! The walls belong to a thread and are inherited by the threads that it starts, so they are raised
//! on the main thread, before there is another one. The model's process is started by the
//! [`spawner`](provider_local::spawner), which is outside; it has walls of its own. A wall that the kernel does not have is
//! reported, and the server runs without it unless `require_sandbox` is set.
//! `docs/adr/server-walls.md` says why the walls are as they are.

use provider_local::Sandbox;
use tracing::{info, warn};

use crate::config::Config;

#[cfg(all(debug_assertions, target_os = "linux"))]
pub mod attempts;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod reach;
#[cfg(target_os = "linux")]
mod system_calls;
#[cfg(target_os = "linux")]
mod threads;

/// Why the server must not start.
#[derive(Debug, thiserror::Error)]
pub enum WallsError {
    /// The configuration requires all walls.
    #[error("require_sandbox is set, but this system lacks a part of the server's sandbox: {0}")]
    Missing(String),
}

/// Raises the walls around this process, unless they are switched off; then it returns `None`.
///
/// Must be called on the main thread, before another thread is started and before the data is
/// opened. Makes the data folder if it is missing, because a rule needs the folder itself. Fails
/// if a wall is missing and the configuration requires it.
pub fn raise(config: &Config) -> Result<Option<Sandbox>, WallsError> {
    if !config.settings.http.sandbox {
        return Ok(None);
    }
    let report = enclose_process(config);
    if config.settings.local.require_sandbox && !report.missing.is_empty() {
        return Err(WallsError::Missing(report.missing.join("; ")));
    }
    Ok(Some(report))
}

#[cfg(target_os = "linux")]
fn enclose_process(config: &Config) -> Sandbox {
    let threads = threads::check_single();
    let spawner = provider_local::spawner::Spawner::start();
    reach::make_folders(config);
    let mut report = enclose(config, spawner.is_ok());
    if let Err(why) = threads {
        report.missing.push(format!("no thread outside: {why}"));
    }
    if let Err(error) = spawner {
        report.missing.push(format!("no programs: the spawner cannot be started: {error}"));
    }
    report
}

#[cfg(not(target_os = "linux"))]
fn enclose_process(config: &Config) -> Sandbox {
    enclose(config, false)
}

/// The walls that this system has for the server: raises them around a thread that ends then.
pub fn probe(config: &Config) -> Sandbox {
    let tried = std::thread::scope(|scope| scope.spawn(|| enclose(config, true)).join());
    tried.unwrap_or_else(|_| Sandbox {
        missing: vec!["the walls cannot be tried out".to_owned()],
        ..Sandbox::default()
    })
}

/// Writes to the log which walls there are.
pub fn log(walls: Option<&Sandbox>) {
    let Some(Sandbox { in_force, missing, single }) = walls else {
        return warn!("the server runs without its sandbox, because it is switched off");
    };
    let (in_force, single) = (in_force.join(", "), single.join(", "));
    info!(in_force, lacks = single, "the server is in its sandbox");
    for wall in missing {
        warn!(
            wall,
            "the server's sandbox lacks a wall, so a fault of the server could do more harm"
        );
    }
}

/// Encloses this thread, and those that it starts. With `has_spawner` it can start no programs.
#[cfg(target_os = "linux")]
fn enclose(config: &Config, has_spawner: bool) -> Sandbox {
    let mut report = Sandbox::default();
    let mut note = |wall: &str, raised: Result<(), String>| match raised {
        Ok(()) => report.in_force.push(wall.to_owned()),
        Err(why) => report.missing.push(format!("{wall}: {why}")),
    };
    let reach = reach::of(config);
    note("no privileges", privileges::drop_privileges());
    let files = files::restrict(&reach);
    // Last, because the filter denies calls that raise the other walls.
    note("seccomp (system calls)", system_calls::filter(has_spawner, reach.has_unix_sockets));
    match files {
        Ok(files::Restricted { described, single, missing }) => {
            report.in_force.push(described);
            report.single.extend(single);
            report.missing.extend(missing);
        }
        Err(why) => report.missing.push(format!("Landlock (files and ports): {why}")),
    }
    report
}

#[cfg(not(target_os = "linux"))]
fn enclose(_config: &Config, _has_spawner: bool) -> Sandbox {
    let missing = vec!["Landlock and seccomp: only Linux has them".to_owned()];
    Sandbox { missing, ..Sandbox::default() }
}
