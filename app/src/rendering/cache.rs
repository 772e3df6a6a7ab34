//! Keeps the HTML of messages that were rendered lately, so that a page which is read again is not
//! rendered again.
//!
//! The key has everything that the HTML depends on: the message, whose id is in the ids of its
//! footnotes, and the digest of its text. Everything else that could change it is the same for the
//! whole process. A text comes from the store each time, so nothing is served from here that the
//! store no longer has.
//!
//! What was deleted also leaves the memory: the entries of a conversation are removed when the list
//! tells its deletion, which comes before the store removes anything ([`tend`]).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use protocol::{ListFrame, MessageId, WorkerId};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use runtime::Runtime;
use sha2::{Digest as _, Sha256};

use super::Blocks;

/// The most bytes of HTML that are kept, with what is needed to find it.
const BYTES: u64 = 4 * 1024 * 1024;

/// What an entry takes beside its HTML.
const ENTRY_BYTES: usize = 256;

/// The usual number of entries, for which the cache makes room first.
const ENTRIES: usize = 1024;

/// If no page is rendered for this long, nothing is kept, so that an idle server gives its memory
/// back.
const IDLE: Duration = Duration::from_secs(20);

/// How many deleted conversations are remembered. A page that was read before a deletion may be
/// rendered after it, within [`super::PAGE`].
const DELETED: usize = 1024;

/// The cache of this process.
pub(super) static RENDERED: LazyLock<Rendered> = LazyLock::new(Rendered::default);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    conversation: WorkerId,
    message: MessageId,
    text: [u8; 32],
}

impl Key {
    pub(super) fn of(conversation: WorkerId, message: MessageId, text: &str) -> Self {
        Self { conversation, message, text: Sha256::digest(text).into() }
    }
}

pub(super) struct Rendered {
    entries: Cache<Key, Blocks, Bytes>,
    /// Whether a page was rendered since this was last asked.
    used: AtomicBool,
    /// The conversations that were deleted last, the oldest first.
    deleted: Mutex<VecDeque<WorkerId>>,
}

impl Default for Rendered {
    fn default() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(ENTRIES)
            .weight_capacity(BYTES)
            // An entry has to fit into a shard, and one page at a time needs the lock only shortly.
            .shards(1)
            .build()
            .expect("both capacities are given");
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let entries = Cache::with_options(options, Bytes, hasher, lifecycle);
        Self { entries, used: AtomicBool::new(false), deleted: Mutex::default() }
    }
}

/// Weighs entries by the bytes that they take.
#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Blocks> for Bytes {
    fn weight(&self, _: &Key, blocks: &Blocks) -> u64 {
        let html = blocks.iter().map(|block| size_of::<String>() + block.capacity());
        (ENTRY_BYTES + html.sum::<usize>()) as u64
    }
}

impl Rendered {
    pub(super) fn get(&self, key: &Key) -> Option<Blocks> {
        self.used.store(true, Ordering::Relaxed);
        self.entries.get(key)
    }

    /// Keeps the HTML, unless its conversation was deleted in the meantime.
    pub(super) fn put(&self, key: Key, blocks: Blocks) {
        // The lock is held until the entry is there, so that a deletion sees it.
        let deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        if !deleted.contains(&key.conversation) {
            self.entries.insert(key, blocks);
        }
    }

    fn delete(&self, conversation: WorkerId) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        if deleted.len() == DELETED {
            deleted.pop_front();
        }
        deleted.push_back(conversation);
        self.entries.retain(|key, _| key.conversation != conversation);
    }

    fn restore(&self, conversation: WorkerId) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.retain(|known| *known != conversation);
    }

    /// Removes everything if no page was rendered since the last call.
    fn clear_if_unused(&self) {
        if !self.used.swap(false, Ordering::Relaxed) {
            self.entries.clear();
        }
    }

    fn follow(&self, frame: &ListFrame) {
        match frame {
            ListFrame::Deleted { worker_id, .. } => self.delete(*worker_id),
            ListFrame::Worker { worker, .. } => self.restore(worker.worker_id),
            // Deletions may be among the changes that were missed.
            ListFrame::Hello { resumed: false, .. } => self.entries.clear(),
            ListFrame::Hello { .. } | ListFrame::Close { .. } => {}
        }
    }
}

