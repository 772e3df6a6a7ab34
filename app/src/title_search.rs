//! The titles of a runtime's conversations, read once and kept as the list changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use protocol::{Error, Visibility, Worker, limits};
use runtime::VisibilityFilter;
use runtime::{ListObservation, Runtime};
use titles::Titles;

/// How often the list is read before it is searched as it was read: one that changes all the time
/// would be read for ever.
const READS: u32 = 2;

/// What is known of the titles, from the first search on. The lock is held for one search, never
/// across an await.
#[derive(Clone, Default)]
pub struct TitleSearch(Arc<Mutex<Option<Followed>>>);

/// The titles, and what tells of their changes.
struct Followed {
    titles: Titles,
    changes: ListObservation,
}

impl TitleSearch {
    /// The conversations whose titles fit, the best first; see [`Titles::find`].
    pub async fn find(&self, runtime: &Runtime, query: &str) -> Result<Vec<Worker>, Error> {
        for _ in 0..READS {
            if let Some(found) = self.find_known(query) {
                return Ok(found);
            }
            let read = Followed::read(runtime).await?;
            *self.lock() = Some(read);
        }
        Ok(self.lock().as_ref().map_or_else(Vec::new, |known| known.titles.find(query)))
    }

    /// Searches what is known, with all changes up to now. None where the list has to be read.
    fn find_known(&self, query: &str) -> Option<Vec<Worker>> {
        // Out of its place meanwhile: what cannot catch up is no longer known, nor what panics.
        let mut place = self.lock();
        let mut known = place.take()?;
        if !known.catch_up() {
            return None;
        }
        let found = known.titles.find(query);
        *place = Some(known);
        Some(found)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Followed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followed {
    async fn read(runtime: &Runtime) -> Result<Self, Error> {
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
        // From before the first page on, so that no change falls between.
        let changes = runtime.observe_list(cursor.as_ref())?;
        Ok(Self { titles: Titles::new(workers), changes })
    }

    /// Takes all that is told by now. False where the list has to be read anew.
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
