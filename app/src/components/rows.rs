//! The list of messages, in runs.
//!
//! When something is prepended to a keyed list, all of its elements are taken out of the page and
//! inserted again: the reader's place, selection and focus would be lost, and the time it takes
//! grows with the list. So each page of earlier messages is a run of its own, in front of the
//! existing runs, which stay untouched.
//!
//! A run is also the unit that the browser skips while it is off screen (`content-visibility`). The
//! browser checks each such unit in every frame, so making each message one would be too many.

use leptos::prelude::*;
use protocol::{MessageId, Truncated};

use super::message_view::MessageView;
use crate::erase::{Erased, attr, effect, erase, live};
use crate::live::{Conversation, Entry};
use crate::text::{self, tr};

/// All messages of the branch that is shown.
#[component]
pub fn Rows() -> impl IntoView {
    let Conversation { entries, truncated, .. } = expect_context();
    let newest = Run::of(rows(&entries.read_untracked(), truncated.get_untracked()));
    let shown = newest.clone();
    effect(move || shown.update(&rows(&entries.read(), truncated.get())));
    newest.view()
}

/// A row of the list.
#[derive(Clone)]
enum Row {
    /// The mark of the context window: the model does not see the messages above it.
    ContextWindow(u32),
    Message(Entry),
}

/// The key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    ContextWindow(u32),
    Message(MessageId),
}

impl Row {
    fn key(&self) -> Key {
        match self {
            Self::ContextWindow(left_out) => Key::ContextWindow(*left_out),
            Self::Message(entry) => Key::Message(entry.id),
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
            Self::Message(entry) => erase(view! { <MessageView entry /> }),
        }
    }
}

/// Rows that were loaded together, and the older run in front of them.
#[derive(Clone)]
struct Run {
    rows: ArcRwSignal<Vec<Row>>,
    older: ArcRwSignal<Option<Run>>,
}

impl Run {
    fn of(rows: Vec<Row>) -> Self {
        Self { rows: ArcRwSignal::new(rows), older: ArcRwSignal::new(None) }
    }

    fn view(self) -> Erased {
        let Self { rows, older } = self;
        // Lay the run out once, so that the browser knows its size from then on. Otherwise it would
        // scroll to a wrong place when a message in a run that was never shown is found or focused.
        let measured = ArcRwSignal::new(false);
        let done = measured.clone();
        effect(move || {
            let done = done.clone();
            request_animation_frame(move || request_animation_frame(move || done.set(true)));
        });
        erase(view! {
            {live(move || older.get().map(Self::view))}
            <div class="run" data-measured=attr(move || measured.get().then_some(""))>
                <For each=move || rows.get() key=Row::key children=Row::view />
            </div>
        })
    }

    /// Shows `rows`. Rows before this run's first row go to the older runs; if the first row is
    /// gone, everything is rebuilt.
    fn update(&self, rows: &[Row]) {
        let first = self.rows.read_untracked().first().map(Row::key);
        let at = first.and_then(|first| rows.iter().position(|row| row.key() == first));
        let (before, own) = rows.split_at(at.unwrap_or_default());
        self.set(own);
        let older = self.older.get_untracked();
        match older {
            Some(older) if !before.is_empty() => older.update(before),
            None if before.is_empty() => {}
            _ => self.older.set((!before.is_empty()).then(|| Self::of(before.to_vec()))),
        }
    }

    fn set(&self, rows: &[Row]) {
        let keys = |rows: &[Row]| rows.iter().map(Row::key).collect::<Vec<_>>();
        if keys(&self.rows.read_untracked()) != keys(rows) {
            self.rows.set(rows.to_vec());
        }
    }
}

/// The messages, with the context window's mark before the first message that the model sees.
fn rows(entries: &[Entry], sight: Option<Truncated>) -> Vec<Row> {
    let mut rows = Vec::with_capacity(entries.len() + 1);
    for entry in entries {
        if let Some(sight) = sight.filter(|sight| sight.first == entry.id) {
            rows.push(Row::ContextWindow(sight.left_out));
        }
        rows.push(Row::Message(entry.clone()));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sights(numbers: &[u32]) -> Vec<Row> {
        numbers.iter().copied().map(Row::ContextWindow).collect()
    }

    /// The runs, the oldest first.
    fn runs(run: &Run) -> Vec<Vec<u32>> {
        let number = |row: &Row| if let Row::ContextWindow(number) = row { *number } else { 0 };
        let mut runs = run.older.get_untracked().map_or_else(Vec::new, |older| runs(&older));
        runs.push(run.rows.read_untracked().iter().map(number).collect());
        runs
    }

    #[test]
    fn prepended_messages_are_a_new_run_and_existing_runs_stay() {
        let owner = Owner::new();
        owner.set();
        let run = Run::of(sights(&[5, 6]));
        run.update(&sights(&[5, 6, 7]));
        assert_eq!(runs(&run), [vec![5, 6, 7]]);
        run.update(&sights(&[3, 4, 5, 6, 7]));
        let older = run.older.get_untracked().unwrap();
        run.update(&sights(&[1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(runs(&run), [vec![1, 2], vec![3, 4], vec![5, 6, 7, 8]]);
        assert_eq!(runs(&older), [vec![1, 2], vec![3, 4]]);
    }

    #[test]
    fn another_branch_replaces_the_messages_that_are_not_in_it() {
        let owner = Owner::new();
        owner.set();
        let run = Run::of(sights(&[3, 4]));
        run.update(&sights(&[1, 2, 3, 4]));
        // Edits of the first message, of one in the middle, and of the last.
        run.update(&sights(&[1, 9]));
        assert_eq!(runs(&run).concat(), [1, 9]);
        run.update(&sights(&[0, 1, 9]));
        run.update(&sights(&[0, 1, 8]));
        assert_eq!(runs(&run).concat(), [0, 1, 8]);
        run.update(&sights(&[]));
        assert_eq!(runs(&run).concat(), [0; 0]);
        run.update(&sights(&[1]));
        assert_eq!(runs(&run).concat(), [1]);
    }
}
