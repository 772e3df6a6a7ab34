//! The lists of all accounts.
//!
//! Each account has a list of its own, so that its followers are neither woken by changes of other
//! accounts nor can tell from a cursor how much happens there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{AccountId, Worker, WorkerId};

use super::{Listing, Revision};

/// The lists; cheap to clone. The lock is held for a map access only, never across an await.
#[derive(Clone, Default)]
pub(crate) struct Lists {
    /// The changes of all accounts, for the caches of this process.
    all: Listing,
    /// Made when an account is first used, and kept: there are few accounts.
    of: Arc<Mutex<HashMap<AccountId, Listing>>>,
}

/// Where the lists stood before a summary was read or committed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    own: Revision,
    all: Revision,
}

impl Lists {
    /// The list of an account.
    pub(crate) fn of(&self, owner: AccountId) -> Listing {
        self.lock().entry(owner).or_default().clone()
    }

    /// The changes of all accounts.
    pub(crate) fn all(&self) -> &Listing {
        &self.all
    }

    /// Where the lists stand now, for a summary that is going to be read or committed.
    pub(crate) fn since(&self, owner: AccountId) -> Since {
        Since { own: self.of(owner).revision(), all: self.all.revision() }
    }

    /// How a worker of this account stands after `seq` of its log. `since` is [`Self::since`], taken
    /// before that was read or committed: a deletion that was told later is not undone by it.
    pub(crate) fn changed(&self, owner: AccountId, worker: &Worker, seq: u64, since: Since) {
        self.all.changed(worker.clone(), seq, since.all);
        self.of(owner).changed(worker.clone(), seq, since.own);
    }

    /// A worker of this account was deleted. If the owner is not known, all readers read their pages
    /// again.
    pub(crate) fn deleted(&self, owner: Option<AccountId>, id: WorkerId) {
        self.all.deleted(id);
        match owner {
            Some(owner) => self.of(owner).deleted(id),
            None => self.each(Listing::forget),
        }
    }

    /// Makes all readers read their pages again, because more has changed than can be told.
    pub(crate) fn forget(&self) {
        self.all.forget();
        self.each(Listing::forget);
    }

    /// Makes the readers of an account read their pages again.
    pub(crate) fn forget_of(&self, owner: AccountId) {
        self.all.forget();
        self.of(owner).forget();
    }

    pub(crate) fn close(&self) {
        self.all.close();
        self.each(Listing::close);
    }

    fn each(&self, change: impl Fn(&Listing)) {
        let lists: Vec<_> = self.lock().values().cloned().collect();
        lists.iter().for_each(change);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Listing>> {
        // The map is whole after every access, so a panic elsewhere does not spoil it.
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
