//! The runtime under test and its model: performs each operation on both and compares them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use protocol::{Timestamp, TurnId, View};
use runtime::bundle::Bundle;
use runtime::clock::Clock;
use runtime::turn::{RetryLimits, TurnLimits};
use runtime::{Access, Imports, Principal, Providers, Runtime, RuntimeConfig};
use store_sqlite::Sqlite;
use tempfile::TempDir;

use crate::client::{done, until};
use crate::faulty::{Faulty, Writes};
use crate::follower::Follower;
use crate::operation::{End, Operation};
use crate::reference::{Conversation, RETRIES, Shown};
use crate::scripted::{Call, Script};

mod ends;
mod provider;
mod requests;

/// Virtual times, so far apart that waiting for one does not reach the next.
const PAUSE: Duration = Duration::from_secs(600);
const SILENCE: Duration = Duration::from_secs(1_000_000);
const TURN: Duration = Duration::from_secs(20_000_000);

pub(crate) struct World {
    runtime: Access,
    script: Script,
    store: Arc<Faulty>,
    folder: TempDir,
    conversations: Vec<Conversation>,
    /// Two followers for each conversation; the second one disconnects and resumes.
    followers: Vec<[Follower; 2]>,
    /// The calls of attempts whose provider has not ended.
    calls: HashMap<TurnId, Call>,
    failing: bool,
    made: u32,
}

impl World {
    pub(crate) async fn open() -> Self {
        // Commits are synced, which costs nothing on a RAM disk.
        let folder = match tempfile::tempdir_in("/dev/shm") {
            Ok(folder) => folder,
            Err(_) => tempfile::tempdir().unwrap(),
        };
        let (runtime, script, store) = open(&folder).await;
        let mut world = Self {
            runtime,
            script,
            store,
            folder,
            conversations: Vec::new(),
            followers: Vec::new(),
            calls: HashMap::new(),
            failing: false,
            made: 0,
        };
        world.find_new().await;
        world
    }

    pub(crate) async fn perform(&mut self, operation: &Operation) {
        match *operation {
            Operation::Send { worker, parent } => self.send(worker, parent).await,
            Operation::Edit { worker, message } => self.edit(worker, message).await,
            Operation::AskAgain { worker, message } => self.ask_again(worker, message).await,
            Operation::Continue { worker, answer } => self.go_on(worker, answer).await,
            Operation::Resend { worker, request } => self.resend(worker, request).await,
            Operation::Steal { worker, request } => self.steal(worker, request).await,
            Operation::Race { worker } => self.race(worker).await,
            Operation::Wait { worker } => self.wait(worker).await,
            Operation::Say { worker, pieces } => self.speak(worker, pieces).await,
            Operation::Finish { worker } => self.finish(worker).await,
            Operation::Fail { worker, passes } => self.fail(worker, passes).await,
            Operation::PauseOver => self.pause_over().await,
            Operation::Cancel { worker, late, end } => self.cancel(worker, late, end).await,
            Operation::Silence { end } => self.silence(end).await,
            Operation::Rename { worker } => self.rename(worker).await,
            Operation::Create => self.create().await,
            Operation::Delete { worker, end } => self.delete(worker, end).await,
            Operation::StoreFails => self.set(Writes::Refuse).await,
            Operation::AnswersAreLost => self.set(Writes::Lose).await,
            Operation::StoreHeals => self.set(Writes::Pass).await,
            Operation::Crash => self.crash().await,
            Operation::CrashInSend { worker, polls } => self.crash_in_send(worker, polls).await,
            Operation::Restart { end } => self.restart(end).await,
            Operation::Leave { worker } => {
                let at = self.at(worker);
                self.followers[at][1].leave();
            }
            Operation::Return => self.follow_all().await,
            Operation::Idle => {
                if !self.conversations.iter().any(Conversation::is_running) {
                    tokio::time::advance(Duration::from_secs(61)).await;
                }
            }
        }
    }

