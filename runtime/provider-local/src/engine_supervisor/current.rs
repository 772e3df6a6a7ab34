//! The request that is being served, and the last outputs of requests.

use std::collections::VecDeque;
use std::time::Duration;

use engine_wire::{Generate, JobId};
use provider::Output;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::Watch;

/// How long turns may take at shutdown to receive their last outputs.
const FAREWELLS: Duration = Duration::from_secs(1);

pub(super) struct Current {
    pub(super) job: JobId,
    outputs: mpsc::Sender<Output>,
    _watch: Option<Watch>,
    /// Outputs for which the turn's channel has no room yet: at most those of one message of the
    /// child.
    pending: VecDeque<Output>,
    /// The request for the child; `None` once it is sent.
    pub(super) unsent: Option<Generate>,
    /// The number of messages that were left out before the child got the conversation.
    pub(super) cut: u32,
    /// After a stop: when the child is killed if it has not obeyed.
    pub(super) stop_by: Option<Instant>,
}

impl Current {
    pub(super) fn new(job: JobId, outputs: mpsc::Sender<Output>, watch: Option<Watch>) -> Self {
        let pending = VecDeque::new();
        Self { job, outputs, _watch: watch, pending, unsent: None, cut: 0, stop_by: None }
    }

    pub(super) fn waits_for_room(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Sends an output to the turn, or holds it until the channel has room. While an output is
    /// held, no further message of the child is read.
    pub(super) fn output(&mut self, output: Output) {
        if self.waits_for_room() {
            self.pending.push_back(output);
        } else if let Err(mpsc::error::TrySendError::Full(output)) = self.outputs.try_send(output) {
            self.pending.push_back(output);
        }
    }

    /// After a stop, drops the outputs that are held, since they are not wanted any more.
    pub(super) fn stop(&mut self, patience: Duration) {
        self.pending.clear();
        self.stop_by = Some(Instant::now() + patience);
    }

    pub(super) fn finish(self, final_outputs: &mut JoinSet<()>, last: Output) {
        final_output(final_outputs, self.outputs, self.pending.into_iter().chain([last]));
    }
}

/// Waits until the turn's channel has room, and sends the first held output. Cancel safe.
pub(super) async fn take(current: &mut Option<Current>) {
    let Some(current) = current else { return };
    let permit = current.outputs.reserve().await;
    if let (Ok(permit), Some(output)) = (permit, current.pending.pop_front()) {
        permit.send(output);
    }
}

/// Sends the last outputs, in a task of their own if there is no room for them.
pub(super) fn final_output(
    final_outputs: &mut JoinSet<()>,
    outputs: mpsc::Sender<Output>,
    last: impl IntoIterator<Item = Output>,
) {
    let mut last = last.into_iter();
    while let Some(output) = last.next() {
        if let Err(mpsc::error::TrySendError::Full(output)) = outputs.try_send(output) {
            let rest: Vec<Output> = [output].into_iter().chain(last).collect();
            final_outputs.spawn(async move {
                for output in rest {
                    if outputs.send(output).await.is_err() {
                        return;
                    }
                }
            });
            return;
        }
    }
}

/// Waits for the tasks of [`final_output`] for at most [`FAREWELLS`].
pub(super) async fn wait_for_final_outputs(final_outputs: &mut JoinSet<()>) {
    let all = async { while final_outputs.join_next().await.is_some() {} };
    // A turn that has not received its last output by then has ended itself.
    let _ = timeout(FAREWELLS, all).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Output {
        Output::Text(text.into())
    }

    #[tokio::test]
    async fn a_slow_receiver_gets_all_outputs_in_order() {
        let (sender, mut turn) = mpsc::channel(1);
        let mut current = Some(Current::new(JobId(1), sender, None));
        let mut final_outputs = JoinSet::new();
        let serving = current.as_mut().unwrap();
        serving.output(text("a"));
        assert!(!serving.waits_for_room());
        serving.output(text("b"));
        assert!(serving.waits_for_room());
        assert_eq!(turn.recv().await, Some(text("a")));
        // One message of the child may become two outputs.
        current.as_mut().unwrap().output(text("c"));
        take(&mut current).await;
        assert!(current.as_ref().unwrap().waits_for_room());
        current.take().unwrap().finish(&mut final_outputs, Output::Halted);
        assert_eq!(turn.recv().await, Some(text("b")));
        assert_eq!(turn.recv().await, Some(text("c")));
        assert_eq!(turn.recv().await, Some(Output::Halted));
        wait_for_final_outputs(&mut final_outputs).await;
        assert_eq!(turn.recv().await, None);
    }

    #[tokio::test]
    async fn no_text_follows_a_stop() {
        let (sender, mut turn) = mpsc::channel(1);
        let mut current = Current::new(JobId(1), sender, None);
        current.output(text("a"));
        current.output(text("b"));
        current.stop(Duration::from_secs(2));
        let mut final_outputs = JoinSet::new();
        current.finish(&mut final_outputs, Output::Halted);
        assert_eq!(turn.recv().await, Some(text("a")));
        assert_eq!(turn.recv().await, Some(Output::Halted));
    }
}
