//! The open connections: taken one by one, bounded in number, ended in order.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use unstalled::Unstalled;

mod unstalled;

/// Until a request's head has to be there, and how long an idle connection is kept.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's head, address and headers, give or take one read. More is answered with
/// 431.
pub const HEAD_BYTES: usize = 32 * 1024;
/// Headers in a request.
pub const HEADERS: usize = 100;
/// After a failure to accept (no file descriptors left, say) it is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that are still open after no more were taken.
pub struct Connections {
    tasks: JoinSet<()>,
    /// Cancelled to make each end after its answer.
    end: CancellationToken,
}

/// Takes at most `most` connections at a time until `stop`; returns those still open. The
/// listener is closed by then, so that whoever comes sees that nobody is here. A connection
/// whose peer takes nothing of what it is sent for `patience` is dropped.
pub async fn take(
    listener: TcpListener,
    router: Router,
    most: usize,
    patience: Duration,
    stop: CancellationToken,
) -> Connections {
    let places = Arc::new(Semaphore::new(most));
    let mut open = Connections { tasks: JoinSet::new(), end: CancellationToken::new() };
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return open,
            Some(_) = open.tasks.join_next() => {}
            (accepted, place) = next => match (accepted, place) {
                (Ok((stream, _)), Ok(place)) => {
                    open.serve(stream, patience, router.clone(), place);
                }
                (Err(error), _) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                (Ok(_), Err(_)) => {}
            },
        }
    }
}

impl Connections {
    /// Ends idle connections at once and the others after the answer that they wait for.
    pub async fn end(mut self) {
        self.end.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    fn serve(
        &mut self,
        stream: TcpStream,
        patience: Duration,
        router: Router,
        place: OwnedSemaphorePermit,
    ) {
        // Small frames are the rule; none should wait for another one.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .serve_connection(
                TokioIo::new(Unstalled::new(stream, patience)),
                TowerToHyperService::new(router),
            )
            .with_upgrades();
        let end = self.end.clone();
        self.tasks.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = end.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                debug!(%error, "a connection ended badly");
            }
            drop(place);
        });
    }
}
