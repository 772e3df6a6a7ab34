//! Renders a streaming answer once for all observers of its conversation, and not once for each.
//!
//! The observers of a conversation share one [`Live`], which renders event after event. The newest
//! changes are kept ([`STEPS`], [`STEP_BYTES`]). An observer that keeps up takes the change that
//! another observer has rendered, or renders the next event for all. An observer that lags gets
//! several events as one, and takes their changes as one. A slow observer does not delay the
//! others, because a rendering runs in its own task. If an observer leaves while it waits to
//! render, another observer renders the event.

mod change;

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use app::rendering;
use protocol::{Event, EventBody, HtmlPatch, MessageId, WorkerId};
use render::{Budget, Live};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use change::Change;

/// How many changes of an answer are kept for observers that lag, and how many bytes of HTML. An
/// observer that lags more reads the answer from the store.
const STEPS: usize = 64;
const STEP_BYTES: usize = 1 << 20;

/// The time limit for a rendering that is expected to take microseconds. What is not rendered by then
/// is rendered with the next piece.
const QUICK: Duration = Duration::from_millis(5);

/// The answers that are shared now, one for each conversation that is followed.
#[derive(Clone, Default)]
pub struct SharedHtml {
    answers: Arc<Mutex<HashMap<WorkerId, Weak<SharedAnswer>>>>,
    rendered: Arc<AtomicU64>,
}

/// An answer that its observers render together.
struct SharedAnswer {
    message_id: MessageId,
    state: Mutex<State>,
    /// Counts the changes of `state`.
    changes: watch::Sender<u64>,
    rendered: Arc<AtomicU64>,
}

struct State {
    /// The newest changes, in order.
    steps: VecDeque<Step>,
    /// The number of the first of `steps`; they are numbered from 1.
    first: u64,
    /// Bytes of HTML in `steps`.
    bytes: usize,
    /// The position before step 1.
    start: Mark,
    head: Head,
}

/// A position in a log and in an answer's text.
#[derive(Clone, Copy, Debug)]
struct Mark {
    seq: u64,
    /// Bytes of the answer's text.
    bytes: u64,
    /// Whether all the text up to here was rendered. The rendering of long unsettled text is
    /// deferred.
    is_current: bool,
}

struct Step {
    after: Mark,
    /// `None` if the event changed nothing.
    change: Option<Change>,
}

/// The state of the rendering after the last step.
enum Head {
    Idle(Box<Live>),
    /// An observer renders the next event.
    Busy,
    /// The answer has ended.
    Ended,
    /// A rendering failed or was aborted, and its [`Live`] with it.
    Lost,
}

/// An observer's position in a shared answer.
pub(super) struct Follower {
    answer: Arc<SharedAnswer>,
    /// The number of the last step whose change the observer has.
    at: u64,
    /// Bytes of the answer's text that the observer was sent.
    pub(super) bytes: u64,
}

/// The shared rendering cannot serve the observer any more, which has to read the answer from the
/// store.
#[derive(Debug)]
pub(super) struct Lost;

/// An observer's next action.
enum Next {
    /// The observer takes the changes up to a step.
    Take { at: u64, patch: Option<HtmlPatch> },
    /// The observer renders the next event.
    Render(Rendering),
    /// The observer waits for another one that renders.
    Wait,
}

