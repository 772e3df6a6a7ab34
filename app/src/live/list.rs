//! The list of conversations in the page: loaded once, then updated by a stream.
//!
//! It lives as long as the page and not as one conversation in it, so moving from one conversation
//! to another does not load it again.

pub mod day;
mod gone;
mod order;
mod seen;

use leptos::prelude::*;
use protocol::api::WorkerPage;
use protocol::{Cursor, ListFrame, RuntimeId, Timestamp, Worker, WorkerId};

use super::signal::set_if_new;
use gone::Gone;

pub use day::Day;
pub use order::Part;
pub use seen::Seen;

/// A heading with the conversations under it.
#[derive(Clone)]
pub struct Group {
    pub day: Day,
    pub items: ArcRwSignal<Vec<Item>>,
}

/// One conversation of the list.
#[derive(Clone)]
pub struct Item {
    pub id: WorkerId,
    pub worker: ArcRwSignal<Worker>,
}

/// The initial data of the list.
#[derive(Clone, Debug)]
pub struct Beginning {
    pub page: WorkerPage,
    pub part: Part,
    /// The server's time, by which the server grouped the list.
    pub now: Timestamp,
}

/// The list in the page. Cheap to clone; in the context of the whole app.
#[derive(Clone)]
pub struct List {
    pub groups: ArcRwSignal<Vec<Group>>,
    pub next_before: ArcRwSignal<Option<String>>,
    pub part: ArcRwSignal<Part>,
    /// Which conversations this browser has shown; unknown before a script runs.
    pub seen: ArcRwSignal<Option<Seen>>,
    /// The conversation whose title is being edited in the list. Nothing moves meanwhile, because a
    /// moved element loses the focus and the text of an input method's composition.
    pub renaming: ArcRwSignal<Option<WorkerId>>,
    /// The conversation that was archived here last, as it was before, while that can be undone.
    pub archived: ArcRwSignal<Option<Worker>>,
    /// The runtime whose list this is, once it is known.
    pub runtime: ArcRwSignal<Option<RuntimeId>>,
    /// Whether the page is visible.
    pub looking: ArcRwSignal<bool>,
    /// Whether a script runs, which knows the reader's time zone. Until then days are the server's.
    pub local: ArcRwSignal<bool>,
    state: ArcStoredValue<State>,
}

/// Invariant: `items` are in the order of the list, except while a title is being edited.
#[derive(Default)]
struct State {
    items: Vec<Item>,
    /// The last conversation of the last page that was loaded, as it was then.
    last: Option<Worker>,
    cursor: Option<Cursor>,
    gone: Gone,
    /// Whether the stream is delivering all changes.
    live: bool,
    /// Today in UTC, used until a script knows the reader's time zone.
    utc_today: i64,
    loading: bool,
}

impl State {
    /// The conversations of a page that was read at a cursor, without those deleted since.
    fn without_gone(&self, mut workers: Vec<Worker>, page: Option<&Cursor>) -> Vec<Worker> {
        workers.retain(|worker| self.gone.may_show(worker.worker_id, page));
        workers
    }
}

impl List {
    /// Starts empty.
    pub fn new() -> Self {
        Self {
            groups: ArcRwSignal::default(),
            next_before: ArcRwSignal::default(),
            part: ArcRwSignal::default(),
            seen: ArcRwSignal::default(),
            renaming: ArcRwSignal::default(),
            archived: ArcRwSignal::default(),
            runtime: ArcRwSignal::default(),
            looking: ArcRwSignal::default(),
            local: ArcRwSignal::default(),
            state: ArcStoredValue::default(),
        }
    }

    /// Takes the sidebar's data, unless the list already shows this part and is up to date by its
    /// stream.
    pub fn begin(&self, beginning: Beginning) {
        let Beginning { page, part, now } = beginning;
        let known = self.state.with_value(|state| state.live && !state.items.is_empty());
        if known && *self.part.read_untracked() == part && !part.older {
            return;
        }
        self.state.update_value(|state| state.utc_today = order::utc_day(now));
        set_if_new(&self.part, part);
        self.replace(page);
    }

    /// Replaces the list with a first page.
    pub fn replace(&self, page: WorkerPage) {
        let runtime = page.workers.first().map(|worker| worker.runtime_id.clone());
        self.state.update_value(|state| {
            let known = std::mem::take(&mut state.items);
            state.last = page.workers.last().cloned();
            for worker in state.without_gone(page.workers, page.cursor.as_ref()) {
                if !state.items.iter().any(|item| item.id == worker.worker_id) {
                    state.items.push(item(&known, worker));
                }
            }
            state.cursor = page.cursor;
        });
        set_if_new(&self.next_before, page.next_before);
        if runtime.is_some() {
            set_if_new(&self.runtime, runtime);
        }
        self.arrange();
    }

    /// Appends the next page.
    pub fn append(&self, page: WorkerPage) {
        self.state.update_value(|state| {
            state.last = page.workers.last().cloned().or(state.last.take());
            for worker in state.without_gone(page.workers, page.cursor.as_ref()) {
                if !state.items.iter().any(|item| item.id == worker.worker_id) {
                    state.items.push(Item::of(worker));
                }
            }
        });
        set_if_new(&self.next_before, page.next_before);
        self.arrange();
    }

