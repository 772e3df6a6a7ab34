//! Deletions, crashes and restarts.

use std::task::Poll;

use protocol::{CloseReason, ErrorCode, TurnState};

use super::{World, open};
use crate::client::{a_moment, before, done, once, others, until};
use crate::faulty::Writes;
use crate::follower::Follower;
use crate::operation::End;
use crate::stage::copy_as_it_is;

impl World {
    pub(super) async fn delete(&mut self, worker: u8, end: End) {
        self.set(Writes::Pass).await;
        self.compare("before a deletion").await;
        let at = self.at(worker);
        let (runtime, id) = (self.runtime.clone(), self.conversations[at].id);
        let mut delete = Box::pin(runtime.delete(id));
        if let Some(call) = self.conversations[at].turn().and_then(|turn| self.calls.remove(&turn))
        {
            before(&mut delete, call.asked_to_stop()).await;
            before(&mut delete, a_moment()).await;
            self.ends(call, end).await;
        }
        done(delete).await.unwrap();
        let gone = done(self.runtime.snapshot(id)).await.unwrap_err();
        assert_eq!(gone.code, ErrorCode::NotFound);
        self.conversations.remove(at);
        for follower in self.followers.remove(at) {
            if follower.is_following() {
                let told = &Some(CloseReason::Deleted);
                until("an observer of what is deleted", told, async || follower.closed()).await;
            }
        }
        self.find_new().await;
    }

    pub(super) async fn crash(&mut self) {
        self.compare("before a crash").await;
        self.begin_again_on_a_copy().await;
    }

    /// Opens a copy of the files, which is what a new process would find if this one died now.
    pub(super) async fn begin_again_on_a_copy(&mut self) {
        let copy = tempfile::tempdir_in(self.folder.path().parent().unwrap()).unwrap();
        copy_as_it_is(self.folder.path(), copy.path());
        self.followers.iter_mut().flatten().for_each(Follower::leave);
        let (runtime, script, store) = open(&copy).await;
        // Tasks of the old runtime may keep running in their own folder; their effects are ignored.
        self.calls.clear();
        (self.runtime, self.script, self.store) = (runtime, script, store);
        self.folder = copy;
        self.begins_again().await;
    }

    pub(super) async fn begins_again(&mut self) {
        self.failing = false;
        for conversation in &mut self.conversations {
            conversation.waiting.clear();
            if conversation.is_running() {
                conversation.end(TurnState::Interrupted);
            }
        }
        self.follow_all().await;
    }

    pub(super) async fn crash_in_send(&mut self, worker: u8, polls: u8) {
        self.set(Writes::Pass).await;
        let at = self.at(worker);
        if self.conversations[at].is_running() {
            return;
        }
        let request = self.request(None);
        let (runtime, id) = (self.runtime.clone(), self.conversations[at].id);
        let mut send = Box::pin(runtime.send(id, request.clone()));
        let mut answer = None;
        for _ in 0..polls {
            if let Poll::Ready(ready) = once(&mut send).await {
                answer = Some(ready.unwrap());
                break;
            }
            others().await;
        }
        let read: Vec<_> = self.followers[at].iter().flat_map(Follower::has_read).collect();
        self.begin_again_on_a_copy().await;
        let snapshot = done(self.runtime.snapshot(id)).await.unwrap();
        let stored = snapshot.transcript.messages.iter().any(|message| message.id == request.id);
        // Invariant 1: an acknowledged message, and one that any observer was shown, must still be
        // there.
        assert!(stored || answer.is_none(), "an acknowledged message is gone");
        assert!(
            stored || read.iter().all(|(id, _)| *id != request.id),
            "one that was shown is gone"
        );
        if !stored {
            return self.try_send(at, request).await;
        }
        let again = done(self.runtime.send(id, request.clone())).await.unwrap();
        assert!(answer.is_none_or(|answer| answer == again));
        self.conversations[at].accept(&again, &request);
        self.conversations[at].requests.push((request, Some(again)));
        self.conversations[at].end(TurnState::Interrupted);
    }

    pub(super) async fn restart(&mut self, end: End) {
        self.set(Writes::Pass).await;
        self.compare("before a restart").await;
        let runtime = self.runtime.clone();
        let mut shutdown = Box::pin(runtime.shutdown());
        let calls = std::mem::take(&mut self.calls);
        for call in calls.values() {
            before(&mut shutdown, call.asked_to_stop()).await;
        }
        for (left, call) in calls.into_values().enumerate() {
            if left == 0 {
                before(&mut shutdown, a_moment()).await;
            }
            self.ends(call, end).await;
        }
        done(shutdown).await;
        for follower in self.followers.iter_mut().flatten() {
            if follower.is_following() {
                let told = &Some(CloseReason::Shutdown);
                until("an observer of a shutdown", told, async || follower.closed()).await;
            }
            follower.leave();
        }
        self.begin_again_on_a_copy().await;
    }
}
