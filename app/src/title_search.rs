//! Searches the titles of a runtime's conversations, which are loaded once and kept up to date.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use protocol::{AccountId, Error, Visibility, Worker, limits};
use runtime::VisibilityFilter;
use runtime::{Access, ListObservation};
use titles::Titles;

/// How often the list is loaded before the search uses what was loaded. A list that changes all the
/// time would otherwise be loaded again and again.
const READS: u32 = 2;

/// For how many accounts the titles are kept. Those of the account that is searched after them
/// replace any other's.
const ACCOUNTS: usize = 16;

/// The titles of each account, loaded with its first search. The lock is held for one search, never
/// across an await.
#[derive(Clone, Default)]
pub struct TitleSearch(Arc<Mutex<HashMap<AccountId, Followed>>>);

/// The titles, and the stream of their changes.
struct Followed {
    titles: Titles,
    changes: ListObservation,
}

impl TitleSearch {
    /// The conversations whose titles match, the best first; see [`Titles::find`].
    pub async fn find(&self, runtime: &Access, query: &str) -> Result<Vec<Worker>, Error> {
        let account = runtime.principal().account;
        for _ in 0..READS {
            if let Some(found) = self.find_known(account, query) {
                return Ok(found);
            }
            let read = Followed::read(runtime).await?;
            self.keep(account, read);
        }
        Ok(self.lock().get(&account).map_or_else(Vec::new, |known| known.titles.find(query)))
    }

    /// Searches the loaded titles with all changes so far. `None` if the list has to be loaded.
    fn find_known(&self, account: AccountId, query: &str) -> Option<Vec<Worker>> {
        // Taken out of its place meanwhile, so that it is dropped if it cannot catch up, or if this
        // panics.
        let mut place = self.lock();
        let mut known = place.remove(&account)?;
        if !known.catch_up() {
            return None;
        }
        let found = known.titles.find(query);
        place.insert(account, known);
        Some(found)
    }

    fn keep(&self, account: AccountId, read: Followed) {
        let mut kept = self.lock();
        let other = kept.keys().copied().find(|known| *known != account);
        if let Some(other) = other.filter(|_| kept.len() >= ACCOUNTS) {
            kept.remove(&other);
        }
        kept.insert(account, read);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Followed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followed {
    async fn read(runtime: &Access) -> Result<Self, Error> {
        let (mut workers, mut cursor) = (Vec::new(), None);
        for places in [VisibilityFilter::InView, VisibilityFilter::Only(Visibility::Archived)] {
            let mut before = None;
            while workers.len() < titles::MOST {
                let most = limits::WORKER_PAGE_MAX;
                let page = runtime.workers_at(places, before.as_deref(), most).await?;
                workers.extend(page.workers);
                cursor = cursor.or(page.cursor);
                before = page.next_before;
                if before.is_none() {
                    break;
                }
            }
        }
        // Observe from before the first page, so that no change is missed.
        let changes = runtime.observe_list(cursor.as_ref())?;
        Ok(Self { titles: Titles::new(workers), changes })
    }

    /// Applies all changes so far. False if the list has to be loaded again.
    fn catch_up(&mut self) -> bool {
        while let Some(told) = self.changes.next().now_or_never() {
            let Some(frame) = told else { return false };
            if !self.titles.apply(frame) {
                return false;
            }
        }
        true
    }
}
