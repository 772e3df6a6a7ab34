//! The list of messages, in runs and chapters.
//!
//! When something is prepended to a keyed list, all of its elements are taken out of the page and
//! inserted again: the reader's place, selection and focus would be lost, and the time it takes
//! grows with the list. So each page of earlier messages is a run of its own, in front of the
//! existing runs, which stay untouched.
//!
//! A run is also the unit that the browser skips while it is off screen (`content-visibility`). The
//! browser checks each such unit in every frame, so making each message one would be too many. For
//! the same reason runs are in chapters, which the browser skips as a whole, too.

use std::borrow::Borrow;

use leptos::prelude::*;
use protocol::{MessageId, Truncated};

use super::message_view::MessageView;
use super::together::Together;
use crate::erase::{Erased, attr, effect, erase, live};
use crate::live::{Conversation, Entry};
use crate::text::{self, tr};

/// The most runs of a chapter.
const CHAPTER_RUNS: usize = 10;

/// How many rows of a run appear in one frame. Their styles and their layout are computed in one
/// task, which must not delay a reader's input. The style sheet knows this number, too.
const STEP_ROWS: usize = 10;

/// All messages of the branch that is shown.
#[component]
pub fn Rows() -> impl IntoView {
    let Conversation { entries, truncated, beside, .. } = expect_context();
    let newest = {
        let (entries, beside) = (entries.read_untracked(), beside.read_untracked());
        Chapter::of(&rows(&entries, truncated.get_untracked(), &beside))
    };
    let shown = newest.clone();
    effect(move || shown.update(&rows(&entries.read(), truncated.get(), &beside.read())));
    newest.view(true)
}

/// A row of the list. A row that is only compared does not own its entry.
#[derive(Clone)]
enum Row<E = Entry> {
    /// The mark of the context window: the model does not see the messages above it.
    ContextWindow(u32),
    Message(E),
    /// Answers that were asked for at once.
    Beside(Vec<E>),
}

/// The key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    ContextWindow(u32),
    Message(MessageId),
    /// The last answer of those side by side, and how many there are.
    Beside(Option<MessageId>, usize),
}

impl<E: Borrow<Entry>> Row<E> {
    fn key(&self) -> Key {
        match self {
            Self::ContextWindow(left_out) => Key::ContextWindow(*left_out),
            Self::Message(entry) => Key::Message(entry.borrow().id),
            Self::Beside(entries) => {
                Key::Beside(entries.last().map(|entry| entry.borrow().id), entries.len())
            }
        }
    }
}

impl Row<&Entry> {
    fn owned(&self) -> Row {
        match self {
            Self::ContextWindow(left_out) => Row::ContextWindow(*left_out),
            Self::Message(entry) => Row::Message((*entry).clone()),
            Self::Beside(entries) => Row::Beside(entries.iter().map(|e| (*e).clone()).collect()),
        }
    }
}

impl Row {
    fn view(self) -> Erased {
        match self {
            Self::ContextWindow(left_out) => erase(view! {
                <p class="sight" role="separator">
                    <span>{tr!(truncated)}</span>
                    <span>{text::left_out(left_out)}</span>
                </p>
            }),
            Self::Message(entry) => erase(view! { <MessageView entry /> }),
            Self::Beside(entries) => erase(view! { <Together entries /> }),
        }
    }
}

/// Some runs, and the older chapter in front of them.
#[derive(Clone)]
struct Chapter {
    newest: Run,
    older: ArcRwSignal<Option<Chapter>>,
}

impl Chapter {
    fn of(rows: &[Row<&Entry>]) -> Self {
        Self { newest: Run::of(rows), older: ArcRwSignal::new(None) }
    }

    /// `at_once` says whether its newest run is shown in one frame.
    fn view(self, at_once: bool) -> Erased {
        let Self { newest, older } = self;
        // Nothing is prepended to a chapter that has an older one, so its size is known.
        let whole = older.clone();
        erase(view! {
            {live(move || older.get().map(|older| older.view(false)))}
            <div class="chapter" data-measured=attr(move || whole.read().is_some().then_some(""))>
                {newest.view(at_once)}
            </div>
        })
    }

