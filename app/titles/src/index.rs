//! The titles of a list, prepared for searching.

use std::cmp::Reverse;
use std::collections::HashSet;

use protocol::{ListFrame, Timestamp, Visibility, Worker, WorkerId};

use crate::{QUERY_CHARS, score};

/// The most conversations that are searched, the most recently used ones.
pub const MOST: usize = 5_000;

/// The most conversations that are returned.
pub const FOUND: usize = 8;

/// Conversations with their titles in lowercase. A search prepares no title; a change of the list
/// prepares only the title that changed.
///
/// Invariant: `entries` are sorted by [`rank`], contain each conversation once, and are at most
/// [`MOST`].
#[derive(Debug, Default)]
pub struct Titles {
    entries: Vec<Entry>,
    prepared: u64,
}

#[derive(Debug)]
struct Entry {
    worker: Worker,
    /// The title in lowercase.
    title: String,
}

/// Sort key: whether a conversation is archived, and the time of its last use; smaller keys are
/// found first.
type Rank = (bool, Reverse<(Timestamp, WorkerId)>);

fn rank(worker: &Worker) -> Rank {
    (worker.place == Visibility::Archived, Reverse((worker.updated_at, worker.worker_id)))
}

impl Titles {
    /// Builds the index from the pages of a list, in any order. A conversation that changed between
    /// two pages may be in both.
    pub fn new(mut workers: Vec<Worker>) -> Self {
        workers.sort_by_key(rank);
        let mut known = HashSet::new();
        workers.retain(|worker| known.insert(worker.worker_id));
        workers.truncate(MOST);
        let mut titles = Self::default();
        for worker in workers {
            let title = titles.prepare(&worker);
            titles.entries.push(Entry { worker, title });
        }
        titles
    }

    /// Inserts or updates a conversation.
    pub fn put(&mut self, worker: Worker) {
        let known = self.take_out(worker.worker_id);
        let title = match known {
            Some(known) if known.worker.title == worker.title => known.title,
            _ => self.prepare(&worker),
        };
        let at = self.entries.partition_point(|entry| rank(&entry.worker) < rank(&worker));
        self.entries.insert(at, Entry { worker, title });
        self.entries.truncate(MOST);
    }

    /// Applies a frame of the list's stream. Returns false if the list has to be loaded again.
    #[must_use]
    pub fn apply(&mut self, frame: ListFrame) -> bool {
        match frame {
            ListFrame::Hello { resumed, .. } => resumed,
            ListFrame::Worker { worker, .. } => {
                self.put(*worker);
                true
            }
            ListFrame::Deleted { worker_id, .. } => {
                // If the index was full, a conversation that did not fit may fit now.
                let was_full = self.entries.len() == MOST;
                self.take_out(worker_id).is_none() || !was_full
            }
            ListFrame::Close { .. } => false,
        }
    }

    /// How many titles were converted to lowercase so far.
    pub fn prepared(&self) -> u64 {
        self.prepared
    }

    /// The conversations whose titles match the query, the best first, and among equals the last
    /// used first. An empty query matches all. Archived conversations come after other equally good
    /// matches.
    pub fn find(&self, query: &str) -> Vec<Worker> {
        let query: String = query.chars().take(QUERY_CHARS).collect();
        let query = query.trim().to_lowercase();
        let mut best: Vec<(u32, &Entry)> = Vec::new();
        for entry in &self.entries {
            // Without a query, the first entries are the best.
            if query.is_empty() && best.len() == FOUND {
                break;
            }
            let Some(score) = score(&entry.title, &query) else { continue };
            let at = best.partition_point(|(other, _)| *other >= score);
            if at < FOUND {
                best.insert(at, (score, entry));
                best.truncate(FOUND);
            }
        }
        best.into_iter().map(|(_, entry)| entry.worker.clone()).collect()
    }

    fn take_out(&mut self, id: WorkerId) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.worker.worker_id == id)?;
        Some(self.entries.remove(at))
    }

    fn prepare(&mut self, worker: &Worker) -> String {
        self.prepared += 1;
        worker.title.as_deref().unwrap_or_default().trim().to_lowercase()
    }
}

#[cfg(test)]
mod tests;