impl SharedHtml {
    /// How many events were rendered in all, shared or for one observer.
    pub fn rendered(&self) -> u64 {
        self.rendered.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) {
        self.rendered.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets an observer join the shared rendering of an answer. The observer has seen the log up to
    /// `seq`, and its client has all HTML of `live`. Returns `live` as the error if no step of the
    /// shared rendering ends at this position.
    pub(super) fn join(
        &self,
        worker: WorkerId,
        live: Box<Live>,
        seq: u64,
    ) -> Result<Follower, Box<Live>> {
        let mark = Mark { seq, bytes: live.bytes(), is_current: true };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.get(&worker).and_then(Weak::upgrade);
        let known = known.filter(|answer| answer.message_id == live.message_id());
        if let Some(answer) = known.filter(|answer| !answer.is_lost()) {
            return match answer.find(mark) {
                Some(at) => Ok(Follower { answer, at, bytes: mark.bytes }),
                None => Err(live),
            };
        }
        answers.retain(|_, answer| answer.strong_count() > 0);
        let answer = Arc::new(SharedAnswer {
            message_id: live.message_id(),
            state: Mutex::new(State {
                steps: VecDeque::new(),
                first: 1,
                bytes: 0,
                start: mark,
                head: Head::Idle(live),
            }),
            changes: watch::Sender::new(0),
            rendered: self.rendered.clone(),
        });
        answers.insert(worker, Arc::downgrade(&answer));
        Ok(Follower { answer, at: 0, bytes: mark.bytes })
    }
}

impl Follower {
    pub(super) fn message_id(&self) -> MessageId {
        self.answer.message_id
    }

    /// The change that the observer's next event makes. Waits for a rendering if there is none yet.
    pub(super) async fn follow(
        &mut self,
        worker: WorkerId,
        event: &Event,
    ) -> Result<Option<HtmlPatch>, Lost> {
        let mut changes = self.answer.changes.subscribe();
        loop {
            changes.mark_unchanged();
            match self.answer.next(self.at, event)? {
                Next::Take { at, patch } => {
                    self.at = at;
                    return Ok(patch);
                }
                Next::Render(rendering) if rendering.is_quick(event) => rendering.run_here(event),
                Next::Render(rendering) => {
                    let event = event.clone();
                    let work = tokio::spawn(rendering.run(worker, event));
                    AbortOnDropHandle::new(work).await.map_err(|_| Lost)?;
                }
                Next::Wait => changes.changed().await.map_err(|_| Lost)?,
            }
        }
    }
}

impl SharedAnswer {
    fn is_lost(&self) -> bool {
        matches!(self.lock().head, Head::Lost)
    }

    /// The number of the step that ends at the position `seen`; 0 for the position before step 1.
    fn find(&self, seen: Mark) -> Option<u64> {
        let state = self.lock();
        let last = state.steps.iter().enumerate().rev();
        let last = last.map(|(n, step)| (step.after, state.first + n as u64));
        let start = (state.first == 1).then_some((state.start, 0));
        let (mark, number) = last.chain(start).find(|(mark, _)| mark.seq <= seen.seq)?;
        (mark.is_current && mark.bytes == seen.bytes).then_some(number)
    }

    /// What an observer that has the changes up to step `at` does with an event.
    fn next(self: &Arc<Self>, at: u64, event: &Event) -> Result<Next, Lost> {
        let mut state = self.lock();
        // An observer cannot continue if the step after `at` is not kept any more.
        let skipped = (at + 1).checked_sub(state.first).ok_or(Lost)?;
        let skipped = usize::try_from(skipped).map_err(|_| Lost)?;
        let mark = state.steps.back().map_or(state.start, |step| step.after);
        if mark.seq >= event.seq {
            let (mut number, mut change) = (at, None::<Change>);
            for step in state.steps.iter().skip(skipped) {
                if step.after.seq > event.seq {
                    break;
                }
                number += 1;
                change = match (change, &step.change) {
                    (Some(before), Some(next)) => Some(before.then(next)),
                    (before, next) => before.or_else(|| next.clone()),
                };
            }
            let patch = change.map(|change| change.patch(self.message_id));
            return Ok(Next::Take { at: number, patch });
        }
        match std::mem::replace(&mut state.head, Head::Busy) {
            Head::Idle(live) if fits(&live, event) => {
                let (answer, live) = (self.clone(), Some(live));
                Ok(Next::Render(Rendering { answer, live, is_done: false }))
            }
            Head::Busy => Ok(Next::Wait),
            other => {
                state.head = other;
                Err(Lost)
            }
        }
    }

