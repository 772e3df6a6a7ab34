//! Keeps what is known of the models' files up to date, on a thread of its own.
//!
//! It looks at the files every [`EVERY`], and sooner where somebody asks. So a page never waits for a
//! file system, and a decision that must not be made on what was known a while ago waits for one
//! look ([`Watcher::look`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::model_catalog::{Extent, ModelCatalog};

/// The pause between two looks that nobody asked for.
const EVERY: Duration = Duration::from_secs(10);

/// How old what is known may be when a page uses it; if it is older, a look begins, and the next page
/// knows what it found.
const FRESH: Duration = Duration::from_secs(1);

/// A handle to the thread, which ends when this is dropped.
pub(crate) struct Watcher {
    /// Wakes the thread. It has one place, because one look serves all who asked before it begins.
    wake: SyncSender<()>,
    looks: watch::Sender<Looks>,
}

/// Looks are numbered from 1.
struct Looks {
    /// What the next one is to read, where somebody asked for one.
    wanted: Option<Extent>,
    /// The last one that has begun.
    begun: u64,
    /// The last one that has ended, and when it began.
    ended: u64,
    since: Instant,
}

impl Watcher {
    /// Begins with a first look.
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
            tracing::error!(error, "the models' files cannot be watched");
        }
        Self { wake, looks }
    }

    /// Asks for a look if the last one is a while ago, and does not wait for it.
    pub(crate) fn nudge(&self) {
        if self.looks.borrow().since.elapsed() > FRESH {
            self.request(Extent::Used);
        }
    }

    /// Waits until a look that began after this call has ended, for `patience` at most.
    pub(crate) async fn look(&self, extent: Extent, patience: Duration) {
        let mut looks = self.looks.subscribe();
        let before = self.request(extent);
        let ended = looks.wait_for(|looks| looks.ended > before);
        // It may take longer, or there is no such thread; then what was known before is used.
        let _ = tokio::time::timeout(patience, ended).await;
    }

    /// Gives the number of the last look that had begun before.
    fn request(&self, extent: Extent) -> u64 {
        let mut before = 0;
        self.looks.send_modify(|looks| {
            looks.wanted = looks.wanted.max(Some(extent));
            before = looks.begun;
        });
        // A full channel holds a call that the thread has not heard yet, which is as good.
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
