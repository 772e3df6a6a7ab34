//! Reads the whole file beside the service, after a start that did not know whether it is sound.
//!
//! Until the pages were found to be sound, nothing is written into the file: all commits stay in the
//! write-ahead log ([`super::writer::Database::holds_checkpoints`]). If the file is damaged, nothing
//! is written any more at all, and the next start refuses it. Then rows and indexes are repaired
//! ([`mend`]), by the writing thread.
//!
//! One thread does this, with a connection of its own. It works half of the time at most, so it never
//! takes more than half of the disk or of a processor, and it ends as soon as it is told to.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use store::{Cause, Repaired, StoreError};
use tokio::sync::{Mutex, mpsc, watch};

use super::file_identity::FileIdentity;
use super::mend::{IndexState, Repair};
use super::writer::Writer;
use super::{OpenError, file, mend, outage, page_check};

/// After so much work the thread rests for as long as the work took.
const WORK: Duration = Duration::from_millis(10);

/// The longest rest. The work before it took longer because the disk is slow.
const REST: Duration = Duration::from_secs(1);

/// The number of steps of SQLite between two looks at the clock: a step is an instruction of its
/// virtual machine, or a page of the file.
const STEPS: i32 = 200;

/// From this length of the write-ahead log on the thread does not rest.
const LONG_LOG: u64 = 32 << 20;

/// At this length of the write-ahead log the check gives up for now, because the log would become
/// ever longer: a start after a crash reads all of it, and so does, in part, each read.
const LONGEST_LOG: u64 = 96 << 20;

/// The pause before the check is tried again.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// The priority of the thread on Linux, where each thread has its own: it gets a third of
/// the time of another thread that wants the same processor.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// How many repairs are remembered until the runtime asks for them.
const REPAIRS: usize = 256;

/// The check, and the end of it when this is dropped.
pub(crate) struct BackgroundCheck {
    signals: Arc<Signals>,
    thread: Option<Thread>,
    /// Closed when the thread has ended.
    ended: watch::Receiver<()>,
    repaired: Mutex<mpsc::Receiver<Repaired>>,
}

/// What the thread and its owner tell each other.
#[derive(Default)]
struct Signals {
    stop: AtomicBool,
    is_index_incomplete: AtomicBool,
}

impl BackgroundCheck {
    /// No check is needed.
    pub(crate) fn none() -> Self {
        let repaired = Mutex::new(mpsc::channel(1).1);
        let ended = watch::channel(()).1;
        Self { signals: Arc::default(), thread: None, ended, repaired }
    }

    /// Starts the thread.
    pub(crate) fn start(identity: FileIdentity, writer: Writer) -> std::io::Result<Self> {
        let signals = Arc::<Signals>::default();
        let (running, ended) = watch::channel(());
        let (repairs, repaired) = mpsc::channel(REPAIRS);
        let check = Check { signals: signals.clone(), identity, writer, repairs };
        let thread = thread::Builder::new().name("store-check".to_owned()).spawn(move || {
            check.run();
            drop(running);
        })?;
        let thread = Some(thread.thread().clone());
        Ok(Self { signals, thread, ended, repaired: Mutex::new(repaired) })
    }

    /// Ends the check soon.
    pub(crate) fn stop(&self) {
        self.signals.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }

    /// Waits until the thread has ended.
    pub(crate) async fn ended(&self) {
        // Nothing is ever sent, so this is an error as soon as the thread has dropped its end.
        let _ = self.ended.clone().changed().await;
    }

    /// What was repaired next; `None` if nothing more will be.
    pub(crate) async fn repaired(&self) -> Option<Repaired> {
        self.repaired.lock().await.recv().await
    }

    /// Whether texts are missing from the index, because it is being built again.
    pub(crate) fn is_index_incomplete(&self) -> bool {
        self.signals.is_index_incomplete.load(Ordering::Relaxed)
    }
}

impl Drop for BackgroundCheck {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the thread owns.
struct Check {
    signals: Arc<Signals>,
    identity: FileIdentity,
    writer: Writer,
    repairs: mpsc::Sender<Repaired>,
}

/// The result of reading the pages.
enum Pages {
    Sound(IndexState),
    Damaged(String),
    /// The write-ahead log has become too long.
    LogTooLong,
    Stopped,
}

impl Check {
    fn run(self) {
        yield_to_others();
        let begun = SystemTime::now();
        loop {
            let result = self.round(begun);
            if self.is_stopped() || self.is_over(result) {
                return;
            }
            thread::park_timeout(AGAIN);
            if self.is_stopped() {
                return;
            }
        }
    }

    /// Whether the check has come to a result.
    fn is_over(&self, result: Result<bool, Cause>) -> bool {
        let error = match result {
            Ok(is_over) => return is_over,
            Err(error) => error,
        };
        tracing::error!(
            error = error.as_ref() as &dyn std::error::Error,
            "the database cannot be checked; this is tried again later"
        );
        let _ = self.allow_checkpoints();
        false
    }

