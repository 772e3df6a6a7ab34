//! How the tests wait: tokio's time is paused, and the store's threads run in real time.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Longer than anything here takes: after this time a request counts as hanging.
const HANG: Duration = Duration::from_secs(10);

/// Lets all other tasks run, and the store's threads, too.
pub(crate) async fn others() {
    tokio::task::yield_now().await;
    std::thread::sleep(Duration::from_micros(20));
    tokio::task::yield_now().await;
}

/// Waits for the result of a request.
#[track_caller]
pub(crate) fn done<T>(request: impl Future<Output = T>) -> impl Future<Output = T> {
    let asked = Location::caller();
    async move {
        let (mut request, begin) = (pin!(request), Instant::now());
        loop {
            if let Poll::Ready(outcome) = once(&mut request).await {
                return outcome;
            }
            assert!(begin.elapsed() < HANG, "a request hangs: {asked}");
            others().await;
        }
    }
}

/// Waits for the result of `other`; `waiting` must not be done before it.
#[track_caller]
pub(crate) fn before<T, F: Future + Unpin>(
    waiting: &mut F,
    other: impl Future<Output = T>,
) -> impl Future<Output = T> {
    let asked = Location::caller();
    async move {
        let (mut other, begin) = (pin!(other), Instant::now());
        loop {
            assert!(once(waiting).await.is_pending(), "it is done too early: {asked}");
            if let Poll::Ready(outcome) = once(&mut other).await {
                return outcome;
            }
            assert!(begin.elapsed() < HANG, "a request hangs: {asked}");
            others().await;
        }
    }
}

/// Gives other tasks some time in which something could go wrong.
pub(crate) async fn a_moment() {
    for _ in 0..20 {
        others().await;
    }
}

/// Polls a future once.
pub(crate) async fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

/// Waits until `now` returns `expected`; advances the time by a frame now and then.
pub(crate) async fn until<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &T,
    mut now: impl AsyncFnMut() -> T,
) {
    let begin = Instant::now();
    for round in 1.. {
        let found = now().await;
        if found == *expected {
            return;
        }
        assert!(begin.elapsed() < HANG, "{what}:\nfound    {found:?}\nexpected {expected:?}");
        others().await;
        if round % 10 == 0 {
            tokio::time::advance(Duration::from_millis(6)).await;
        }
    }
}