    fn put(&self, step: Step, head: Head) {
        let mut state = self.lock();
        state.bytes += step.change.as_ref().map_or(0, Change::bytes);
        state.steps.push_back(step);
        state.head = head;
        // The newest step is kept whatever its size, because others may be about to take it.
        while (state.steps.len() > STEPS || state.bytes > STEP_BYTES) && state.steps.len() > 1 {
            let Some(old) = state.steps.pop_front() else { break };
            state.first += 1;
            state.bytes -= old.change.as_ref().map_or(0, Change::bytes);
        }
        drop(state);
        self.tell();
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent after every access, so it stays usable if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the rendering can continue with an event, without a gap in the answer's text.
fn fits(live: &Live, event: &Event) -> bool {
    match &event.body {
        EventBody::TextDelta { offset, text, .. } => {
            (*offset..=offset + text.len() as u64).contains(&live.bytes())
        }
        _ => true,
    }
}

/// The rendering of the next event of a shared answer. If it is dropped before the work begins,
/// another observer can render the event. If the work had begun, its [`Live`] is lost.
struct Rendering {
    answer: Arc<SharedAnswer>,
    live: Option<Box<Live>>,
    is_done: bool,
}

impl Rendering {
    async fn run(mut self, worker: WorkerId, event: Event) {
        let permit = rendering::permit(worker).await;
        let Some(live) = self.live.take() else { return };
        self.answer.rendered.fetch_add(1, Ordering::Relaxed);
        let work = permit.begin(Budget::default(), move |budget| render_step(live, &event, budget));
        if let Ok((step, head)) = work.await {
            self.is_done = true;
            self.answer.put(step, head);
        }
    }

    fn is_quick(&self, event: &Event) -> bool {
        match &event.body {
            EventBody::TextDelta { text, .. } => {
                self.live.as_ref().is_some_and(|live| live.is_quick(text))
            }
            _ => false,
        }
    }

    /// Renders on this thread what takes microseconds: handing it to another thread and waiting
    /// for that would take longer.
    fn run_here(mut self, event: &Event) {
        let Some(live) = self.live.take() else { return };
        self.answer.rendered.fetch_add(1, Ordering::Relaxed);
        // Unwind safety: after a panic the rendering is lost, and nobody sees its state.
        let work = AssertUnwindSafe(|| render_step(live, event, &Budget::of(QUICK)));
        if let Ok((step, head)) = catch_unwind(work) {
            self.is_done = true;
            self.answer.put(step, head);
        }
    }
}

/// The step that an event adds, and the state of the rendering after it.
fn render_step(mut live: Box<Live>, event: &Event, budget: &Budget) -> (Step, Head) {
    let ends = matches!(event.body, EventBody::TurnEnded { .. });
    let patch = render_event(&mut live, &event.body, budget);
    let change = patch.map(|patch| Change::of(patch, live.shown()));
    let after = Mark { seq: event.seq, bytes: live.bytes(), is_current: live.is_current() };
    (Step { after, change }, if ends { Head::Ended } else { Head::Idle(live) })
}

impl Drop for Rendering {
    fn drop(&mut self) {
        if !self.is_done {
            self.answer.lock().head = self.live.take().map_or(Head::Lost, Head::Idle);
            self.answer.tell();
        }
    }
}

/// Applies an event to an answer that may already contain a part of the event's text, and returns
/// the change.
pub(super) fn render_event(
    live: &mut Live,
    event: &EventBody,
    budget: &Budget,
) -> Option<HtmlPatch> {
    match event {
        EventBody::TextDelta { offset, text, .. } => {
            let known = usize::try_from(live.bytes().saturating_sub(*offset)).ok()?;
            live.push(text.get(known..)?, budget)
        }
        EventBody::TextWasReasoning { offset, .. } => live.cut(*offset, budget),
        EventBody::TurnEnded { .. } => live.finish(budget),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
