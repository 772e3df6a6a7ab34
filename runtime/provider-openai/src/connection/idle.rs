//! The idle connections of an endpoint.
//!
//! Only connections whose response was read to its end are added. A connection is checked when it
//! is taken, but it may not show yet that the other side has closed it, so its user must be ready
//! to send the request again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::config::IDLE_CONNECTIONS;
use super::HttpConnection;

pub(crate) struct IdleConnections {
    /// How long an idle connection is kept.
    limit: Duration,
    idle: Arc<Mutex<Idle>>,
    /// Runs at most one task, which closes connections that were not used in time.
    sweeper: TaskTracker,
    closed: CancellationToken,
}

#[derive(Default)]
struct Idle {
    /// Each with the time at which it is closed; later ones have later times.
    links: Vec<(Instant, HttpConnection)>,
    is_swept: bool,
}

impl IdleConnections {
    pub(crate) fn new(limit: Duration) -> Self {
        let (sweeper, closed) = (TaskTracker::new(), CancellationToken::new());
        Self { limit, idle: Arc::default(), sweeper, closed }
    }

    /// Takes the connection that was used last and can be used again.
    pub(crate) async fn take(&self) -> Option<HttpConnection> {
        loop {
            let (until, mut connection) = lock(&self.idle).links.pop()?;
            if Instant::now() < until && connection.is_idle().await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request, if it can be used for one.
    pub(crate) async fn put(&self, mut connection: HttpConnection) {
        if !connection.is_idle().await {
            return;
        }
        let mut idle = lock(&self.idle);
        // Invariant: no connection is kept after `close`, which takes the same lock.
        if self.closed.is_cancelled() {
            return;
        }
        if idle.links.len() >= IDLE_CONNECTIONS {
            idle.links.remove(0);
        }
        idle.links.push((Instant::now() + self.limit, connection));
        if !std::mem::replace(&mut idle.is_swept, true) {
            self.sweeper.spawn(sweep(self.idle.clone(), self.closed.clone()));
        }
    }

    /// Closes all connections, and every one that is put later.
    pub(crate) async fn close(&self) {
        {
            let mut idle = lock(&self.idle);
            self.closed.cancel();
            idle.links.clear();
        }
        self.sweeper.close();
        self.sweeper.wait().await;
    }
}

async fn sweep(idle: Arc<Mutex<Idle>>, closed: CancellationToken) {
    loop {
        let next = {
            let mut idle = lock(&idle);
            let now = Instant::now();
            idle.links.retain(|(until, _)| now < *until);
            match idle.links.first() {
                Some((until, _)) => *until,
                None => {
                    idle.is_swept = false;
                    return;
                }
            }
        };
        if closed.run_until_cancelled(sleep_until(next)).await.is_none() {
            return;
        }
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
