//! The task that owns the queue and the engine's process.
//!
//! It never waits for a turn that is slow to receive its text, nor for a child that does not
//! answer: it reacts to one event at a time, and every wait has a deadline.

use std::sync::Arc;

use engine_wire::{FromChild, JobId, ToChild};
use protocol::Error;
use provider::{Output, Request};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::model_catalog::ModelCatalog;
use super::process::Process;
use super::queue::{Full, Queue};
use super::{Engine, LocalConfig, failure};
use current::Current;
use engine::{Phase, Running};

mod current;
mod engine;

/// A message to the supervisor.
pub(crate) enum Inbox {
    Submit(Submission),
    /// The reply is sent when nothing runs any more.
    Shutdown(oneshot::Sender<()>),
}

/// A request with its stop token and the channel for its outputs.
pub(crate) struct Submission {
    pub(crate) request: Request,
    pub(crate) stop: CancellationToken,
    pub(crate) outputs: mpsc::Sender<Output>,
}

/// A request that has not been stopped or dropped.
struct Wanted {
    submission: Submission,
    watch: Option<Watch>,
}

/// Aborts the watcher of a request when the request ends, because the watcher keeps the output
/// channel open.
struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) struct EngineSupervisor {
    config: Arc<LocalConfig>,
    catalog: Arc<ModelCatalog>,
    inbox: mpsc::Receiver<Inbox>,
    state: watch::Sender<Engine>,
    queue: Queue<Wanted>,
    /// The request that is being served.
    current: Option<Current>,
    running: Option<Running>,
    /// One task per request. It ends, with the number of the request, when the request is stopped
    /// or its receiver is dropped; its [`Watch`] aborts it when the request ends. Bounded by the
    /// queue.
    watchers: JoinSet<JobId>,
    /// Tasks that deliver the last outputs to turns that are slow to receive them.
    final_outputs: JoinSet<()>,
    last_job: u64,
}

enum Event {
    Asked(Option<Inbox>),
    Unwanted(JobId),
    /// The turn has received an output that was waiting for room in its channel.
    Room,
    Heard(Option<FromChild>),
    Deadline,
    /// A task ended that needs no reaction.
    Nothing,
}

impl EngineSupervisor {
    pub(crate) fn new(
        config: Arc<LocalConfig>,
        catalog: Arc<ModelCatalog>,
        inbox: mpsc::Receiver<Inbox>,
        state: watch::Sender<Engine>,
    ) -> Self {
        Self {
            config,
            catalog,
            inbox,
            state,
            queue: Queue::new(),
            current: None,
            running: None,
            watchers: JoinSet::new(),
            final_outputs: JoinSet::new(),
            last_job: 0,
        }
    }

    /// Runs until it is shut down, or until the handle is dropped.
    pub(crate) async fn run(mut self) {
        if self.config.load == super::LoadPolicy::AtStart
            && let Err(error) = self.ensure_running("").await
        {
            tracing::warn!(%error, "the local model cannot be loaded at start");
        }
        loop {
            match self.next().await {
                Event::Asked(Some(Inbox::Submit(submission))) => self.submit(submission),
                Event::Asked(Some(Inbox::Shutdown(done))) => {
                    self.shut_down().await;
                    // The caller may have stopped waiting, which changes nothing.
                    let _ = done.send(());
                    return;
                }
                Event::Asked(None) => return self.shut_down().await,
                Event::Unwanted(job) => self.unwanted(job),
                Event::Heard(Some(message)) => self.heard(message).await,
                Event::Heard(None) => self.ended_by_itself().await,
                Event::Deadline => self.deadline_passed().await,
                Event::Room | Event::Nothing => {}
            }
            self.serve_next().await;
        }
    }

