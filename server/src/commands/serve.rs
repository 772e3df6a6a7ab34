//! `companion serve`: binds the address, opens the runtime, serves, and shuts down in order.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use app::rendering;
use provider_local::Sandbox;
use runtime::Registry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::connections::{self, Connections};
use crate::events::Observers;
use crate::listen;
use crate::signals::Signals;
use crate::state::AppState;
use crate::{descriptors, engine, memory, router, telemetry, walls};

/// The time to tell every observer, keep the text of running turns and finish pending responses.
/// After it, whatever is still running is cut off.
///
/// Together with [`STORE`] and [`crate::ending::THREADS`] it is less than the 10 s after which
/// `docker stop` kills the process, so that a requested stop is always an orderly one.
pub const SHUTDOWN: Duration = Duration::from_secs(7);
/// The time for the store to commit its jobs and to close, if the orderly shutdown did not reach
/// that within [`SHUTDOWN`].
pub const STORE: Duration = Duration::from_secs(2);

/// Serves until a signal asks it to stop; `walls` are those that are in force, which it logs. A second signal ends the process at once.
pub async fn run(config: Config, walls: Option<&Sandbox>) -> anyhow::Result<ExitCode> {
    let config =
        config.with_absolute_paths().context("the working folder does not exist any more")?;
    telemetry::begin(&config)?;
    walls::log(walls);
    memory::give_back_when_idle();
    let mut signals = Signals::take().context("signals cannot be handled")?;
    let listener = listen::bind(config.settings.http.listen).await?;
    let address = listener.local_addr().context("the address of the listener cannot be read")?;
    let registry = tokio::select! {
        opened = engine::open(&config) => opened?,
        // No request was accepted yet, and the start can be aborted at any point.
        _ = signals.next() => {
            info!("stopped before the start was complete");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(rendering::tend(registry.home().clone()));
    let stop = CancellationToken::new();
    let state = AppState::new(registry.clone(), &config.settings, stop.clone());
    let observers = state.observers.clone();
    let router = router::build(state, &config.settings, address);
    let most = descriptors::room_for_connections(&config.settings.http);
    listen::announce(address);
    info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    #[cfg(all(debug_assertions, target_os = "linux"))]
    walls::attempts::if_asked(&config.data_dir);
    if let Some(reason) = registry.home().provider_status().reason {
        let hint = reason.hint.unwrap_or_default();
        warn!(
            reason = reason.message,
            hint, "no provider can answer yet; `companion doctor` says more"
        );
    }

    let mut served =
        pin!(connections::take(listener, router, most, observers.patience(), stop.clone()));
    let open = tokio::select! {
        open = &mut served => open,
        _ = signals.next() => {
            stop.cancel();
            served.await
        }
    };
    tokio::select! {
        () = go_down(&registry, &observers, open) => Ok(ExitCode::SUCCESS),
        code = signals.next() => {
            warn!("stopped at once by a second signal");
            Ok(code)
        }
    }
}

/// Shuts the runtime down first: pending requests get their answers, and observers their last
/// frame.
async fn go_down(registry: &Registry, observers: &Observers, open: Connections) {
    let orderly = async {
        for runtime in registry.runtimes() {
            runtime.shutdown().await;
        }
        tokio::join!(open.end(), observers.ended());
    };
    if tokio::time::timeout(SHUTDOWN, orderly).await.is_ok() {
        info!("stopped");
        return;
    }
    // Committed data is safe in any case; closing commits the waiting jobs and releases the
    // folder's lock.
    let closed = async {
        for runtime in registry.runtimes() {
            runtime.close_store().await;
        }
    };
    match tokio::time::timeout(STORE, closed).await {
        Ok(()) => warn!(
            seconds = SHUTDOWN.as_secs(),
            "stopped without waiting for the requests that still run"
        ),
        Err(_) => error!("stopped without closing the database; the next start recovers it"),
    }
}