    /// Applies a frame. Returns whether the first page has to be loaded again.
    pub fn apply(&self, frame: ListFrame) -> bool {
        let cursor = frame.cursor().cloned();
        let again = match frame {
            ListFrame::Hello { resumed, .. } => !resumed,
            ListFrame::Worker { worker, .. } => {
                self.state.update_value(|state| state.gone.is_back(worker.worker_id));
                self.put(*worker);
                false
            }
            ListFrame::Deleted { worker_id, cursor } => {
                self.remove(worker_id);
                self.state.update_value(|state| state.gone.note_reported(worker_id, cursor));
                false
            }
            ListFrame::Close { .. } => false,
        };
        if let Some(cursor) = cursor {
            self.state.update_value(|state| state.cursor = Some(cursor));
        }
        again
    }

    /// Inserts or updates a conversation.
    pub fn put(&self, worker: Worker) {
        let (part, more) =
            (*self.part.read_untracked(), self.next_before.read_untracked().is_some());
        self.state.update_value(|state| {
            let at = state.items.iter().position(|item| item.id == worker.worker_id);
            match at {
                Some(at) if part.has(&worker) => set_if_new(&state.items[at].worker, worker),
                Some(at) => {
                    state.items.remove(at);
                }
                None if part.takes(&worker, state.last.as_ref(), more) => {
                    state.items.push(Item::of(worker));
                }
                None => {}
            }
        });
        self.arrange();
    }

    /// Removes a conversation that was deleted.
    pub fn remove(&self, id: WorkerId) {
        self.state.update_value(|state| {
            state.items.retain(|item| item.id != id);
            state.gone.made(id, state.cursor.clone());
        });
        self.arrange();
    }

    /// The conversation, if it is in the list.
    pub fn worker(&self, id: WorkerId) -> Option<Worker> {
        self.state.with_value(|state| {
            let item = state.items.iter().find(|item| item.id == id);
            item.map(|item| item.worker.get_untracked())
        })
    }

    /// The cursor to resume from.
    pub fn cursor(&self) -> Option<Cursor> {
        self.state.with_value(|state| state.cursor.clone())
    }

    /// Records whether the stream is delivering all changes.
    pub fn set_live(&self, live: bool) {
        self.state.update_value(|state| state.live = live);
    }

    /// Starts loading another page; returns false if one is being loaded already.
    pub fn begin_loading(&self) -> bool {
        let was = self.state.try_update_value(|state| std::mem::replace(&mut state.loading, true));
        was == Some(false)
    }

    /// Ends loading a page, whether or not it arrived.
    pub fn end_loading(&self) {
        self.state.update_value(|state| state.loading = false);
    }

    /// The newest time of use in the list, in milliseconds since 1970.
    pub fn newest_ms(&self) -> i64 {
        self.state.with_value(|state| {
            let used = state.items.iter().map(|item| item.worker.read_untracked().updated_at);
            used.max().map_or(0, Timestamp::unix_ms)
        })
    }

    /// From now on, groups by days in the reader's time zone.
    pub fn localize(&self) {
        self.local.set(true);
        self.arrange();
    }

    /// Whether an answer ended in a conversation after it was last shown.
    pub fn is_unread(&self, worker: &Worker) -> bool {
        self.seen.read().as_ref().is_some_and(|seen| seen.is_unread(worker))
    }

    /// Sorts and groups the list.
    pub fn arrange(&self) {
        if self.renaming.read_untracked().is_some() {
            return;
        }
        let local = self.local.get_untracked();
        let groups = self.state.try_update_value(|state| {
            let mut workers: Vec<_> =
                state.items.iter().map(|item| item.worker.get_untracked()).collect();
            order::sort(&mut workers);
            let known = std::mem::take(&mut state.items);
            let find = |id| known.iter().find(|item: &&Item| item.id == id).cloned();
            state.items = workers.iter().filter_map(|worker| find(worker.worker_id)).collect();
            let groups = if local {
                let (today, day_of) = day::local();
                order::group(&workers, today, day_of)
            } else {
                order::group(&workers, state.utc_today, order::utc_day)
            };
            let items = |ids: Vec<WorkerId>| ids.into_iter().filter_map(find).collect::<Vec<_>>();
            groups.into_iter().map(|(day, ids)| (day, items(ids))).collect::<Vec<_>>()
        });
        self.show(groups.unwrap_or_default());
    }

    /// Shows the groups. A group that was there before keeps its signal, and so its elements.
    fn show(&self, groups: Vec<(Day, Vec<Item>)>) {
        let shown = self.groups.get_untracked();
        let same = shown.len() == groups.len()
            && shown.iter().zip(&groups).all(|(group, (day, _))| group.day == *day);
        let groups = groups.into_iter().map(|(day, items)| {
            let known = shown.iter().find(|group| group.day == day);
            let Some(group) = known.cloned() else {
                return Group { day, items: ArcRwSignal::new(items) };
            };
            let changed = {
                let before = group.items.read_untracked();
                before.len() != items.len() || before.iter().zip(&items).any(|(a, b)| a.id != b.id)
            };
            if changed {
                group.items.set(items);
            }
            group
        });
        let groups: Vec<_> = groups.collect();
        if !same {
            self.groups.set(groups);
        }
    }
}

impl Item {
    fn of(worker: Worker) -> Self {
        Self { id: worker.worker_id, worker: ArcRwSignal::new(worker) }
    }
}

/// An item for a worker. A known item keeps its signal.
fn item(known: &[Item], new: Worker) -> Item {
    match known.iter().find(|item| item.id == new.worker_id) {
        Some(item) => {
            set_if_new(&item.worker, new);
            item.clone()
        }
        None => Item::of(new),
    }
}

#[cfg(test)]
mod tests;
