//! The list of messages, in runs.
//!
//! When something is prepended to a keyed list, all of its elements are taken out of the page and
//! inserted again: the reader's place, selection and focus would be lost, and the time it takes
//! grows with the list. So the messages that are prepended in one frame are a piece of their own,
//! in front of the existing pieces, which stay untouched.
//!
//! A run of pieces is the unit that the browser skips while it is off screen
//! (`content-visibility`). The browser checks each such unit in every frame, so making each message
//! or each piece one would be too many.

use std::borrow::Cow;

use leptos::prelude::*;
use protocol::{MessageId, Truncated};

use super::message_view::MessageView;
use crate::erase::{Erased, attr, effect, erase, live};
use crate::live::{Conversation, Entry};
use crate::text::{self, tr};

/// The most rows of a run to which earlier ones are added.
const RUN_ROWS: usize = 50;

/// All messages of the branch that is shown.
#[component]
pub fn Rows() -> impl IntoView {
    let Conversation { entries, truncated, .. } = expect_context();
    let newest = Run::of(&rows(&entries.read_untracked(), truncated.get_untracked()));
    let shown = newest.clone();
    effect(move || shown.update(&rows(&entries.read(), truncated.get())));
    newest.view()
}

/// A row of the list. Only a row that is shown anew owns its entry; the others are only compared.
#[derive(Clone)]
enum Row<'a> {
    /// The mark of the context window: the model does not see the messages above it.
    ContextWindow(u32),
    Message(Cow<'a, Entry>),
}

/// The key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    ContextWindow(u32),
    Message(MessageId),
}

impl Row<'_> {
    fn key(&self) -> Key {
        match self {
            Self::ContextWindow(left_out) => Key::ContextWindow(*left_out),
            Self::Message(entry) => Key::Message(entry.id),
        }
    }

    fn owned(&self) -> Row<'static> {
        match self {
            Self::ContextWindow(left_out) => Row::ContextWindow(*left_out),
            Self::Message(entry) => Row::Message(Cow::Owned(Entry::clone(entry))),
        }
    }

    fn view(self) -> Erased {
        match self {
            Self::ContextWindow(left_out) => erase(view! {
                <p class="sight" role="separator">
                    <span>{tr!(truncated)}</span>
                    <span>{text::left_out(left_out)}</span>
                </p>
            }),
            Self::Message(entry) => {
                let entry = entry.into_owned();
                erase(view! { <MessageView entry /> })
            }
        }
    }
}

/// Pieces that are skipped together, and the older run in front of them.
#[derive(Clone)]
struct Run {
    newest: Piece,
    older: ArcRwSignal<Option<Run>>,
    /// How many pieces were added to the run.
    added: ArcRwSignal<u32>,
}

