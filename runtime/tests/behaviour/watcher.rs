//! An observer that folds its frames, as a console does.

use protocol::{Applied, CloseReason, Cursor, Error, Frame, TurnId, View, WorkerId};
use runtime::{Access, Observation};

use crate::stage::soon;

pub(crate) struct Watcher {
    observation: Observation,
    view: Option<View>,
    pub cursor: Option<Cursor>,
    pub notices: Vec<Error>,
    /// The number of event frames so far.
    pub events: usize,
}

impl Watcher {
    pub(crate) async fn begin(runtime: &Access, worker: WorkerId, cursor: Option<Cursor>) -> Self {
        let observation = soon(runtime.observe(worker, cursor)).await.unwrap();
        Self { observation, view: None, cursor: None, notices: Vec::new(), events: 0 }
    }

    pub(crate) async fn resume(
        runtime: &Access,
        worker: WorkerId,
        view: View,
        cursor: Cursor,
    ) -> Self {
        let watcher = Self::begin(runtime, worker, Some(cursor.clone())).await;
        Self { view: Some(view), cursor: Some(cursor), ..watcher }
    }

    /// Waits for the next frame and folds it; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let frame = soon(self.observation.next()).await?;
        match &frame {
            Frame::Snapshot { snapshot, .. } => {
                self.cursor = Some(snapshot.transcript.cursor.clone());
                self.view = Some(View::from_snapshot((**snapshot).clone()));
            }
            Frame::Event(envelope) => {
                let view = self.view.as_mut().expect("a snapshot comes first");
                let applied = view.apply(&envelope.event);
                assert!(matches!(applied, Applied::Changed(_)), "{applied:?}: {envelope:?}");
                self.cursor = Some(envelope.cursor.clone());
                self.events += 1;
            }
            Frame::Notice { error } => self.notices.push(error.clone()),
            Frame::More { .. } | Frame::Progress { .. } | Frame::Close { .. } => {}
        }
        Some(frame)
    }

    /// Follows until the view satisfies the condition.
    pub(crate) async fn until(&mut self, so: impl Fn(&View) -> bool) {
        while !self.view.as_ref().is_some_and(&so) {
            let frame = self.next().await.expect("the stream goes on");
            assert!(!matches!(frame, Frame::Close { .. }), "{frame:?}");
        }
    }

    /// The view of the first snapshot.
    pub(crate) async fn view_after_snapshot(&mut self) -> &View {
        self.until(|_| true).await;
        self.view()
    }

    /// Follows until the newest message has this text.
    pub(crate) async fn until_text(&mut self, text: &str) {
        self.until(|view| view.messages.last().is_some_and(|last| last.text == text)).await;
    }

    pub(crate) async fn until_ended(&mut self, turn: TurnId) {
        self.until(|view| view.turn(turn).is_some_and(|turn| turn.state.is_final())).await;
    }

    /// Follows to the end of the stream.
    pub(crate) async fn until_closed(&mut self) -> CloseReason {
        loop {
            let frame = self.next().await.expect("the last frame is a close");
            if let Frame::Close { reason } = frame {
                assert_eq!(soon(self.observation.next()).await, None, "nothing follows");
                return reason;
            }
        }
    }

    pub(crate) fn view(&self) -> &View {
        self.view.as_ref().expect("a snapshot came")
    }

    pub(crate) fn text(&self) -> &str {
        self.view().messages.last().map_or("", |message| &message.text)
    }
}
