//! Sets up a runtime for a test: its folder, its store, its model, and one worker.

use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

use protocol::api::{Accepted, SendMessage};
use protocol::{Cursor, Error, Event, MessageId, Timestamp, Turn, TurnState, View, WorkerId};
use runtime::bundle::Bundle;
use runtime::clock::Clock;
use runtime::turn::{RetryLimits, TurnLimits};
use runtime::{Access, Imports, Principal, Providers, Runtime, RuntimeConfig};
use store::Store;
use store_sqlite::Sqlite;
use tempfile::TempDir;

use crate::faulty::Faulty;
use crate::scripted::{Call, Script};
use crate::watcher::Watcher;

/// The settings that a test may change; everything else is the same for all.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub limits: TurnLimits,
    pub message_chars: u32,
    pub member_turns: u32,
    pub transcript_page: u32,
    /// Whether there is a model.
    pub model: bool,
    pub undo_delete_ms: u64,
    /// A larger database is checked beside the runtime.
    pub check_first_bytes: u64,
}

impl Default for Setting {
    fn default() -> Self {
        // The limits are so long that no test reaches one by accident, however slow the machine is.
        let hour_ms = 3_600_000;
        let limits = TurnLimits {
            frame_ms: 5,
            first_token_ms: hour_ms,
            stall_ms: hour_ms,
            turn_ms: hour_ms,
            // A failure ends the turn at once, except in the tests of retries.
            retry: RetryLimits { times: 0, first_ms: 1, longest_ms: 1_000 },
        };
        Self {
            limits,
            message_chars: 2_000,
            member_turns: 8,
            transcript_page: 50,
            model: true,
            undo_delete_ms: hour_ms,
            check_first_bytes: u64::MAX,
        }
    }
}

pub(crate) struct Stage {
    pub runtime: Access,
    pub script: Script,
    pub store: Arc<Faulty>,
    /// The first worker of the list.
    pub worker: WorkerId,
    setting: Setting,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    pub(crate) async fn with(setting: Setting) -> Self {
        Self::open(setting, tempfile::tempdir().unwrap()).await.unwrap()
    }