    /// Shows `rows`. Rows before those of this chapter are a new run of it, if it has room, and else
    /// they belong to the older chapters.
    fn update(&self, rows: &[Row<&Entry>]) {
        let before = self.newest.update(rows);
        match self.older.get_untracked() {
            Some(older) if !before.is_empty() => older.update(before),
            Some(_) => self.older.set(None),
            None if before.is_empty() => {}
            None if self.newest.count() < CHAPTER_RUNS => self.newest.prepend(before),
            None => self.older.set(Some(Self::of(before))),
        }
    }
}

/// Rows that were loaded together, and the older run in front of them in the same chapter.
#[derive(Clone)]
struct Run {
    rows: ArcRwSignal<Vec<Row>>,
    older: ArcRwSignal<Option<Run>>,
}

impl Run {
    fn of(rows: &[Row<&Entry>]) -> Self {
        let rows = rows.iter().map(Row::owned).collect();
        Self { rows: ArcRwSignal::new(rows), older: ArcRwSignal::new(None) }
    }

    fn view(self, at_once: bool) -> Erased {
        let Self { rows, older } = self;
        let steps = if at_once { 0 } else { rows.read_untracked().len().div_ceil(STEP_ROWS) };
        // Show the rows in steps, the newest first, because the others are above them. Then lay the
        // whole run out once, so that the browser knows its size from then on. Otherwise it would
        // scroll to a wrong place when a message in a run that was never shown is found or focused.
        let (step, measured) = (ArcRwSignal::new(1), ArcRwSignal::new(false));
        let (stepped, done) = (step.clone(), measured.clone());
        effect(move || {
            let (step, next, done) = (stepped.get(), stepped.clone(), done.clone());
            request_animation_frame(move || {
                if step < steps {
                    next.set(step + 1);
                } else {
                    request_animation_frame(move || done.set(true));
                }
            });
        });
        let shown = move || Some(step.get()).filter(|step| *step < steps);
        erase(view! {
            {live(move || older.get().map(|older| older.view(false)))}
            <div
                class="run"
                data-step=attr(move || shown().map(|step| step.to_string()))
                data-measured=attr(move || measured.get().then_some(""))
            >
                <For each=move || rows.get() key=Row::key children=Row::view />
            </div>
        })
    }

    /// Shows those of `rows` that belong to this run and the older ones of its chapter, and returns
    /// the rows before them. If the first row of a run is gone, all from there on is rebuilt.
    fn update<'a, 'b>(&self, rows: &'a [Row<&'b Entry>]) -> &'a [Row<&'b Entry>] {
        let first = self.rows.read_untracked().first().map(Row::key);
        // From the end, where this run is, so that the search does not pass the older runs.
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

    fn set(&self, rows: &[Row<&Entry>]) {
        let same = self.rows.read_untracked().iter().map(Row::key).eq(rows.iter().map(Row::key));
        if !same {
            self.rows.set(rows.iter().map(Row::owned).collect());
        }
    }

    /// The number of runs, including the older ones of the chapter.
    fn count(&self) -> usize {
        1 + self.older.read_untracked().as_ref().map_or(0, Self::count)
    }

    /// Adds a run in front of the oldest one.
    fn prepend(&self, rows: &[Row<&Entry>]) {
        match self.older.get_untracked() {
            Some(older) => older.prepend(rows),
            None => self.older.set(Some(Self::of(rows))),
        }
    }
}

