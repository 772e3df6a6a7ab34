//! One HTTP/2 connection: its limits, and when it is closed.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::rt::{Executor, Read, Write};
use hyper::server::conn::http2;
use hyper_util::rt::TokioTimer;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::streams::{Shared, multiplexed};
use super::{HEAD_BYTES, HEAD_TIMEOUT};

/// The most requests at a time on one connection. RFC 9113, section 6.5.2, recommends to allow no
/// fewer than 100.
pub const STREAMS: u32 = 100;
/// The most bytes of a body that may be sent ahead of its being read, for one request and for all
/// of a connection. A body is read as it arrives, so more would help only an upload over a long
/// distance: this allows 5 MB/s at a round trip of 50 ms.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;
/// The largest frame in bytes, which is the smallest limit that RFC 9113 allows.
const FRAME_BYTES: u32 = 16 * 1024;
/// The most bytes of an answer that wait in hyper for its reader.
const SEND_BYTES: usize = 64 * 1024;
/// The most requests that a client may take back before they were looked at; then the connection
/// is closed. Against "rapid reset" (CVE-2023-44487). It is h2's default, said here so that it is
/// a decision. h2 itself bounds CONTINUATION frames by `HEAD_BYTES` (RUSTSEC-2024-0332).
const TAKEN_BACK: usize = 20;
/// The most requests that may end in an error of the protocol (RUSTSEC-2024-0003).
const PROTOCOL_ERRORS: usize = 256;
/// How often a peer is asked for a sign of life, and how long it may take to answer. An observer
/// whose machine is gone keeps its place no longer than both together.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(20);
/// How long a connection without requests is kept. It replaces several connections of HTTP/1.1,
/// and a handshake costs a phone more than a second.
pub const IDLE: Duration = Duration::from_secs(120);
/// How long a connection that is closing may wait for its peer once its last request has ended.
const GOODBYE: Duration = Duration::from_secs(1);
/// How often the connection is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Serves the requests of one connection, until it ends or has ended after `leave`. It is dropped if
/// the reader of an answer makes no room for the next piece for `patience`.
pub(super) async fn serve<I>(io: I, shared: Shared, patience: Duration, leave: CancellationToken)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let (activity, stalls) = (shared.activity.clone(), shared.stalls.clone());
    let streams = Streams::default();
    let _end = EndOf(streams.clone());
    let connection = http2::Builder::new(streams)
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME_BYTES)
        .max_send_buf_size(SEND_BYTES)
        .max_header_list_size(HEAD_BYTES as u32)
        .max_pending_accept_reset_streams(TAKEN_BACK)
        .max_local_error_reset_streams(PROTOCOL_ERRORS)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .serve_connection(io, multiplexed(shared));
    let mut connection = pin!(connection);
    let mut look = tokio::time::interval(LOOK.min(patience / 2).max(Duration::from_millis(1)));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // When it began to close.
    let mut leaving: Option<Instant> = None;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%error, "a connection ended with an error");
                }
                return;
            }
            () = leave.cancelled(), if leaving.is_none() => {
                connection.as_mut().graceful_shutdown();
                leaving = Some(Instant::now());
            }
            _ = look.tick() => {
                if stalls.longest() >= patience {
                    debug!("a connection was closed because its peer stopped reading");
                    return;
                }
                let most = if activity.is_new() { HEAD_TIMEOUT } else { IDLE };
                let idle = activity.idle_since().map(|since| since.elapsed());
                match leaving {
                    // The peer need not answer the goodbye, so it is not waited for.
                    Some(since) if since.elapsed() >= GOODBYE && activity.is_at_rest() => return,
                    None if idle.is_some_and(|idle| idle >= most) => {
                        connection.as_mut().graceful_shutdown();
                        leaving = Some(Instant::now());
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Runs the requests of one connection, each in a task of its own.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

impl Streams {
    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        let mut running = self.running();
        // Otherwise the set would hold a result of each past request.
        while running.try_join_next().is_some() {}
        running.spawn(request);
    }
}

/// Ends the requests with their connection. They hold [`Streams`] themselves, so the set would not
/// end with its last owner.
struct EndOf(Streams);

impl Drop for EndOf {
    fn drop(&mut self) {
        self.0.running().abort_all();
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use hyper::client::conn::http2::handshake;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::io::DuplexStream;
    use tokio::sync::{Notify, Semaphore};
    use tokio::task::JoinHandle;

    use super::super::Peer;
    use super::super::activity::Activity;
    use super::super::stalls::Stalls;
    use super::*;

    /// Serves one end of a connection, and returns the other one.
    fn serving(router: Router) -> (DuplexStream, JoinHandle<()>) {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let shared = Shared {
            router,
            peer: Peer { address: "127.0.0.1:1".parse().unwrap(), tls: true },
            activity: Arc::new(Activity::idle(Arc::new(Notify::new()))),
            stalls: Arc::new(Stalls::new()),
            places: Arc::new(Semaphore::new(8)),
        };
        let patience = Duration::from_secs(1000);
        let end = CancellationToken::new();
        (client, tokio::spawn(serve(TokioIo::new(server), shared, patience, end)))
    }

    fn ask() -> Request<Body> {
        Request::get("https://desk.example/").body(Body::empty()).unwrap()
    }

    fn about(took: Duration, expected: Duration) -> bool {
        took >= expected && took <= expected + GOODBYE + 3 * LOOK
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_closed_after_its_time() {
        let begin = Instant::now();
        let (_silent, served) = serving(Router::new());
        served.await.unwrap();
        assert!(about(begin.elapsed(), HEAD_TIMEOUT), "{:?}", begin.elapsed());
        for (requests, most) in [(0, HEAD_TIMEOUT), (1, IDLE)] {
            let begin = Instant::now();
            let (client, served) = serving(Router::new());
            let opened = handshake(TokioExecutor::new(), TokioIo::new(client)).await;
            let (mut client, connection) = opened.unwrap();
            let connection = tokio::spawn(connection);
            for _ in 0..requests {
                assert_eq!(client.send_request(ask()).await.unwrap().status(), 404);
            }
            served.await.unwrap();
            assert!(about(begin.elapsed(), most), "{:?}", begin.elapsed());
            let _ = connection.await.unwrap();
        }
    }
}
