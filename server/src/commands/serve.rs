//! `companion serve`: bind, open, serve, and go down in order.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use runtime::Registry;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::connections::{self, Connections};
use crate::events::Observers;
use crate::listen;
use crate::signals::Signals;
use crate::state::AppState;
use crate::{descriptors, engine, router, telemetry};

/// What may be needed to tell every observer, keep the text of running turns and finish
/// the answers under way. Whoever is not done by then is cut off.
pub const SHUTDOWN: Duration = Duration::from_secs(10);

/// Serves until it is asked to stop. A second signal ends the process at once.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let config = config.with_absolute_paths().context("the working folder is gone")?;
    telemetry::begin(&config)?;
    let mut signals = Signals::take().context("the signals cannot be taken")?;
    let listener = listen::bind(config.settings.http.listen).await?;
    let address = listener.local_addr().context("the address cannot be read")?;
    let registry = engine::open(&config).await?;
    let stop = CancellationToken::new();
    let state = AppState::new(registry.clone(), &config.settings, stop.clone());
    let observers = state.observers.clone();
    let router = router::build(state, &config.settings, address);
    let most = descriptors::room_for_connections(&config.settings.http);
    listen::announce(address);
    info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");

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
        code = signals.next() => Ok(code),
    }
}

/// First the runtime: what waits for a turn gets its answer, observers get their last frame.
async fn go_down(registry: &Registry, observers: &Observers, open: Connections) {
    let orderly = async {
        for runtime in registry.runtimes() {
            runtime.shutdown().await;
        }
        tokio::join!(open.end(), observers.ended());
    };
    match tokio::time::timeout(SHUTDOWN, orderly).await {
        Ok(()) => info!("stopped"),
        Err(_) => warn!(seconds = SHUTDOWN.as_secs(), "stopped without waiting any longer"),
    }
}
