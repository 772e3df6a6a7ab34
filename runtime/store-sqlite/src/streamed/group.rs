//! What one group of commits changes about the streamed pieces. Nothing of it is visible before the
//! group is committed.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use protocol::{MessageId, TurnId, WorkerId};
use rusqlite::Connection;
use store::{Append, Cause, StoreError};

use super::piece::{self, Ids, Piece, pieces};
use super::{Answer, Streamed, Table};
use crate::write;

/// How many pieces one group moves into rows, beside its own work: a few milliseconds.
const MOVED: usize = 2_000;

/// What a job, which was not undone, means for streamed pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The conversation's pieces have rows of their own now.
    HaveRows(WorkerId),
    /// The conversation's log goes on after the pieces, up to this position.
    Follows(WorkerId, u64),
    /// The table must forget the pieces of the conversation with this key.
    Forget(i64),
}

/// The changes of a group.
pub(crate) struct Group<'a> {
    streamed: &'a Streamed,
    table: &'a Table,
    /// Conversations whose pieces have rows now.
    moved: HashSet<WorkerId>,
    follows: Vec<(WorkerId, u64)>,
    forget: Option<i64>,
    /// The new row of the table.
    row: Vec<u8>,
    /// The pieces of the new row, by conversation.
    added: HashMap<WorkerId, Added>,
    /// The first row of the table that stays; `None` if all do.
    keeps: Option<i64>,
}

/// The pieces that a group adds to one answer.
struct Added {
    key: i64,
    ids: (TurnId, MessageId),
    last_seq: u64,
    /// Where the pieces are in the row.
    spans: Vec<Range<usize>>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(streamed: &'a Streamed, table: &'a Table) -> Self {
        Self {
            streamed,
            table,
            moved: HashSet::new(),
            follows: Vec::new(),
            forget: None,
            row: Vec::new(),
            added: HashMap::new(),
            keeps: None,
        }
    }

    /// The pieces of a conversation's running answer that have no rows yet.
    pub(crate) fn answer(&self, id: WorkerId) -> Option<Arc<Answer>> {
        self.streamed.get(id).filter(|_| !self.moved.contains(&id))
    }

    /// Whether the table may still have pieces of a conversation whose answers have all ended.
    pub(crate) fn has_old_pieces(&self, key: i64) -> bool {
        self.table.last_row_of(key).is_some()
    }

    pub(crate) fn note(&mut self, effect: Effect) {
        match effect {
            Effect::HaveRows(id) => {
                self.moved.insert(id);
            }
            Effect::Follows(id, seq) => self.follows.push((id, seq)),
            Effect::Forget(key) => self.forget = self.table.last_row_of(key).max(self.forget),
        }
    }
}

/// The rows of the table.
impl Group<'_> {
    /// Removes rows that no running answer needs any more. If the table is too large because of an
    /// answer that has been running for long, its pieces become rows of `events` first. `adds` tells
    /// whether the group is going to add pieces.
    pub(crate) fn trim(&mut self, db: &Connection, adds: bool) -> Result<(), Cause> {
        if self.table.is_empty() {
            return Ok(());
        }
        let mut running = self.running();
        if !adds && running.is_empty() {
            self.keeps = Some(self.table.next_row());
            return self.table.clear(db);
        }
        if !self.table.is_long() && self.forget.is_none() {
            return Ok(());
        }
        let least = self.forget.map_or(0, |row| row + 1).max(self.table.row_at_limit());
        running.sort_by_key(|(_, row)| *row);
        let mut count = 0;
        let mut oldest = self.table.next_row();
        for (id, row) in running {
            if row >= least || count > MOVED {
                oldest = row;
                break;
            }
            if let Some(answer) = self.answer(id) {
                answer.write_rows(db)?;
                count += answer.count;
                self.moved.insert(id);
            }
        }
        if self.forget.is_some() || self.table.is_worth_removing(oldest) {
            self.keeps = Some(oldest);
            self.table.remove(db, oldest)?;
        }
        Ok(())
    }

    /// The conversations that have pieces, each with the row of the first one.
    fn running(&self) -> Vec<(WorkerId, i64)> {
        let answers = self.streamed.lock();
        let running = answers.iter().filter(|(id, _)| !self.moved.contains(id));
        running.map(|(id, answer)| (*id, answer.row)).collect()
    }

    /// Writes the pieces that were added.
    pub(crate) fn write_row(&self, db: &Connection) -> Result<(), Cause> {
        match self.row.is_empty() {
            true => Ok(()),
            false => self.table.insert(db, &self.row),
        }
    }
}

