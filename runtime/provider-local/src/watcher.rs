//! Keeps the catalog of models up to date with their files, on a separate thread.
//!
//! The thread checks the files every [`EVERY`], and earlier on request. So a page never waits for a
//! file system. Decisions that need current information wait for one check ([`Watcher::look`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::model_catalog::{Extent, ModelCatalog};

/// The pause between two checks if none is requested.
const EVERY: Duration = Duration::from_secs(10);

/// How old the last check may be when a page uses its result. If it is older, a new check begins,
/// and the next page shows its result.
const FRESH: Duration = Duration::from_secs(1);

/// A handle to the thread, which ends when the handle is dropped.
pub(crate) struct Watcher {
    /// Wakes the thread. The capacity is one, because a check serves all requests that were made
    /// before it begins.
    wake: SyncSender<()>,
    looks: watch::Sender<Looks>,
}

/// The state of the checks, which are numbered from 1.
struct Looks {
    /// The extent of the next check, if one was requested.
    wanted: Option<Extent>,
    /// The last check that has begun.
    begun: u64,
    /// The last check that has ended, and when it began.
    ended: u64,
    since: Instant,
}

impl Watcher {
    /// Starts the thread, which begins with a first check.
    pub(crate) fn start(catalog: Arc<ModelCatalog>) -> Self {
        let (wake, woken) = sync_channel(1);
        let none = Looks { wanted: None, begun: 0, ended: 0, since: Instant::now() };
        let looks = watch::Sender::new(none);
        let work = {
            let looks = looks.clone();
            move || watch_files(&catalog, &woken, &looks)
        };
        if let Err(error) = thread::Builder::new().name("model-watcher".to_owned()).spawn(work) {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the files of the models cannot be watched");
        }
        Self { wake, looks }
    }

    /// Requests a check if the last one is older than [`FRESH`], and does not wait for it.
    pub(crate) fn nudge(&self) {
        if self.looks.borrow().since.elapsed() > FRESH {
            self.request(Extent::Used);
        }
    }

    /// Waits until a check that began after this call has ended, for `patience` at most.
    pub(crate) async fn look(&self, extent: Extent, patience: Duration) {
        let mut looks = self.looks.subscribe();
        let before = self.request(extent);
        let ended = looks.wait_for(|looks| looks.ended > before);
        // If the check takes longer, or if the thread could not be started, the previous results
        // are used.
        let _ = tokio::time::timeout(patience, ended).await;
    }

    /// Requests a check, and returns the number of the last one that had begun before.
    fn request(&self, extent: Extent) -> u64 {
        let mut before = 0;
        self.looks.send_modify(|looks| {
            looks.wanted = looks.wanted.max(Some(extent));
            before = looks.begun;
        });
        // If the channel is full, the thread is about to be woken anyway.
        let _ = self.wake.try_send(());
        before
    }
}

fn watch_files(catalog: &ModelCatalog, woken: &Receiver<()>, looks: &watch::Sender<Looks>) {
    let mut is_due = true;
    loop {
        let mut extent = None;
        let since = Instant::now();
        looks.send_modify(|looks| {
            extent = looks.wanted.take().or_else(|| is_due.then_some(Extent::Used));
            looks.begun += u64::from(extent.is_some());
        });
        if let Some(extent) = extent {
            catalog.look(extent);
            looks.send_modify(|looks| (looks.ended, looks.since) = (looks.begun, since));
        }
        is_due = match woken.recv_timeout(EVERY) {
            Ok(()) => false,
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => return,
        };
    }
}