impl Run {
    fn of(rows: &[Row<'_>]) -> Self {
        let (newest, older) = (Piece::of(rows), ArcRwSignal::new(None));
        Self { newest, older, added: ArcRwSignal::new(0) }
    }

    fn view(self) -> Erased {
        let Self { newest, older, added } = self;
        // Lay the run out once, so that the browser knows its size from then on. Otherwise it would
        // scroll to a wrong place when a message in a run that was never shown is found or focused.
        let measured = ArcRwSignal::new(false);
        let done = measured.clone();
        effect(move || {
            let (done, added, before) = (done.clone(), added.clone(), added.get());
            done.set(false);
            request_animation_frame(move || {
                request_animation_frame(move || done.set(added.get_untracked() == before));
            });
        });
        erase(view! {
            {live(move || older.get().map(Self::view))}
            <div class="run" data-measured=attr(move || measured.get().then_some(""))>
                {newest.view()}
            </div>
        })
    }

    /// Shows `rows`. Rows before this run's first row go to the older runs, or into this run while
    /// it has room; if the first row of a piece is gone, all from there on is rebuilt.
    fn update(&self, rows: &[Row<'_>]) {
        let before = self.newest.update(rows);
        let older = self.older.get_untracked();
        match older {
            Some(older) if !before.is_empty() => older.update(before),
            Some(_) => self.older.set(None),
            None if before.is_empty() => {}
            None if self.newest.count() + before.len() <= RUN_ROWS => {
                self.newest.prepend(before);
                self.added.update(|added| *added += 1);
            }
            None => self.older.set(Some(Self::of(before))),
        }
    }
}

/// Rows that were added together, and the older ones in front of them in the same run.
#[derive(Clone)]
struct Piece {
    rows: ArcRwSignal<Vec<Row<'static>>>,
    older: ArcRwSignal<Option<Piece>>,
}

impl Piece {
    fn of(rows: &[Row<'_>]) -> Self {
        let rows = rows.iter().map(Row::owned).collect();
        Self { rows: ArcRwSignal::new(rows), older: ArcRwSignal::new(None) }
    }

    fn view(self) -> Erased {
        let Self { rows, older } = self;
        erase(view! {
            {live(move || older.get().map(Self::view))}
            <For each=move || rows.get() key=Row::key children=Row::view />
        })
    }

    /// Shows those of `rows` that belong to this piece and the older ones, and returns the rows
    /// before them.
    fn update<'a, 'b>(&self, rows: &'a [Row<'b>]) -> &'a [Row<'b>] {
        let first = self.rows.read_untracked().first().map(Row::key);
        let at = first.and_then(|first| rows.iter().rposition(|row| row.key() == first));
        let (before, own) = rows.split_at(at.unwrap_or_default());
        self.set(own);
        match self.older.get_untracked() {
            Some(older) if !before.is_empty() => older.update(before),
            Some(_) => {
                self.older.set(None);
                before
            }
            None => before,
        }
    }

    fn set(&self, rows: &[Row<'_>]) {
        let same = self.rows.read_untracked().iter().map(Row::key).eq(rows.iter().map(Row::key));
        if !same {
            self.rows.set(rows.iter().map(Row::owned).collect());
        }
    }

    /// The number of rows, including those of the older pieces.
    fn count(&self) -> usize {
        let older = self.older.get_untracked().map_or(0, |older| older.count());
        self.rows.read_untracked().len() + older
    }

    /// Adds a piece in front of the oldest one.
    fn prepend(&self, rows: &[Row<'_>]) {
        match self.older.get_untracked() {
            Some(older) => older.prepend(rows),
            None => self.older.set(Some(Self::of(rows))),
        }
    }
}

/// The messages, with the context window's mark before the first message that the model sees.
fn rows(entries: &[Entry], sight: Option<Truncated>) -> Vec<Row<'_>> {
    let mut rows = Vec::with_capacity(entries.len() + 1);
    for entry in entries {
        if let Some(sight) = sight.filter(|sight| sight.first == entry.id) {
            rows.push(Row::ContextWindow(sight.left_out));
        }
        rows.push(Row::Message(Cow::Borrowed(entry)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn sights(numbers: impl IntoIterator<Item = u32>) -> Vec<Row<'static>> {
        numbers.into_iter().map(Row::ContextWindow).collect()
    }

    /// The pieces of each run, the oldest first.
    fn runs(run: &Run) -> Vec<Vec<Vec<u32>>> {
        let mut runs = run.older.get_untracked().map_or_else(Vec::new, |older| runs(&older));
        runs.push(pieces(&run.newest));
        runs
    }

    fn pieces(piece: &Piece) -> Vec<Vec<u32>> {
        let number = |row: &Row<'_>| if let Row::ContextWindow(number) = row { *number } else { 0 };
        let mut pieces = piece.older.get_untracked().map_or_else(Vec::new, |older| pieces(&older));
        pieces.push(piece.rows.read_untracked().iter().map(number).collect());
        pieces
    }

    fn all<const N: usize>(ranges: [Range<u32>; N]) -> Vec<Vec<u32>> {
        ranges.into_iter().map(Vec::from_iter).collect()
    }

    fn shown(run: &Run) -> Vec<u32> {
        runs(run).concat().concat()
    }

    #[test]
    fn prepended_messages_fill_runs_and_existing_pieces_stay() {
        let owner = Owner::new();
        owner.set();
        let run = Run::of(&sights(200..230));
        run.update(&sights(200..231));
        assert_eq!(runs(&run), [all([200..231])]);
        // The run has room for these.
        run.update(&sights(190..231));
        assert_eq!(runs(&run), [all([190..200, 200..231])]);
        run.update(&sights(180..231));
        run.update(&sights(150..231));
        run.update(&sights(140..232));
        let expected = [all([140..150, 150..180, 180..190]), all([190..200, 200..232])];
        assert_eq!(runs(&run), expected);
        assert_eq!(run.added.get_untracked(), 1);
        assert_eq!(run.older.get_untracked().unwrap().added.get_untracked(), 2);
    }

    #[test]
    fn many_messages_at_once_are_a_run() {
        let owner = Owner::new();
        owner.set();
        let run = Run::of(&sights(500..502));
        run.update(&sights(100..502));
        run.update(&sights(99..502));
        assert_eq!(runs(&run), [all([99..100]), all([100..500]), all([500..502])]);
    }

    #[test]
    fn another_branch_replaces_the_messages_that_are_not_in_it() {
        let owner = Owner::new();
        owner.set();
        let run = Run::of(&sights([3, 4]));
        run.update(&sights([1, 2, 3, 4]));
        // Edits of the first message, of one in the middle, and of the last.
        run.update(&sights([1, 9]));
        assert_eq!(shown(&run), [1, 9]);
        run.update(&sights([0, 1, 9]));
        run.update(&sights([0, 1, 8]));
        assert_eq!(shown(&run), [0, 1, 8]);
        run.update(&sights([]));
        assert_eq!(shown(&run), [0; 0]);
        run.update(&sights([1]));
        assert_eq!(shown(&run), [1]);
        // The same in an older run and piece.
        let run = Run::of(&sights(200..250));
        run.update(&sights(160..250));
        run.update(&sights(150..250));
        assert_eq!(runs(&run), [all([150..160, 160..200]), all([200..250])]);
        run.update(&sights((150..159).chain(300..310)));
        assert_eq!(shown(&run), sights_of(150..159, 300..310));
        run.update(&sights((140..159).chain(300..310)));
        assert_eq!(shown(&run), sights_of(140..159, 300..310));
    }

    fn sights_of(older: Range<u32>, newer: Range<u32>) -> Vec<u32> {
        older.chain(newer).collect()
    }
}
