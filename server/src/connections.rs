//! The open connections: they are accepted one by one, limited in number, and closed in order.
//!
//! When the limit is reached, the connection that has been idle for longest is closed to make room
//! for a new one, as nginx does when its `worker_connections` run out (`ngx_drain_connections` in
//! `src/core/ngx_connection.c`). A connection with a request in progress is never closed for that.
//! There is no limit per peer, because behind a proxy and on loopback all peers have the same
//! address.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use activity::Activity;
use unstalled::Unstalled;

mod activity;
mod serve;
mod unstalled;

/// How long a request's head may take to arrive, and how long an idle connection is kept.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of a request's head, which are its address and headers; one read more may pass.
/// A larger head is answered with 431.
pub const HEAD_BYTES: usize = 32 * 1024;
/// The most headers in a request.
pub const HEADERS: usize = 100;
/// How long to wait after a failure to accept if there is no idle connection to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The open connections.
pub struct Connections {
    tasks: JoinSet<()>,
    /// One entry for each task.
    open: HashMap<Id, Open>,
    /// Notified when one of them becomes idle.
    idle: Arc<Notify>,
    /// Cancelled to make each connection end after its current response.
    end: CancellationToken,
}

/// The other end of the connection on which a request came; in the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address. Behind a proxy this is the proxy's.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by this server.
    pub tls: bool,
}

struct Open {
    activity: Arc<Activity>,
    task: AbortHandle,
    /// Whether it was aborted to make room. Its task has not ended yet.
    closing: bool,
}

/// Accepts connections until `stop` and serves at most `most` at a time. Returns the ones that are
/// still open; the listener is closed by then, so new clients are refused at once. A connection
/// whose peer reads none of the sent data for `patience` is dropped.
pub async fn take(
    listener: TcpListener,
    router: Router,
    most: usize,
    patience: Duration,
    stop: CancellationToken,
) -> Connections {
    let mut connections = Connections::new();
    // An accepted connection that has no place yet. Only while there is one, idle connections are
    // closed.
    let mut newcomer: Option<(TcpStream, SocketAddr)> = None;
    loop {
        if connections.open.len() < most {
            if let Some((stream, address)) = newcomer.take() {
                connections.serve(stream, address, patience, router.clone());
            }
        } else if newcomer.is_some() {
            connections.make_room();
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return connections,
            Some(ended) = connections.tasks.join_next_with_id() => connections.forget(&ended),
            () = connections.idle.notified(), if newcomer.is_some() => {}
            accepted = listener.accept(), if newcomer.is_none() => match accepted {
                Ok(accepted) => newcomer = Some(accepted),
                Err(error) => connections.not_accepted(&error).await,
            },
        }
    }
}

impl Connections {
    fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            open: HashMap::new(),
            idle: Arc::new(Notify::new()),
            end: CancellationToken::new(),
        }
    }

    /// Closes idle connections at once and the others after their current response.
    pub async fn end(mut self) {
        self.end.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    /// Closes the connection that has been idle for longest. Returns whether one is closing.
    fn make_room(&mut self) -> bool {
        if self.open.values().any(|open| open.closing) {
            return true;
        }
        let idle =
            self.open.values_mut().filter_map(|open| Some((open.activity.idle_since()?, open)));
        let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) else { return false };
        // This fails if a request has arrived on it in the meantime.
        longest.closing = longest.activity.close();
        if longest.closing {
            longest.task.abort();
            debug!("an idle connection was closed to make room");
        }
        longest.closing
    }

    fn forget(&mut self, ended: &Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.open.remove(&id);
    }

    /// Handles a failure to accept. Nearly always the process has no file descriptor left, and
    /// closing an idle connection gives one back.
    async fn not_accepted(&mut self, error: &io::Error) {
        if self.make_room() {
            if let Some(ended) = self.tasks.join_next_with_id().await {
                self.forget(&ended);
            }
        } else {
            warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    fn serve(
        &mut self,
        stream: TcpStream,
        address: SocketAddr,
        patience: Duration,
        router: Router,
    ) {
        // Most writes are small, and none should wait to be sent together with the next.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::new(self.idle.clone()));
        let peer = Peer { address, tls: false };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .serve_connection(
                TokioIo::new(Unstalled::new(stream, patience, activity.clone())),
                serve::watched(router, peer, activity.clone()),
            )
            .with_upgrades();
        let end = self.end.clone();
        let task = self.tasks.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = end.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                debug!(%error, "a connection ended with an error");
            }
        });
        self.open.insert(task.id(), Open { activity, task, closing: false });
    }
}
