//! Remembers deleted conversations, so that a page of the list that was read before a deletion and
//! arrives after it does not show the conversation again. Pure.

use std::collections::VecDeque;

use protocol::{Cursor, WorkerId};

/// How many deletions are remembered. A page is in flight for seconds, in which few are made.
const REMEMBERED: usize = 100;

/// The last deletions, each with a cursor and a number of events. A page that is at least this many
/// events newer than the cursor may show the conversation, because it was restored by then.
#[derive(Debug, Default)]
pub struct Gone(VecDeque<(WorkerId, Option<Cursor>, u64)>);

impl Gone {
    /// Records a deletion that the list's stream reported at a cursor. Restoring the conversation
    /// takes at least one more event.
    pub fn note_reported(&mut self, id: WorkerId, at: Cursor) {
        self.note(id, Some(at), 1);
    }

    /// Records a deletion that was made on this page and that the stream has not reported yet.
    /// `last` is the newest cursor of the stream.
    pub fn made(&mut self, id: WorkerId, last: Option<Cursor>) {
        self.note(id, last, 2);
    }

    /// Removes a conversation that the stream reports again.
    pub fn is_back(&mut self, id: WorkerId) {
        self.0.retain(|(gone, ..)| *gone != id);
    }

    /// Whether a page that was read at a cursor may show a conversation.
    pub fn may_show(&self, id: WorkerId, page: Option<&Cursor>) -> bool {
        let Some((_, known, events)) = self.0.iter().find(|(gone, ..)| *gone == id) else {
            return true;
        };
        let parts = |cursor: Option<&Cursor>| cursor.and_then(|cursor| cursor.parts().ok());
        match (parts(known.as_ref()), parts(page)) {
            (Some((log, at)), Some((page_log, page_at))) => {
                log != page_log || page_at >= at + events
            }
            // The cursors are of different servers, or the page has none.
            _ => true,
        }
    }

    fn note(&mut self, id: WorkerId, at: Option<Cursor>, events: u64) {
        self.is_back(id);
        self.0.push_back((id, at, events));
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::LogId;

    fn at(seq: u64) -> Cursor {
        Cursor::new(LogId(1), seq)
    }

    #[test]
    fn a_page_from_before_a_deletion_does_not_show_the_deleted_conversation() {
        let (one, other) = (WorkerId::from_parts(1, [1; 10]), WorkerId::from_parts(2, [2; 10]));
        let mut gone = Gone::default();
        gone.note_reported(one, at(9));
        assert!(!gone.may_show(one, Some(&at(8))));
        assert!(!gone.may_show(one, Some(&at(9))));
        assert!(gone.may_show(one, Some(&at(10))), "it was brought back");
        assert!(gone.may_show(other, Some(&at(8))));
        assert!(gone.may_show(one, Some(&Cursor::new(LogId(2), 1))), "of a server that began anew");
        gone.is_back(one);
        assert!(gone.may_show(one, Some(&at(8))));
        gone.made(one, Some(at(5)));
        assert!(!gone.may_show(one, Some(&at(6))), "the deletion is the sixth");
        assert!(gone.may_show(one, Some(&at(7))));
    }

    #[test]
    fn the_number_of_remembered_deletions_is_bounded() {
        let mut gone = Gone::default();
        for n in 0..1_000 {
            gone.note_reported(WorkerId::from_parts(n, [1; 10]), at(n));
        }
        assert_eq!(gone.0.len(), REMEMBERED);
    }
}
