//! The places of observers: bounded in all, and for each account.

use std::sync::Arc;
use std::time::Duration;

use protocol::{Error, ErrorCode};
use runtime::AccountPlaces;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::UNANSWERED_PINGS;
use crate::bounds::{BUSY_RETRY_MS, Share, Sharer};
use crate::error::ApiResult;

/// The slots for observers, and the streams that are open.
#[derive(Clone, Debug)]
pub struct Observers {
    slots: Arc<Semaphore>,
    /// The slots of one account.
    shares: AccountPlaces,
    /// Tracks every open stream, so that a shutdown can wait for them.
    open: TaskTracker,
    ping: Duration,
}

/// One slot, held while a stream is open.
#[derive(Debug)]
pub(super) struct ObserverSlot {
    _share: Share,
    _permit: OwnedSemaphorePermit,
    _open: TaskTrackerToken,
}

impl Observers {
    /// Creates `most` slots for a server that accepts as many `connections`. One account gets three
    /// quarters of either, because a stream of Server-Sent Events holds a connection, too. `ping` is
    /// the time between two pings.
    pub fn new(most: usize, connections: usize, ping: Duration) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(most)),
            shares: AccountPlaces::three_quarters_of(most.min(connections)),
            open: TaskTracker::new(),
            ping,
        }
    }

    /// The time between two pings.
    pub fn ping(&self) -> Duration {
        self.ping
    }

    /// How long an observer may go without reading any of the sent data.
    pub fn patience(&self) -> Duration {
        self.ping * UNANSWERED_PINGS
    }

    /// Waits until every stream has ended.
    pub async fn ended(&self) {
        self.open.close();
        self.open.wait().await;
    }

    /// Takes a slot. Errors with `rate_limited` if there is none left for this observer.
    pub(super) fn slot(&self, sharer: Sharer) -> ApiResult<ObserverSlot> {
        let share = sharer.take(&self.shares);
        let share =
            share.ok_or_else(|| none("Too many observers follow this server for this account."))?;
        let permit = self.slots.clone().try_acquire_owned();
        let permit = permit.map_err(|_| none("Too many observers follow this server."))?;
        Ok(ObserverSlot { _share: share, _permit: permit, _open: self.open.token() })
    }
}

fn none(message: &str) -> crate::error::ApiError {
    Error::new(ErrorCode::RateLimited, message)
        .with_hint("Close a tab, or raise max_observers.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}

#[cfg(test)]
mod tests {
    use protocol::AccountId;

    use super::*;

    #[test]
    fn one_account_cannot_take_the_slots_of_all() {
        let observers = Observers::new(8, 1024, Duration::from_secs(1));
        let account = |number| Sharer::Account(AccountId::new(number).unwrap());
        let (one, other) = (account(1), account(2));
        let _taken: Vec<_> = (0..6).map(|_| observers.slot(one).unwrap()).collect();
        assert!(observers.slot(one).is_err());
        let _others = [observers.slot(other).unwrap(), observers.slot(other).unwrap()];
        assert!(observers.slot(other).is_err(), "there are eight in all");

        let few_connections = Observers::new(100, 8, Duration::from_secs(1));
        let taken: Vec<_> = (0..9).map_while(|_| few_connections.slot(one).ok()).collect();
        assert_eq!(taken.len(), 6);
    }
}