    /// Checks the pages, then repairs rows. Returns whether the check has come to a result.
    fn round(&self, begun: SystemTime) -> Result<bool, Cause> {
        let file = self.identity.file();
        let index = match self.pages(file)? {
            Pages::Sound(index) => index,
            Pages::Damaged(detail) => {
                let error = OpenError::Damaged { file: file.to_owned(), detail: detail.clone() };
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "nothing is written any more"
                );
                self.writer.alone_blocking(move |db| {
                    db.stop_writing(&detail);
                    Ok(())
                })?;
                return Ok(true);
            }
            Pages::LogTooLong => {
                tracing::warn!(
                    "too much is written to check the database now; this is tried again later"
                );
                self.allow_checkpoints()?;
                return Ok(false);
            }
            Pages::Stopped => return Ok(true),
        };
        self.allow_checkpoints()?;
        let db = self.connect(file, Arc::default(), LogLength::Any)?;
        let mended = mend::mend(&db, index, &mut |repair| self.perform(repair));
        self.signals.is_index_incomplete.store(false, Ordering::Relaxed);
        if self.is_stopped() {
            return Ok(true);
        }
        if let Err(error) = mended {
            // The broken rows stay as they are; all other rows can be used.
            tracing::error!(
                error = error.as_ref() as &dyn std::error::Error,
                "damaged rows cannot be repaired"
            );
        }
        self.writer.alone_blocking(move |db| {
            db.note_check(begun);
            Ok(())
        })?;
        tracing::info!(
            ms = u64::try_from(begun.elapsed().unwrap_or_default().as_millis()).unwrap_or(u64::MAX),
            "the whole database was checked"
        );
        Ok(true)
    }

    fn pages(&self, file: &Path) -> Result<Pages, Cause> {
        let too_long = Arc::<AtomicBool>::default();
        let db = self.connect(file, too_long.clone(), LogLength::Bounded)?;
        let checked = page_check::check(&db);
        // An interrupted check may have findings, too.
        if self.is_stopped() {
            return Ok(Pages::Stopped);
        }
        if too_long.load(Ordering::Relaxed) {
            return Ok(Pages::LogTooLong);
        }
        match checked {
            Ok(checked) => Ok(match checked.damage {
                None => Pages::Sound(checked.index),
                Some(detail) => Pages::Damaged(detail),
            }),
            Err(error) => {
                let detail = error.to_string();
                let cause = Cause::from(error);
                if outage::is_damage(&cause) { Ok(Pages::Damaged(detail)) } else { Err(cause) }
            }
        }
    }

    fn perform(&self, repair: Repair) -> Result<mend::Done, Cause> {
        if self.is_stopped() {
            return Err(StoreError::Closed.into());
        }
        if matches!(repair, Repair::EmptyIndex) {
            self.signals.is_index_incomplete.store(true, Ordering::Relaxed);
        }
        let done = self.writer.alone_blocking(move |db| db.repair(repair))?;
        for repaired in &done.repaired {
            // If the runtime does not ask, its next start does without.
            let _ = self.repairs.try_send(*repaired);
        }
        Ok(done)
    }

    fn allow_checkpoints(&self) -> Result<(), StoreError> {
        self.writer.alone_blocking(|db| {
            db.allow_checkpoints();
            Ok(())
        })
    }

    fn is_stopped(&self) -> bool {
        self.signals.stop.load(Ordering::Relaxed)
    }

    /// A connection whose statements rest, and are interrupted if the thread is stopped, or if the
    /// write-ahead log has become too long, which sets `too_long`.
    fn connect(
        &self,
        file: &Path,
        too_long: Arc<AtomicBool>,
        length: LogLength,
    ) -> Result<Connection, Cause> {
        let db = file::open_to_read(file)?;
        let (signals, identity) = (self.signals.clone(), self.identity.clone());
        let mut begun = Instant::now();
        let is_interrupted = move || {
            if signals.stop.load(Ordering::Relaxed) {
                return true;
            }
            let worked = begun.elapsed();
            if worked < WORK {
                return false;
            }
            let log = identity.wal_bytes();
            if length == LogLength::Bounded && log > LONGEST_LOG {
                too_long.store(true, Ordering::Relaxed);
                return true;
            }
            if log < LONG_LOG {
                thread::park_timeout(worked.min(REST));
            }
            begun = Instant::now();
            false
        };
        db.progress_handler(STEPS, Some(is_interrupted))?;
        Ok(db)
    }
}

/// Whether a long write-ahead log interrupts a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LogLength {
    Bounded,
    Any,
}

/// Lowers the priority of this thread. On other systems than Linux the rests have to be enough.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the check has the priority of other threads");
    }
}
