//! Which answers the reader has seen in this browser.

use protocol::{Worker, WorkerId, WorkerStatus};

/// The most conversations that are remembered one by one.
const MOST: usize = 500;

/// What was shown, shared by all tabs of this browser.
///
/// Invariant: nothing shown of a conversation is newer than its entry here or than `since_ms`,
/// whichever is later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Everything up to this time counts as seen: it is older than this browser's first visit, or
    /// too old to be remembered one by one.
    since_ms: i64,
    /// The times up to which conversations were shown, the last recorded one last.
    upto_ms: Vec<(WorkerId, i64)>,
}

impl Seen {
    /// The state of a browser's first visit; `since_ms` is the time of the list's newest entry.
    pub fn since(since_ms: i64) -> Self {
        Self { since_ms, upto_ms: Vec::new() }
    }

    /// Parses the text of [`Self::write`]; `None` for any other text.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut seen = Self::since(lines.next()?.parse().ok()?);
        for line in lines {
            let (id, ms) = line.split_once(' ')?;
            seen.upto_ms.push((id.parse().ok()?, ms.parse().ok()?));
        }
        Some(seen)
    }

    /// Serializes it as text.
    pub fn write(&self) -> String {
        let mut text = self.since_ms.to_string();
        for (id, ms) in &self.upto_ms {
            text.push('\n');
            text.push_str(&id.to_string());
            text.push(' ');
            text.push_str(&ms.to_string());
        }
        text
    }

    /// Records that a conversation was shown as of a time. Returns whether that is new.
    pub fn note(&mut self, id: WorkerId, at_ms: i64) -> bool {
        if at_ms <= self.of(id) {
            return false;
        }
        self.upto_ms.retain(|(of, _)| *of != id);
        self.upto_ms.push((id, at_ms));
        if self.upto_ms.len() > MOST {
            let (_, oldest_ms) = self.upto_ms.remove(0);
            self.since_ms = self.since_ms.max(oldest_ms);
        }
        true
    }

    /// Whether an answer ended in a conversation after it was last shown.
    pub fn is_unread(&self, worker: &Worker) -> bool {
        worker.status != WorkerStatus::Generating
            && worker.updated_at > worker.created_at
            && worker.updated_at.unix_ms() > self.of(worker.worker_id)
    }

    fn of(&self, id: WorkerId) -> i64 {
        let noted = self.upto_ms.iter().find(|(of, _)| *of == id).map(|(_, ms)| *ms);
        noted.unwrap_or(self.since_ms).max(self.since_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    #[test]
    fn an_answer_is_unread_until_it_was_shown() {
        let mut seen = Seen::since(sample::at(0).unix_ms());
        let mut worker = sample::worker();
        assert!(!seen.is_unread(&worker), "nothing was said in it");
        worker.updated_at = sample::at(5);
        worker.status = WorkerStatus::Generating;
        assert!(!seen.is_unread(&worker), "it is not there yet");
        worker.status = WorkerStatus::Idle;
        assert!(seen.is_unread(&worker));
        assert!(seen.note(worker.worker_id, sample::at(5).unix_ms()));
        assert!(!seen.note(worker.worker_id, sample::at(4).unix_ms()));
        assert!(!seen.is_unread(&worker));
        worker.updated_at = sample::at(6);
        assert!(seen.is_unread(&worker));
    }

    #[test]
    fn on_the_first_visit_nothing_is_unread() {
        let mut worker = sample::worker();
        worker.updated_at = sample::at(9);
        assert!(!Seen::since(sample::at(9).unix_ms()).is_unread(&worker));
    }

    #[test]
    fn the_seen_list_round_trips_and_invalid_text_is_refused() {
        let mut seen = Seen::since(3);
        for n in 1..4 {
            seen.note(WorkerId::from_parts(n, [n as u8; 10]), n as i64 + 10);
        }
        assert_eq!(Seen::read(&seen.write()), Some(seen));
        assert_eq!(Seen::read("0"), Some(Seen::default()));
        for odd in ["", "x", "1\n\n", "1\nabc 5", "1\n5", "{}"] {
            assert_eq!(Seen::read(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_seen_list_is_bounded_and_forgotten_answers_stay_seen() {
        let mut seen = Seen::default();
        let id = |n: usize| WorkerId::from_parts(n as u64 + 1, [0; 10]);
        for n in 0..MOST + 50 {
            seen.note(id(n), n as i64 + 1);
        }
        assert_eq!(seen.upto_ms.len(), MOST);
        let worker = |n: usize, at: i64| {
            let created_at = protocol::Timestamp::from_unix_ms(0);
            let updated_at = protocol::Timestamp::from_unix_ms(at);
            Worker { worker_id: id(n), created_at, updated_at, ..sample::worker() }
        };
        for n in 0..MOST + 50 {
            assert!(!seen.is_unread(&worker(n, n as i64 + 1)), "{n}");
            assert!(seen.is_unread(&worker(n, 1_000_000)), "{n}");
        }
    }
}
