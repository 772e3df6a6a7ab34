//! An observer in a task of its own, which can disconnect and resume from its cursor.

use std::sync::{Arc, Mutex};

use protocol::{Applied, CloseReason, Cursor, Frame, View, WorkerId};
use runtime::{Access, Observation};
use tokio::task::JoinHandle;

use crate::client::done;
use crate::reference::Shown;

#[derive(Default)]
pub(crate) struct Follower {
    seen: Arc<Mutex<Seen>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    view: Option<View>,
    cursor: Option<Cursor>,
    closed: Option<CloseReason>,
    /// A broken rule, if there was one.
    broken: Option<String>,
}

impl Follower {
    /// Starts to follow, or resumes.
    pub(crate) async fn follow(&mut self, runtime: &Access, worker: WorkerId) {
        self.leave();
        let cursor = self.seen.lock().unwrap().cursor.clone();
        let resumes = cursor.is_some();
        let observation = done(runtime.observe(worker, cursor)).await.unwrap();
        self.seen.lock().unwrap().closed = None;
        self.task = Some(tokio::spawn(read(observation, self.seen.clone(), resumes)));
    }

    pub(crate) fn leave(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    pub(crate) fn is_following(&self) -> bool {
        self.task.is_some()
    }

    pub(crate) fn shown(&self) -> Option<Shown> {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.broken, None);
        seen.view.as_ref().map(Shown::of)
    }

    pub(crate) fn closed(&self) -> Option<CloseReason> {
        self.seen.lock().unwrap().closed
    }

    /// The length of each message's text that it has seen.
    pub(crate) fn has_read(&self) -> Vec<(protocol::MessageId, usize)> {
        let seen = self.seen.lock().unwrap();
        let messages = seen.view.iter().flat_map(|view| &view.messages);
        messages.map(|message| (message.id, message.text.len())).collect()
    }
}

async fn read(mut observation: Observation, seen: Arc<Mutex<Seen>>, resumes: bool) {
    let mut first = true;
    while let Some(frame) = observation.next().await {
        let mut seen = seen.lock().unwrap();
        match frame {
            Frame::Snapshot { snapshot, .. } => {
                if resumes || !first {
                    seen.broken = Some("a snapshot that nobody needs".to_owned());
                }
                seen.cursor = Some(snapshot.transcript.cursor.clone());
                seen.view = Some(View::from_snapshot(*snapshot));
            }
            Frame::Event(envelope) => {
                let applied = seen.view.as_mut().map(|view| view.apply(&envelope.event));
                if !matches!(applied, Some(Applied::Changed(_))) {
                    seen.broken = Some(format!("{applied:?} of {envelope:?}"));
                }
                seen.cursor = Some(envelope.cursor);
            }
            Frame::More { .. } => seen.broken = Some("a short frame".to_owned()),
            Frame::Progress { .. } => {}
            Frame::Notice { error } => seen.broken = Some(format!("{error:?}")),
            Frame::Close { reason } => seen.closed = Some(reason),
        }
        first = false;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.leave();
    }
}
