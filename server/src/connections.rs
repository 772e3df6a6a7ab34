//! The open connections: they are accepted one by one, limited in number, and closed in order.
//!
//! When the limit is reached, the connection that has been idle for longest is closed to make room
//! for a new one, as nginx does when its `worker_connections` run out (`ngx_drain_connections` in
//! `src/core/ngx_connection.c`). A connection with a request in progress is never closed for that.
//! There is no limit per peer, because behind a proxy and on loopback all peers have the same
//! address.
//!
//! With a certificate each connection begins with a TLS handshake, in which the client chooses
//! HTTP/2 or HTTP/1.1. Browsers open WebSockets over HTTP/1.1, on a connection of their own, since
//! this server does not announce the extended CONNECT of RFC 8441.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::tls::{HTTP_2, Tls};
use activity::Activity;
use handshake::Greeted;
use stalls::Stalls;
use streams::Shared;
use unstalled::Unstalled;

mod activity;
mod handshake;
mod http2;
mod plain;
mod serve;
mod stalls;
mod streams;
mod unstalled;

pub use handshake::HANDSHAKE_TIMEOUT;
pub use http2::{IDLE, STREAMS};

/// How long a request's head may take to arrive, and how long an idle connection is kept.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of a request's head, which are its address and headers; one read more may pass.
/// A larger head is answered with 431.
pub const HEAD_BYTES: usize = 32 * 1024;
/// The most headers in a request.
pub const HEADERS: usize = 100;
/// How long to wait after a failure to accept if there is no idle connection to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// For how long an HTTP/2 connection must have been idle to be closed without a goodbye: the end of
/// an answer may still have waited for its reader when the connection became idle.
const SETTLED: Duration = Duration::from_secs(5);

/// The open connections.
pub struct Connections {
    tasks: JoinSet<()>,
    /// One entry for each task.
    open: HashMap<Id, Open>,
    /// The connections whose handshake may be going on, the oldest first. Only half of the places
    /// are for them, so that slow handshakes leave the rest to others.
    handshakes: VecDeque<Id>,
    most: usize,
    /// The places for requests over HTTP/2.
    places: Arc<Semaphore>,
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
    /// Cancelled to make this connection end after its current responses.
    leave: CancellationToken,
    /// Whether it is being closed to make room. Its task has not ended yet.
    closing: bool,
}

/// How connections are served.
#[derive(Clone)]
pub struct Service {
    /// Answers the requests.
    pub router: Router,
    /// The server's certificate; `None` to serve without encryption.
    pub tls: Option<Tls>,
    /// A connection whose peer reads none of the sent data for this long is dropped.
    pub patience: Duration,
}

/// Accepts connections until `stop` and serves at most `most` at a time. Returns the ones that are
/// still open; the listener is closed by then, so new clients are refused at once.
pub async fn take(
    listener: TcpListener,
    service: Service,
    most: usize,
    stop: CancellationToken,
) -> Connections {
    let mut connections = Connections::new(most);
    // An accepted connection that has no place yet. Only while there is one, idle connections are
    // closed.
    let mut newcomer: Option<(TcpStream, SocketAddr)> = None;
    loop {
        if connections.open.len() < most {
            if let Some((stream, address)) = newcomer.take() {
                connections.serve(stream, address, service.clone());
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
    fn new(most: usize) -> Self {
        Self {
            tasks: JoinSet::new(),
            open: HashMap::new(),
            handshakes: VecDeque::new(),
            most,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
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
        let Some((since, longest)) = idle.min_by_key(|(since, _)| *since) else { return false };
        let sent = longest.activity.has_sent_all() || since.elapsed() >= SETTLED;
        // This fails if a request has arrived on it in the meantime.
        longest.closing = longest.activity.close();
        if longest.closing {
            if sent {
                longest.task.abort();
            } else {
                longest.leave.cancel();
            }
            debug!("an idle connection was closed to make room");
        }
        longest.closing
    }

    /// Closes the oldest handshake if there are too many.
    fn bound_handshakes(&mut self) {
        let most = (self.most / 2).max(1);
        if self.handshakes.len() <= most {
            return;
        }
        let open = &mut self.open;
        self.handshakes
            .retain(|id| open.get(id).is_some_and(|open| open.activity.is_in_handshake()));
        if self.handshakes.len() <= most {
            return;
        }
        let oldest = self.handshakes.pop_front();
        let Some(oldest) = oldest.and_then(|id| open.get_mut(&id)) else { return };
        oldest.closing = oldest.activity.close();
        if oldest.closing {
            oldest.task.abort();
            debug!("a slow handshake was ended for a new one");
        }
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

    fn serve(&mut self, stream: TcpStream, address: SocketAddr, service: Service) {
        // Most writes are small, and none should wait to be sent together with the next.
        let _ = stream.set_nodelay(true);
        let Service { router, tls, patience } = service;
        let idle = self.idle.clone();
        let activity = Arc::new(match &tls {
            Some(_) => Activity::handshake(idle),
            None => Activity::idle(idle),
        });
        let leave = self.end.child_token();
        let peer = Peer { address, tls: tls.is_some() };
        let stream = Unstalled::new(stream, patience, activity.clone());
        let places = self.places.clone();
        let stalls = Arc::new(Stalls::new());
        let shared = Shared { router, peer, activity: activity.clone(), stalls, places };
        let secure = tls.is_some();
        let task = self.tasks.spawn({
            let leave = leave.clone();
            async move {
                match tls {
                    None => http1(stream, shared, leave).await,
                    Some(tls) => encrypted(stream, tls, shared, patience, leave).await,
                }
            }
        });
        let id = task.id();
        self.open.insert(id, Open { activity, task, leave, closing: false });
        if secure {
            self.handshakes.push_back(id);
            self.bound_handshakes();
        }
    }
}

/// Serves a connection to a TLS port.
async fn encrypted(
    stream: Unstalled,
    tls: Tls,
    shared: Shared,
    patience: Duration,
    leave: CancellationToken,
) {
    let greeted = tokio::select! {
        greeted = handshake::greet(stream, &tls) => greeted,
        () = leave.cancelled() => return,
    };
    match greeted {
        Err(error) => debug!(%error, "no TLS connection"),
        Ok(Greeted::Plain(stream)) => {
            let connection =
                http1_builder().serve_connection(TokioIo::new(stream), plain::refusing());
            tokio::select! {
                _ = connection => {}
                () = leave.cancelled() => {}
            }
        }
        Ok(Greeted::Tls(stream)) => {
            let chosen = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
            shared.activity.shaken();
            if chosen {
                http2::serve(TokioIo::new(*stream), shared, patience, leave).await;
            } else {
                http1(*stream, shared, leave).await;
            }
        }
    }
}

async fn http1<I>(io: I, shared: Shared, leave: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = serve::watched(shared.router, shared.peer, shared.activity);
    let connection = http1_builder().serve_connection(TokioIo::new(io), service).with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = leave.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended with an error");
    }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    builder
}
