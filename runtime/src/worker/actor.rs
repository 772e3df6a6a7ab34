//! The task that owns one worker.

use std::collections::VecDeque;
use std::time::Duration;

use model_io::outgoing::Seam;
use protocol::api::{Accepted, Cancelled};
use protocol::{Adjustment, Error, MessageId, Progress, WorkerId};
use provider::Recorded;
use store::{Prompt, StoreError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::command::{Command, Deletion, Reply};
use super::context::Context;
use super::log_writer::LogWriter;
use super::outputs::Outputs;
use super::shared::Shared;
use super::timers::Timers;
use crate::turn::{Effect, Input, TurnMachine};
use begin::Asking;

mod begin;
mod change;
mod edit;
mod input;
mod load;
mod omit;
mod planned;
mod send;

/// How long an idle actor stays before it ends.
const IDLE: Duration = Duration::from_secs(30);

/// How long a turn may take to halt and commit its end while the runtime goes down. The next start
/// interrupts a turn that takes longer.
const GOING_DOWN: Duration = Duration::from_secs(5);

/// One worker's state, with the turn that runs and the requests that wait for its end.
pub(crate) struct Actor<'a> {
    shared: &'a Shared,
    id: WorkerId,
    inbox: &'a mut mpsc::Receiver<Command>,
    log_writer: LogWriter,
    /// The newest message of the log.
    head: Option<MessageId>,
    running: Option<Running>,
    /// The turns that are to follow the running one (see `planned`).
    planned: VecDeque<Asking>,
    /// The turn that was accepted with the end of the running one, until that is committed.
    next: Option<Asking>,
    /// Requests that wait for the end of the turn.
    closing: Vec<Closing>,
    /// Cancelled when the runtime goes down. It is a token of the actor's own, because waiting for
    /// one that all actors share takes a lock that they share.
    down: CancellationToken,
    /// When the actor ends, even if a turn is still running; set when the runtime goes down.
    leave_by: Option<Instant>,
}

/// A running turn.
struct Running {
    asking: Asking,
    machine: TurnMachine,
    /// The provider's outputs; `None` after the last one, or before the provider is asked.
    outputs: Option<Outputs>,
    /// Asks the provider to halt.
    halt: CancellationToken,
    /// Asks the provider to halt when the actor is dropped, even by a panic.
    _halts: DropGuard,
    timers: Timers,
    context: Context,
    /// Joins the model's new text to the beginning of a continued answer.
    seam: Seam,
    /// The adjustments of the current attempt.
    adjusted: Vec<Adjustment>,
    /// How much of the prompt the model has read, until this is announced.
    progress: Option<Progress>,
    /// Permits the provider to send its request.
    recorded: Recorded,
    /// Whether that permit is due after the next commit.
    may_send: bool,
    /// The rendered prompt or the request to store with its digest, until it is committed.
    keeps: Option<(String, String)>,
    cancels: Vec<Reply<Cancelled>>,
}

/// A request that is handled when no turn is running.
enum Closing {
    Stop(Reply<protocol::Worker>),
    Delete(Deletion, Reply<()>),
    Leave,
}

/// How an actor ended.
pub(crate) enum Ended {
    /// It had nothing left to do, or the runtime is going down.
    Left,
    /// The worker could not be loaded; waiting requests get the error.
    Unloaded {
        error: Box<Error>,
        /// Whether the stored data is damaged, which another attempt will not change.
        unreadable: bool,
        /// The request that the actor was started for.
        asked: Option<Command>,
    },
    /// The log differs from the actor's copy; it may hold an unfinished turn.
    Lost,
}

/// Whether the actor's loop continues.
#[derive(PartialEq)]
enum Next {
    GoOn,
    Leave,
}

enum ActorEvent {
    Down,
    Late,
    Command(Option<Command>),
    Retry,
    Turn(Input),
    Idle,
}