    /// Checks that a new reader and all followers see exactly the expected state.
    pub(crate) async fn compare(&mut self, when: &str) {
        let listed = done(self.runtime.workers(None, 100)).await.unwrap().workers;
        assert_eq!(listed.len(), self.conversations.len(), "{when}");
        for (conversation, followers) in self.conversations.iter().zip(&self.followers) {
            let expected = &conversation.shown;
            let what = format!("a fresh reader {when}");
            until(&what, expected, async || self.read(conversation).await).await;
            for follower in followers.iter().filter(|follower| follower.is_following()) {
                let what = format!("an observer {when}");
                until(&what, &Some(expected.clone()), async || follower.shown()).await;
            }
        }
    }

    /// Heals the store, resumes all followers, and compares once more, also after a restart.
    pub(crate) async fn end(mut self) {
        self.set(Writes::Pass).await;
        self.follow_all().await;
        self.compare("at the end").await;
        self.restart(End::Halts).await;
        self.compare("after the last restart").await;
    }

    async fn read(&self, conversation: &Conversation) -> Shown {
        let snapshot = done(self.runtime.snapshot(conversation.id)).await.unwrap();
        Shown::of(&View::from_snapshot(snapshot))
    }

    fn at(&self, number: u8) -> usize {
        usize::from(number) % self.conversations.len()
    }

    /// Adds workers that are not known yet.
    async fn find_new(&mut self) {
        for worker in done(self.runtime.workers(None, 100)).await.unwrap().workers {
            let id = worker.worker_id;
            if self.conversations.iter().all(|conversation| conversation.id != id) {
                self.conversations.push(Conversation::new(id));
                let mut followers = [Follower::default(), Follower::default()];
                for follower in &mut followers {
                    follower.follow(&self.runtime, id).await;
                }
                self.followers.push(followers);
            }
        }
    }

    async fn set(&mut self, writes: Writes) {
        self.compare("before the store changes").await;
        self.store.set(writes);
        let heals = self.failing && writes != Writes::Refuse;
        self.failing = writes == Writes::Refuse;
        if heals {
            tokio::time::advance(Duration::from_millis(501)).await;
            self.conversations.iter_mut().for_each(Conversation::take_all);
            self.compare("after the store healed").await;
        }
    }

    async fn follow_all(&mut self) {
        for (conversation, followers) in self.conversations.iter().zip(&mut self.followers) {
            for follower in followers.iter_mut().filter(|follower| !follower.is_following()) {
                follower.follow(&self.runtime, conversation.id).await;
            }
        }
    }
}

async fn open(folder: &TempDir) -> (Access, Script, Arc<Faulty>) {
    let script = Script::new();
    let store = Arc::new(Faulty::around(Arc::new(Sqlite::open(folder.path()).unwrap())));
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap();
    let config = RuntimeConfig {
        store: store.clone(),
        providers: Providers::none().with_default(script.provider(), None),
        bundle: Bundle::embedded().unwrap(),
        clock: Arc::new(Ticking(AtomicI64::new(1_763_800_000_000))),
        turn_limits: TurnLimits {
            frame_ms: 5,
            first_token_ms: ms(SILENCE) - 1,
            stall_ms: ms(SILENCE) - 1,
            turn_ms: ms(TURN),
            retry: RetryLimits {
                times: u32::try_from(RETRIES).unwrap(),
                first_ms: ms(PAUSE) - 1,
                longest_ms: ms(PAUSE) - 1,
            },
        },
        message_chars: 2_000,
        member_turns: 8,
        transcript_page: 200,
        workspace: "the model".to_owned(),
        imports: Imports { folder: folder.path().to_owned(), bytes: 1 << 20 },
        undo_delete_ms: 60_000,
        prices: None,
    };
    let runtime = done(Runtime::open(config)).await.unwrap().access(Principal::FIRST_OWNER);
    (runtime, script, store)
}

/// A clock that advances by a millisecond at each reading.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