/// The messages, with the context window's mark before the first message that the model sees.
fn rows<'a>(
    entries: &'a [Entry],
    sight: Option<Truncated>,
    beside: &'a [Entry],
) -> Vec<Row<&'a Entry>> {
    let mut rows = Vec::with_capacity(entries.len() + 1);
    let last =
        entries.last().filter(|last| beside.len() > 1 && beside.iter().any(|e| e.id == last.id));
    for entry in &entries[..entries.len() - usize::from(last.is_some())] {
        if let Some(sight) = sight.filter(|sight| sight.first == entry.id) {
            rows.push(Row::ContextWindow(sight.left_out));
        }
        rows.push(Row::Message(entry));
    }
    if last.is_some() {
        rows.push(Row::Beside(beside.iter().collect()));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sights(numbers: &[u32]) -> Vec<Row<&'static Entry>> {
        numbers.iter().copied().map(Row::ContextWindow).collect()
    }

    /// The runs of each chapter, the oldest first.
    fn chapters(chapter: &Chapter) -> Vec<Vec<Vec<u32>>> {
        let older = chapter.older.get_untracked();
        let mut chapters = older.map_or_else(Vec::new, |older| chapters(&older));
        chapters.push(runs(&chapter.newest));
        chapters
    }

    fn runs(run: &Run) -> Vec<Vec<u32>> {
        let number = |row: &Row| if let Row::ContextWindow(number) = row { *number } else { 0 };
        let mut runs = run.older.get_untracked().map_or_else(Vec::new, |older| runs(&older));
        runs.push(run.rows.read_untracked().iter().map(number).collect());
        runs
    }

    fn shown(chapter: &Chapter) -> Vec<u32> {
        chapters(chapter).concat().concat()
    }

    #[test]
    fn prepended_messages_are_a_new_run_and_existing_runs_stay() {
        let owner = Owner::new();
        owner.set();
        let chapter = Chapter::of(&sights(&[5, 6]));
        chapter.update(&sights(&[5, 6, 7]));
        assert_eq!(chapters(&chapter), [[vec![5, 6, 7]]]);
        chapter.update(&sights(&[3, 4, 5, 6, 7]));
        let older = chapter.newest.older.get_untracked().unwrap();
        chapter.update(&sights(&[1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(chapters(&chapter), [[vec![1, 2], vec![3, 4], vec![5, 6, 7, 8]]]);
        assert_eq!(runs(&older), [vec![1, 2], vec![3, 4]]);
    }

    #[test]
    fn a_full_chapter_gets_an_older_one() {
        let owner = Owner::new();
        owner.set();
        let numbers: Vec<u32> = (1..=25).collect();
        let chapter = Chapter::of(&sights(&[25]));
        for first in (0..24).rev() {
            chapter.update(&sights(&numbers[first..]));
        }
        let sizes: Vec<_> = chapters(&chapter).iter().map(Vec::len).collect();
        assert_eq!(sizes, [5, CHAPTER_RUNS, CHAPTER_RUNS]);
        assert_eq!(shown(&chapter), numbers);
        // What follows the newest message touches no other run.
        let more: Vec<u32> = (1..=26).collect();
        chapter.update(&sights(&more));
        assert_eq!(chapters(&chapter)[2][CHAPTER_RUNS - 1], [25, 26]);
        // An edit in the oldest chapter, and one in the chapter before the newest.
        chapter.update(&sights(&[1, 2, 99]));
        assert_eq!(shown(&chapter), [1, 2, 99]);
    }

    #[test]
    fn another_branch_replaces_the_messages_that_are_not_in_it() {
        let owner = Owner::new();
        owner.set();
        let chapter = Chapter::of(&sights(&[3, 4]));
        chapter.update(&sights(&[1, 2, 3, 4]));
        // Edits of the first message, of one in the middle, and of the last.
        chapter.update(&sights(&[1, 9]));
        assert_eq!(shown(&chapter), [1, 9]);
        chapter.update(&sights(&[0, 1, 9]));
        chapter.update(&sights(&[0, 1, 8]));
        assert_eq!(shown(&chapter), [0, 1, 8]);
        chapter.update(&sights(&[]));
        assert_eq!(shown(&chapter), [0; 0]);
        chapter.update(&sights(&[1]));
        assert_eq!(shown(&chapter), [1]);
    }
}