impl<'a> Actor<'a> {
    /// Loads the worker and runs until it has been idle for a while, the worker is deleted, or the
    /// runtime goes down. `first` is a request that was already taken from the inbox.
    pub(crate) async fn run(
        shared: &'a Shared,
        id: WorkerId,
        inbox: &'a mut mpsc::Receiver<Command>,
        first: Option<Command>,
    ) -> Ended {
        let stored = match load::load(shared, id).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ended::Left,
            Err(error) => {
                let unreadable = matches!(error, StoreError::Damaged(_));
                let error = shared.failed(id, error).await;
                return Ended::Unloaded { error: Box::new(error), unreadable, asked: first };
            }
        };
        let head = stored.head;
        let log_writer = LogWriter::new(shared.store.clone(), shared.notifier.clone(), stored);
        let mut actor = Self {
            shared,
            id,
            inbox,
            log_writer,
            head,
            running: None,
            planned: VecDeque::new(),
            next: None,
            closing: Vec::new(),
            down: shared.down.child_token(),
            leave_by: None,
        };
        let mut next = match first {
            Some(command) => actor.command(command).await,
            None => Next::GoOn,
        };
        while next == Next::GoOn {
            if actor.log_writer.is_lost() {
                tracing::error!(worker = %id, "a worker's log is not what it was; it is loaded anew");
                return Ended::Lost;
            }
            next = actor.turn_of_events().await;
        }
        Ended::Left
    }

    async fn turn_of_events(&mut self) -> Next {
        match self.next_event().await {
            ActorEvent::Down => {
                self.leave_by = Some(Instant::now() + GOING_DOWN);
                self.close(Closing::Leave, Input::Shutdown).await
            }
            ActorEvent::Late => {
                tracing::error!(worker = %self.id, "a turn did not end in time; the next start interrupts it");
                Next::Leave
            }
            ActorEvent::Command(Some(command)) => self.command(command).await,
            ActorEvent::Command(None) | ActorEvent::Idle => Next::Leave,
            ActorEvent::Retry => self.flush().await,
            ActorEvent::Turn(input) => self.step(input).await,
        }
    }

    async fn next_event(&mut self) -> ActorEvent {
        let (leave_by, retry_at) = (self.leave_by, self.log_writer.retry_at());
        let leaving = leave_by.is_some();
        let settled = self.log_writer.is_empty();
        let idle = self.running.is_none() && settled;
        tokio::select! {
            biased;
            () = self.down.cancelled(), if !leaving => ActorEvent::Down,
            () = until(leave_by), if leaving => ActorEvent::Late,
            command = self.inbox.recv() => ActorEvent::Command(command),
            () = until(retry_at), if !settled => ActorEvent::Retry,
            input = input::next_input(&mut self.running), if settled => ActorEvent::Turn(input),
            () = tokio::time::sleep(IDLE), if idle => ActorEvent::Idle,
        }
    }

    async fn command(&mut self, command: Command) -> Next {
        match command {
            Command::Send { request, by, reply } => {
                let sent = self.send(*request, by).await;
                self.answer_and_begin(sent, reply).await
            }
            Command::AskAgain { request, by, reply } => {
                let sent = self.ask_again(*request, by).await;
                self.answer_and_begin(sent, reply).await
            }
            Command::Cancel { reply } => {
                self.drop_plan();
                match &mut self.running {
                    None => {
                        let _ = reply.send(Ok(Cancelled { turn: None }));
                        Next::GoOn
                    }
                    Some(running) => {
                        running.cancels.push(reply);
                        self.step(Input::Cancel).await
                    }
                }
            }
            Command::EditAnswer { edited, request, reply } => {
                let _ = reply.send(self.edit_answer(edited, *request).await);
                Next::GoOn
            }
            Command::Omit { message, omitted, reply } => {
                let _ = reply.send(self.omit(message, omitted).await);
                Next::GoOn
            }
            Command::Patch { patch, reply } => {
                let _ = reply.send(self.patch(*patch).await);
                Next::GoOn
            }
            Command::Refresh { reply } => {
                // If nothing can answer, the summary holds the reason. If the change cannot be
                // written, that is in the server's log, and the next reader tries again.
                let _ = self.refresh().await;
                let _ = reply.send(Ok(self.log_writer.view().worker.clone()));
                Next::GoOn
            }
            Command::Stop { reply } => self.close(Closing::Stop(reply), Input::Cancel).await,
            Command::Delete { deletion, reply } => {
                self.close(Closing::Delete(deletion, reply), Input::Cancel).await
            }
        }
    }

    async fn answer_and_begin(
        &mut self,
        sent: Result<Sent, Error>,
        reply: Reply<Accepted>,
    ) -> Next {
        let (answer, begin) = match sent {
            Ok((accepted, begin)) => (Ok(accepted), begin),
            Err(error) => (Err(error), None),
        };
        // The turn starts even if the client no longer waits for the answer.
        let _ = reply.send(answer);
        match begin {
            Some(begin) => self.begin(begin).await,
            None => Next::GoOn,
        }
    }

    /// Handles the request after ending the running turn, if there is one.
    async fn close(&mut self, closing: Closing, input: Input) -> Next {
        self.drop_plan();
        self.closing.push(closing);
        if self.running.is_some() { self.step(input).await } else { self.settle().await }
    }

    /// Gives the turn an input and performs the effects.
    async fn step(&mut self, input: Input) -> Next {
        let now = self.shared.clock.now();
        if let Some(running) = &mut self.running {
            let effects = running.machine.step(now, input);
            if let Some(progress) = running.progress.take() {
                let turn = running.asking.turn.turn_id;
                self.shared.notifier.progress(self.id, turn, progress);
            }
            let next = self.accept_next(now, &effects);
            self.perform(effects);
            if let Some(accepted) = next {
                self.log_writer.push(now, accepted);
            }
        }
        self.flush().await
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let now = self.shared.clock.now();
        let Some(running) = &mut self.running else { return };
        for effect in effects {
            match effect {
                Effect::Commit(body) => self.log_writer.push(now, body),
                Effect::Arm(timer, ms) => running.timers.arm(timer, ms),
                Effect::Disarm(timer) => running.timers.disarm(timer),
                Effect::Ask => running.ask(),
                Effect::Halt => running.halt.cancel(),
                Effect::Send => {
                    running.may_send = true;
                    let kept = running.keeps.take();
                    self.log_writer
                        .attach_prompt(kept.map(|(text, digest)| Prompt { digest, text }));
                }
            }
        }
    }

    /// Commits the pending events; a failure is logged, and the commit is tried again later.
    async fn flush(&mut self) -> Next {
        if let Err(error) = self.log_writer.flush().await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, worker = %self.id, "events wait for the store");
            return Next::GoOn;
        }
        if let Some(running) = &mut self.running
            && std::mem::take(&mut running.may_send)
        {
            running.recorded.set();
        }
        if self.running.as_ref().is_some_and(|running| running.machine.is_over()) {
            return self.settle().await;
        }
        Next::GoOn
    }

    /// Answers the requests that waited for the end of the turn, once that is committed or if none
    /// ran.
    async fn settle(&mut self) -> Next {
        // Dropping `running` cancels the provider's token, so its task ends.
        if let Some(running) = self.running.take() {
            if let Some(next) = self.next.take() {
                // A turn begins, and may end in the same step, so this is a recursion.
                return Box::pin(self.begin_next(next, running.cancels)).await;
            }
            let turn = self.log_writer.view().turn(running.asking.turn.turn_id).cloned();
            for reply in running.cancels {
                let _ = reply.send(Ok(Cancelled { turn: turn.clone() }));
            }
        }
        let mut next = Next::GoOn;
        for closing in std::mem::take(&mut self.closing) {
            match closing {
                Closing::Stop(reply) => {
                    let _ = reply.send(self.stop().await);
                }
                Closing::Delete(deletion, reply) => {
                    let deleted = self.delete(deletion).await;
                    if deleted.is_ok() {
                        next = Next::Leave;
                    }
                    let _ = reply.send(deleted);
                }
                Closing::Leave => next = Next::Leave,
            }
        }
        next
    }
}

async fn until(deadline: Option<Instant>) {
    if let Some(deadline) = deadline {
        sleep_until(deadline).await;
    }
}

/// The answer to a send, and the turn to begin after it, if it is new.
type Sent = (Accepted, Option<Asking>);