/// Removes the HTML of deleted conversations, and all of it while no pages are read. Ends when the
/// runtime shuts down.
pub async fn tend(runtime: Runtime) {
    let Ok(mut list) = runtime.observe_all_lists() else { return };
    let mut idle = tokio::time::interval(IDLE);
    loop {
        tokio::select! {
            frame = list.next() => match frame {
                Some(frame) => RENDERED.follow(&frame),
                None => return,
            },
            _ = idle.tick() => RENDERED.clear_if_unused(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Cursor, LogId, sample};

    fn key(conversation: u64, text: &str) -> Key {
        Key::of(WorkerId::from_parts(conversation, [1; 10]), sample::turn().answer, text)
    }

    fn html(text: &str) -> Blocks {
        [text.to_owned()].into()
    }

    fn deletion(conversation: u64) -> ListFrame {
        let cursor = Cursor::new(LogId(1), 1);
        ListFrame::Deleted { cursor, worker_id: WorkerId::from_parts(conversation, [1; 10]) }
    }

    #[test]
    fn the_html_is_that_of_this_text() {
        let rendered = Rendered::default();
        rendered.put(key(1, "a"), html("A"));
        assert_eq!(rendered.get(&key(1, "a")), Some(html("A")));
        assert_eq!(rendered.get(&key(1, "b")), None);
        assert_eq!(rendered.get(&key(2, "a")), None);
    }

    #[test]
    fn the_html_of_a_deleted_conversation_is_removed_and_never_kept_again() {
        let rendered = Rendered::default();
        rendered.put(key(1, "a"), html("A"));
        rendered.put(key(2, "a"), html("A"));
        rendered.follow(&deletion(1));
        // This page was read before the deletion.
        rendered.put(key(1, "b"), html("B"));
        assert_eq!(rendered.entries.len(), 1);
        assert_eq!(rendered.get(&key(2, "a")), Some(html("A")));
        let mut worker = sample::worker();
        worker.worker_id = WorkerId::from_parts(1, [1; 10]);
        let cursor = Cursor::new(LogId(1), 2);
        rendered.follow(&ListFrame::Worker { cursor, worker: Box::new(worker) });
        rendered.put(key(1, "a"), html("A"));
        assert_eq!(rendered.get(&key(1, "a")), Some(html("A")));
    }

    #[test]
    fn nothing_is_kept_while_no_pages_are_read_or_after_missed_deletions() {
        let rendered = Rendered::default();
        rendered.put(key(1, "a"), html("A"));
        rendered.get(&key(1, "a"));
        rendered.clear_if_unused();
        assert_eq!(rendered.entries.len(), 1);
        rendered.clear_if_unused();
        assert_eq!(rendered.entries.len(), 0);
        rendered.put(key(1, "a"), html("A"));
        let (runtime_id, cursor) = (sample::worker().runtime_id, Cursor::new(LogId(1), 3));
        rendered.follow(&ListFrame::Hello { runtime_id, cursor, resumed: false });
        assert_eq!(rendered.entries.len(), 0);
    }

    #[test]
    fn the_kept_bytes_are_bounded() {
        let rendered = Rendered::default();
        for n in 0..3_000 {
            rendered.put(key(n, "a"), html(&"x".repeat(4096)));
        }
        assert!(rendered.entries.weight() <= BYTES, "{}", rendered.entries.weight());
        assert!(rendered.entries.len() > 500, "{}", rendered.entries.len());
        for n in 0..DELETED as u64 + 10 {
            rendered.follow(&deletion(n));
        }
        assert_eq!(rendered.deleted.lock().unwrap().len(), DELETED);
    }
}