    async fn next(&mut self) -> Event {
        let deadline = self.deadline();
        let Self { inbox, current, running, watchers, final_outputs, .. } = self;
        let waits = current.as_ref().is_some_and(Current::waits_for_room);
        tokio::select! {
            biased;
            Some(ended) = watchers.join_next() => ended.map_or(Event::Nothing, Event::Unwanted),
            asked = inbox.recv() => Event::Asked(asked),
            Some(_) = final_outputs.join_next() => Event::Nothing,
            () = current::take(current), if waits => Event::Room,
            // While the turn receives nothing, the child's messages are not read, so that the child
            // waits, too.
            heard = engine::hear(running), if running.is_some() && !waits => Event::Heard(heard),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                Event::Deadline
            }
        }
    }

    /// The next moment at which a wait is over.
    fn deadline(&self) -> Option<Instant> {
        let stop_by = self.current.as_ref().and_then(|current| current.stop_by);
        let idle = self.current.is_none() && self.queue.is_empty();
        let of_engine = self.running.as_ref().and_then(|running| match running.phase {
            Phase::Loading { by } => Some(by),
            Phase::Ready { since, .. } => {
                self.config.idle_unload.filter(|_| idle).map(|patience| since + patience)
            }
        });
        stop_by.into_iter().chain(of_engine).min()
    }

    fn submit(&mut self, submission: Submission) {
        self.last_job += 1;
        let job = JobId(self.last_job);
        let stop = submission.stop.clone();
        let outputs = submission.outputs.clone();
        if let Err(Full(refused)) = self.queue.push(job, Wanted { submission, watch: None }) {
            let last = [Output::Failed(failure::queue_full())];
            return current::final_output(
                &mut self.final_outputs,
                refused.submission.outputs,
                last,
            );
        }
        let watcher = self.watchers.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = outputs.closed() => {}
            }
            job
        });
        let place = self.queue.place(job).unwrap_or(0);
        if let Some((_, wanted)) = self.queue.from(place).next() {
            wanted.watch = Some(Watch(watcher));
        }
        if self.current.is_some() {
            self.announce(place);
        }
    }

    /// Tells the waiting requests, from the place `first` on, how many are before them.
    fn announce(&mut self, first: usize) {
        for (before, Wanted { submission, .. }) in self.queue.from(first) {
            // The channel has room: a place changes fewer times than the channel's capacity, and
            // nothing else is sent while a request waits.
            let _ = submission.outputs.try_send(Output::Waiting { ahead: before + 1 });
        }
    }

    /// The request was stopped, or its receiver was dropped.
    fn unwanted(&mut self, job: JobId) {
        if let Some(place) = self.queue.place(job) {
            if let Some(Wanted { submission, .. }) = self.queue.remove(job) {
                current::final_output(
                    &mut self.final_outputs,
                    submission.outputs,
                    [Output::Halted],
                );
            }
            self.announce(place);
        } else if self.current.as_ref().is_some_and(|current| current.job == job) {
            self.stop_current();
        }
    }

    /// Begins to serve the next request, if none is being served.
    async fn serve_next(&mut self) {
        while self.current.is_none() {
            let Some((job, Wanted { submission, watch })) = self.queue.pop() else { return };
            let Submission { request, stop, outputs } = submission;
            self.current = Some(Current::new(job, outputs, watch));
            self.announce(0);
            if stop.is_cancelled() {
                self.finish(Output::Halted);
            } else if let Err(error) = self.begin(request).await {
                self.finish(Output::Failed(error));
            }
        }
    }

    async fn begin(&mut self, request: Request) -> Result<(), Error> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let model = request.model.clone();
        let (generate, cut) = super::request::to_child(current.job, request)
            .map_err(|super::request::TooLarge| failure::too_large())?;
        current.cut = cut;
        current.unsent = Some(generate);
        self.ensure_running(&model).await?;
        match (&self.running, &mut self.current) {
            (Some(Running { phase: Phase::Loading { .. }, .. }), Some(current)) => {
                current.output(Output::Loading);
            }
            _ => self.send_current().await,
        }
        Ok(())
    }

    /// Sends the current request to the child once the child has loaded its model.
    async fn send_current(&mut self) {
        let (Some(running), Some(current)) = (&self.running, &mut self.current) else { return };
        if !matches!(running.phase, Phase::Ready { .. }) {
            return;
        }
        let Some(generate) = current.unsent.take() else { return };
        if running.process.tell(ToChild::Generate(generate)).is_err() {
            self.ended_by_itself().await;
        }
    }

    /// Ends the current request with `last` as its last output.
    fn finish(&mut self, last: Output) {
        if let Some(current) = self.current.take() {
            current.finish(&mut self.final_outputs, last);
        }
        if let Some(Running { phase: Phase::Ready { since, .. }, .. }) = &mut self.running {
            *since = Instant::now();
        }
    }

    async fn shut_down(&mut self) {
        self.inbox.close();
        self.end_process(Process::kill).await;
        self.finish(Output::Halted);
        while let Some((_, Wanted { submission, .. })) = self.queue.pop() {
            current::final_output(&mut self.final_outputs, submission.outputs, [Output::Halted]);
        }
        while let Ok(asked) = self.inbox.try_recv() {
            if let Inbox::Submit(submission) = asked {
                let last = [Output::Failed(failure::shut_down())];
                current::final_output(&mut self.final_outputs, submission.outputs, last);
            }
        }
        current::wait_for_final_outputs(&mut self.final_outputs).await;
    }
}