/// The pieces that are added.
impl Group<'_> {
    /// Whether these events can be stored as pieces.
    pub(crate) fn takes(append: &Append) -> bool {
        let Append { summary, events, prompt, .. } = append;
        let first = events.first().and_then(piece::ids);
        first.is_some()
            && events.iter().all(|event| piece::ids(event) == first)
            && summary.is_none()
            && prompt.is_none()
    }

    /// Adds the pieces of an append which [`Self::takes`] allows. On an error nothing is added.
    pub(crate) fn add(&mut self, db: &Connection, append: &Append) -> Result<(), StoreError> {
        let id = append.worker_id;
        let fails = |cause: Cause| StoreError::Append(cause);
        let Some(ids) = append.events.first().and_then(piece::ids) else {
            return Err(fails("these are no pieces".into()));
        };
        let answer = self.answer(id);
        let known = match (self.added.get(&id), &answer) {
            (Some(added), _) => Some((added.key, added.last_seq)),
            (None, Some(answer)) => Some((answer.key(), self.log_end(answer, id))),
            (None, None) => None,
        };
        let (key, last_seq) = match known {
            Some(known) => known,
            None => write::end_of_log(db, id).map_err(fails)?.ok_or(StoreError::Gone)?,
        };
        write::check_follows(last_seq, &append.events)?;
        // Pieces of another answer, which never ended.
        let others = answer.as_ref().filter(|answer| answer.ids() != ids);
        if let Some(answer) = others {
            answer.write_rows(db).map_err(fails)?;
            self.moved.insert(id);
        }
        let begins = match self.added.get(&id) {
            Some(added) if added.ids != ids => return Err(fails("two answers at once".into())),
            Some(_) => false,
            None => answer.is_none() || others.is_some(),
        };
        let begin = self.row.len();
        for event in &append.events {
            let is_first = begins && self.row.len() == begin;
            let head = is_first.then(|| Ids::new(ids.0, ids.1));
            let written = Piece::of(key, head, event).map(|piece| piece.write(&mut self.row));
            if !matches!(written, Some(Ok(()))) {
                self.row.truncate(begin);
                return Err(fails("a piece cannot be encoded".into()));
            }
        }
        let last_seq = append.events.last().map_or(last_seq, |event| event.seq);
        let added = Added { key, ids, last_seq, spans: Vec::new() };
        let added = self.added.entry(id).or_insert(added);
        added.last_seq = last_seq;
        added.spans.push(begin..self.row.len());
        Ok(())
    }

    fn log_end(&self, answer: &Answer, id: WorkerId) -> u64 {
        let follows = self.follows.iter().filter(|(of, _)| *of == id).map(|(_, seq)| *seq);
        follows.fold(answer.log_end(), u64::max)
    }
}

/// A group that was committed.
pub(crate) struct Committed {
    moved: HashSet<WorkerId>,
    follows: Vec<(WorkerId, u64)>,
    row: Vec<u8>,
    added: HashMap<WorkerId, Added>,
    keeps: Option<i64>,
}

impl Group<'_> {
    /// The changes, without what they were made from.
    pub(crate) fn finish(self) -> Committed {
        let Self { moved, follows, row, added, keeps, .. } = self;
        Committed { moved, follows, row, added, keeps }
    }
}

impl Committed {
    /// Makes the changes visible.
    pub(crate) fn apply(self, streamed: &Streamed, table: &mut Table) {
        let row = table.next_row();
        let mut answers = streamed.lock();
        for id in &self.moved {
            if let Some(answer) = answers.remove(id) {
                table.note_end(answer.key());
            }
        }
        for (id, seq) in self.follows {
            if let Some(answer) = answers.get_mut(&id) {
                Arc::make_mut(answer).follow(seq);
            }
        }
        for (id, added) in self.added {
            let new = || Arc::new(Answer::new(added.key, added.ids, row));
            let answer = Arc::make_mut(answers.entry(id).or_insert_with(new));
            for span in added.spans {
                // What was encoded just now can be decoded.
                pieces(&self.row[span]).map_while(Result::ok).for_each(|piece| answer.push(&piece));
            }
        }
        drop(answers);
        table.note(self.keeps, self.row.len());
    }
}