    /// Opens a runtime on an existing data folder.
    pub(crate) async fn open(
        setting: Setting,
        folder: TempDir,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let script = Script::new();
        let store = Sqlite::open_soon(folder.path(), setting.check_first_bytes)?;
        let store = Arc::new(Faulty::around(Arc::new(store)));
        let providers = match setting.model {
            true => Providers::none()
                .with_default(script.provider(), None)
                .with_expand_request(provider_openai::sent_request),
            false => Providers::none(),
        };
        let config = RuntimeConfig {
            store: store.clone(),
            providers,
            bundle: Bundle::embedded().unwrap(),
            clock: Arc::new(Ticking::default()),
            turn_limits: setting.limits,
            message_chars: setting.message_chars,
            member_turns: setting.member_turns,
            transcript_page: setting.transcript_page,
            workspace: "the stage".to_owned(),
            imports: Imports { folder: folder.path().to_owned(), bytes: 1 << 20 },
            undo_delete_ms: setting.undo_delete_ms,
            prices: None,
        };
        let runtime = soon(Runtime::open(config)).await?.access(Principal::FIRST_OWNER);
        let worker = runtime.workers(None, 1).await?.workers[0].worker_id;
        Ok(Self { runtime, script, store, worker, setting, folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Shuts down, and ends the threads of its database.
    pub(crate) async fn closed(self) {
        soon(self.runtime.shutdown()).await;
        self.store.close().await;
    }

    /// Shuts down and opens the same folder again.
    pub(crate) async fn reopened(self, change: impl FnOnce(&mut Setting)) -> Self {
        let Self { runtime, store, mut setting, folder, .. } = self;
        soon(runtime.shutdown()).await;
        drop((runtime, store));
        change(&mut setting);
        Self::open(setting, folder).await.unwrap()
    }

    /// Shuts down and opens the same folder again, which may fail.
    pub(crate) async fn try_reopened(
        self,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let Self { runtime, store, setting, folder, .. } = self;
        soon(runtime.shutdown()).await;
        drop((runtime, store));
        Self::open(setting, folder).await
    }

    /// Opens a copy of what a new process would find if this one died now; this one keeps running.
    pub(crate) async fn after_a_crash(&self) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_as_it_is(self.folder.path(), copy.path());
        Self::open(self.setting, copy).await.unwrap()
    }

    pub(crate) async fn send(&self, text: &str) -> Result<Accepted, Error> {
        soon(self.runtime.send(self.worker, message(text))).await
    }

    /// Sends a message; returns the answer and the provider's call.
    pub(crate) async fn ask(&mut self, text: &str) -> (Accepted, Call) {
        let accepted = self.send(text).await.unwrap();
        let call = self.script.call().await;
        assert_eq!(call.request.turn_id, accepted.turn.turn_id);
        (accepted, call)
    }

    /// Runs a whole turn.
    pub(crate) async fn ask_and_answer(&mut self, text: &str, pieces: &[&str]) -> Turn {
        let (accepted, call) = self.ask(text).await;
        call.answer(pieces).await;
        self.ended(&accepted).await
    }

    /// Waits for the end of a turn.
    pub(crate) async fn ended(&self, accepted: &Accepted) -> Turn {
        let mut watcher = self.watch().await;
        let id = accepted.turn.turn_id;
        watcher.until(|view| view.turn(id).is_some_and(|turn| turn.state.is_final())).await;
        watcher.view().turn(id).unwrap().clone()
    }

    /// Starts an observer with a snapshot.
    pub(crate) async fn watch(&self) -> Watcher {
        Watcher::begin(&self.runtime, self.worker, None).await
    }

    /// Starts an observer that resumes a view from its cursor.
    pub(crate) async fn watch_from(&self, view: View, cursor: Cursor) -> Watcher {
        Watcher::resume(&self.runtime, self.worker, view, cursor).await
    }

    /// The view of a new reader.
    pub(crate) async fn snapshot(&self) -> View {
        View::from_snapshot(soon(self.runtime.snapshot(self.worker)).await.unwrap())
    }

    /// The worker's whole log as it is stored.
    pub(crate) async fn log(&self) -> Vec<Event> {
        self.store.tail(self.worker, 0, u32::MAX).await.unwrap().unwrap()
    }

    pub(crate) async fn cursor(&self) -> Cursor {
        self.runtime.snapshot(self.worker).await.unwrap().transcript.cursor
    }
}

/// A message with a new id.
pub(crate) fn message(text: &str) -> SendMessage {
    SendMessage::new(fresh_id(), text.to_owned())
}

pub(crate) fn fresh_id() -> MessageId {
    runtime::new_message_id()
}

/// The text of a turn's answer, and the turn's state.
pub(crate) fn answer_of(view: &View, turn: &Turn) -> (String, TurnState) {
    let text = view.message(turn.answer).unwrap().text.clone();
    (text, view.turn(turn.turn_id).unwrap().state)
}

/// Awaits `future`. If that takes too long, the test fails and does not hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it comes in time")
}

/// Advances the runtime's clock by `ms` milliseconds and lets the tasks run that waited for it.
/// Only works on a single-threaded runtime.
pub(crate) async fn pass(ms: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(ms)).await;
    tokio::time::resume();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Polls `waiting` until `other` is done; `waiting` must not be done by then.
pub(crate) async fn still_waits<T>(
    waiting: &mut (impl Future + Unpin),
    other: impl Future<Output = T>,
) -> T {
    let done = tokio::select! {
        biased;
        _ = &mut *waiting => panic!("it is done too early"),
        done = soon(other) => done,
    };
    let early = poll_fn(|cx| Poll::Ready(Pin::new(&mut *waiting).poll(cx).is_ready())).await;
    assert!(!early, "it is done too early");
    done
}

pub(crate) fn copy_as_it_is(from: &Path, to: &Path) {
    for file in ["companion.db", "companion.db-wal"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

/// A clock that advances by a millisecond at each reading.
struct Ticking(AtomicI64);

impl Default for Ticking {
    fn default() -> Self {
        Self(AtomicI64::new(1_763_800_000_000))
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
