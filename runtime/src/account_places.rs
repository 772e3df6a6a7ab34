//! Places of which one account gets only so many, so that it cannot take those of all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::AccountId;

/// How many places each account holds; cheap to clone, and all clones count together.
#[derive(Clone, Debug)]
pub struct AccountPlaces {
    most: usize,
    /// Holders without any place have no entry.
    held: Arc<Mutex<Held>>,
}

/// `None` stands for all callers without an account, who count as one.
type Held = HashMap<Option<AccountId>, usize>;

/// A place, which is given back when it is dropped.
#[derive(Debug)]
pub struct AccountPlace {
    account: Option<AccountId>,
    held: Arc<Mutex<Held>>,
}

impl AccountPlaces {
    /// At most `most` places for each account.
    pub fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// Three quarters of the places that there are in all for each account.
    pub fn three_quarters_of(all: usize) -> Self {
        Self::new(all - all / 4)
    }

    /// Takes a place for an account, or for a caller without one. `None` if it has all of its
    /// places.
    pub fn take(&self, account: Option<AccountId>) -> Option<AccountPlace> {
        let mut held = lock(&self.held);
        let count = held.entry(account).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(AccountPlace { account, held: self.held.clone() })
    }
}

impl Drop for AccountPlace {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        match held.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(held.remove(&self.account)),
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_gets_its_places_and_no_more() {
        let places = AccountPlaces::three_quarters_of(8);
        let (one, other) = (Some(AccountId::FIRST), AccountId::new(2));
        assert!(other.is_some());
        let mut taken: Vec<_> = (0..6).map(|_| places.take(one).unwrap()).collect();
        assert!(places.take(one).is_none());
        let others = [places.take(other).unwrap(), places.take(None).unwrap()];
        taken.pop();
        assert!(places.take(one).is_some());
        drop((taken, others));
        assert!(lock(&places.held).is_empty());
    }

    #[test]
    fn few_places_are_not_divided() {
        for all in 1..4 {
            let places = AccountPlaces::three_quarters_of(all);
            let taken: Vec<_> = (0..all).map_while(|_| places.take(None)).collect();
            assert_eq!(taken.len(), all);
        }
    }
}
