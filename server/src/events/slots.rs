//! The places of observers: bounded in all, and for each account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::{AccountId, Error, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::UNANSWERED_PINGS;
use crate::bounds::BUSY_RETRY_MS;
use crate::error::ApiResult;

/// The slots for observers, and the streams that are open.
#[derive(Clone, Debug)]
pub struct Observers {
    slots: Arc<Semaphore>,
    /// How many slots each account holds; accounts without any have no entry.
    held: Arc<Mutex<HashMap<AccountId, usize>>>,
    /// The most slots of one account.
    share: usize,
    /// Tracks every open stream, so that a shutdown can wait for them.
    open: TaskTracker,
    ping: Duration,
}

/// One slot, held while a stream is open.
#[derive(Debug)]
pub(super) struct ObserverSlot {
    account: AccountId,
    held: Arc<Mutex<HashMap<AccountId, usize>>>,
    _permit: OwnedSemaphorePermit,
    _open: TaskTrackerToken,
}

impl Observers {
    /// Creates `most` slots; `ping` is the time between two pings. One account gets at most three
    /// quarters of them, so that it cannot shut out all others.
    pub fn new(most: usize, ping: Duration) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(most)),
            held: Arc::default(),
            share: most - most / 4,
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

    /// Takes a slot for an account. Errors with `rate_limited` if there is none left for it.
    pub(super) fn slot(&self, account: AccountId) -> ApiResult<ObserverSlot> {
        let mut held = lock(&self.held);
        let count = held.get(&account).copied().unwrap_or_default();
        if count >= self.share {
            return Err(none("Too many observers follow this server for this account."));
        }
        let permit = self.slots.clone().try_acquire_owned();
        let permit = permit.map_err(|_| none("Too many observers follow this server."))?;
        held.insert(account, count + 1);
        drop(held);
        Ok(ObserverSlot {
            account,
            held: self.held.clone(),
            _permit: permit,
            _open: self.open.token(),
        })
    }
}

impl Drop for ObserverSlot {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        match held.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(held.remove(&self.account)),
        }
    }
}

fn lock(held: &Mutex<HashMap<AccountId, usize>>) -> MutexGuard<'_, HashMap<AccountId, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn none(message: &str) -> crate::error::ApiError {
    Error::new(ErrorCode::RateLimited, message)
        .with_hint("Close a tab, or raise max_observers.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_cannot_take_the_places_of_all() {
        let observers = Observers::new(8, Duration::from_secs(1));
        let (one, other) = (AccountId::FIRST, AccountId::new(2).unwrap());
        let mut taken: Vec<_> = (0..6).map(|_| observers.slot(one).unwrap()).collect();
        assert!(observers.slot(one).is_err());
        let others = [observers.slot(other).unwrap(), observers.slot(other).unwrap()];
        assert!(observers.slot(other).is_err(), "there are eight in all");
        taken.pop();
        assert!(observers.slot(one).is_ok());
        drop((taken, others));
        assert!(lock(&observers.held).is_empty());
    }

    #[test]
    fn few_places_are_not_divided() {
        let observers = Observers::new(2, Duration::from_secs(1));
        let _both =
            [observers.slot(AccountId::FIRST).unwrap(), observers.slot(AccountId::FIRST).unwrap()];
    }
}
