//! `companion serve`: binds the address, opens the runtime, serves, and shuts down in order.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use accounts::Accounts;
use anyhow::Context as _;
use app::rendering;
use provider_local::Sandbox;
use runtime::Registry;
use shares::Shares;
use tokio::net::UnixSocket;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::caller::{is_readable_on_the_way, needs_accounts};
use crate::config::{Config, Settings};
use crate::connections::{self, Connections, Service};
use crate::descriptors::Room;
use crate::events::Observers;
use crate::listen::{self, Scheme};
use crate::own_socket::OwnSocket;
use crate::signals::Signals;
use crate::state::AppState;
use crate::tls::{Tls, reload};
use crate::{engine, identity_provider, memory, router, telemetry, walls};

/// The time to tell every observer, keep the text of running turns and finish pending responses.
/// After it, whatever is still running is cut off.
///
/// Together with [`STORE`] and [`crate::ending::THREADS`] it is less than the 10 s after which
/// `docker stop` kills the process, so that a requested stop is always an orderly one.
pub const SHUTDOWN: Duration = Duration::from_secs(7);
/// The time for the store to commit its jobs and to close, if the orderly shutdown did not reach
/// that within [`SHUTDOWN`].
pub const STORE: Duration = Duration::from_secs(2);

/// Serves until a signal asks it to stop; `walls` are those that are in force, which it logs, and
/// `own_socket` was made before them. A second signal ends the process at once.
pub async fn run(
    config: Config,
    walls: Option<&Sandbox>,
    own_socket: io::Result<UnixSocket>,
) -> anyhow::Result<ExitCode> {
    let config =
        config.with_absolute_paths().context("the working folder does not exist any more")?;
    telemetry::begin(&config)?;
    walls::log(walls);
    memory::give_back_when_idle();
    // Before the signals are taken: on a disk that does not answer, a signal ends the process.
    let tls = config.settings.tls.files().map(Tls::open).transpose()?;
    let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
    let mut signals = Signals::take().context("signals cannot be handled")?;
    let listener = listen::bind(config.settings.http.listen).await?;
    let address = listener.local_addr().context("the address of the listener cannot be read")?;
    let engine::Opened { registry, accounts, shares } = tokio::select! {
        opened = engine::open(&config) => opened?,
        // No request was accepted yet, and the start can be aborted at any point.
        _ = signals.next() => {
            info!("stopped before the start was complete");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(rendering::tend(registry.home().clone()));
    if let Some(tls) = tls.clone() {
        tasks.spawn(tls.keep_fresh(reload::EVERY));
    }
    let stop = CancellationToken::new();
    let identity_provider = identity_provider::of(&config)?;
    let (settings, closing) = (&config.settings, stop.clone());
    let room = Room::within_limit(&settings.http);
    let state =
        AppState::new(registry.clone(), accounts.clone(), shares.clone(), settings, room, closing)
            .with_identity_provider(identity_provider);
    match own_socket.and_then(|socket| OwnSocket::bind(socket, &config.data_dir)) {
        Ok(socket) => {
            let router = router::for_own_socket(state.clone(), &config.settings, address);
            tasks.spawn(socket.serve(router, stop.clone()));
        }
        Err(error) => warn!(%error, "`companion account` needs the server to be stopped"),
    }
    tasks.spawn(remove_ended(accounts.clone(), shares));
    let observers = state.observers.clone();
    let router = router::build(state, &config.settings, address);
    let most = usize::try_from(room.connections).unwrap_or(usize::MAX);
    let base = config.settings.http.base();
    listen::announce(scheme, address, &base);
    tell_how_to_begin(&accounts, &config.settings, scheme, address).await?;
    info!(%scheme, %address, %base, version = env!("CARGO_PKG_VERSION"), "serving");
    #[cfg(all(debug_assertions, target_os = "linux"))]
    walls::attempts::if_asked(&config.data_dir);
    if let Some(reason) = registry.home().provider_status().reason {
        let hint = reason.hint.unwrap_or_default();
        warn!(
            reason = reason.message,
            hint, "no provider can answer yet; `companion doctor` says more"
        );
    }

    let service = Service { router, tls, patience: observers.patience() };
    let mut served = pin!(connections::take(listener, service, most, stop.clone()));
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

/// How often the rows of sessions and shares that have ended are removed.
const ENDED_EVERY: Duration = Duration::from_secs(60 * 60);

async fn remove_ended(accounts: Accounts, shares: Shares) {
    loop {
        if let Err(error) = accounts.collect().await {
            warn!(error = &error as &dyn std::error::Error, "ended sessions are not removed");
        }
        if let Err(error) = shares.collect().await {
            warn!(error = &error as &dyn std::error::Error, "ended shares are not removed");
        }
        tokio::time::sleep(ENDED_EVERY).await;
    }
}

/// Prints the code with which the first account is made, if nobody can come in without one. It goes
/// to standard error and not into the log, because it lets in who reads it.
async fn tell_how_to_begin(
    accounts: &Accounts,
    settings: &Settings,
    scheme: Scheme,
    address: SocketAddr,
) -> anyhow::Result<()> {
    if is_readable_on_the_way(settings) {
        warn!("passwords can be read on the network, unless a proxy encrypts them: see tls_cert");
    }
    let everybody_needs_one = needs_accounts(settings);
    if !everybody_needs_one || accounts.is_set_up().await.context("the accounts are unreadable")? {
        return Ok(());
    }
    let code = accounts.new_set_up_code();
    eprintln!(
        "set-up code: {}\nOpen {scheme}://{address}{base}/setup within 15 minutes, under the name by which you \
         reach this server, and create the first account with this code. Or create it here with \
         `companion account add NAME`.",
        code.reveal(),
        base = settings.http.base(),
    );
    Ok(())
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
