//! The provider's outputs, and how it is stopped.

use std::time::Duration;

use protocol::{ProviderKind, TurnState};
use provider::Output;

use super::{PAUSE, SILENCE, World};
use crate::client::{a_moment, before, done};
use crate::faulty::Writes;
use crate::operation::End;
use crate::reference::{Attempt, Conversation, Said};
use crate::scripted::Call;

/// The most outputs that may wait to be stored; fewer than the provider's channel holds.
const MOST_WAITING: usize = 6;

impl World {
    /// Sends an output if the conversation's provider is at work.
    pub(super) async fn say(&mut self, at: usize, said: Said) {
        let conversation = &mut self.conversations[at];
        let Some(turn) = conversation.turn() else { return };
        let Some(call) = self.calls.get(&turn) else { return };
        if conversation.waiting.len() >= MOST_WAITING {
            return;
        }
        match &said {
            Said::Waits => done(call.say(Output::Waiting { ahead: 1 })).await,
            Said::Begins => done(call.begin()).await,
            Said::Text(text) => done(call.text(text)).await,
            Said::Thinks(text) => done(call.say(Output::Reasoning(text.clone()))).await,
            Said::Finishes => done(call.finish()).await,
            Said::Fails { passes: true } => done(call.fail(ProviderKind::Network)).await,
            Said::Fails { passes: false } => done(call.fail(ProviderKind::Auth)).await,
        }
        if matches!(said, Said::Finishes | Said::Fails { .. }) {
            self.calls.remove(&turn);
        }
        conversation.waiting.push(said);
        if !self.failing {
            conversation.take_all();
        }
    }

    pub(super) async fn wait(&mut self, worker: u8) {
        let at = self.at(worker);
        if !self.conversations[at].said_begins() {
            self.say(at, Said::Waits).await;
        }
    }

    pub(super) async fn speak(&mut self, worker: u8, pieces: u8) {
        let at = self.at(worker);
        self.begin(at).await;
        for _ in 0..pieces {
            self.made += 1;
            let words = format!("{} 日本 ", self.made);
            // Every third piece is reasoning, so it comes both before and within the answer.
            let thinks = self.made.is_multiple_of(3);
            self.say(at, if thinks { Said::Thinks(words) } else { Said::Text(words) }).await;
        }
    }

    pub(super) async fn begin(&mut self, at: usize) {
        if !self.conversations[at].said_begins() {
            self.say(at, Said::Begins).await;
        }
    }

    pub(super) async fn finish(&mut self, worker: u8) {
        let at = self.at(worker);
        self.begin(at).await;
        self.say(at, Said::Finishes).await;
    }

    pub(super) async fn fail(&mut self, worker: u8, passes: bool) {
        let at = self.at(worker);
        self.say(at, Said::Fails { passes }).await;
    }

    pub(super) async fn pause_over(&mut self) {
        // A pause that is not stored yet would end as soon as it is stored.
        if self.conversations.iter().any(|conversation| !conversation.waiting.is_empty()) {
            return;
        }
        self.compare("before a pause is over").await;
        tokio::time::advance(PAUSE).await;
        let mut asked = 0;
        for conversation in &mut self.conversations {
            if conversation.attempt == Attempt::Pausing {
                conversation.attempt = Attempt::Asked;
                asked += 1;
            }
        }
        self.called(asked).await;
    }

    /// Invariant 6: a cancel is not acknowledged before the provider has ended, and no text is
    /// added afterwards.
    pub(super) async fn cancel(&mut self, worker: u8, late: u8, end: End) {
        self.compare("before a cancel").await;
        let at = self.at(worker);
        let runtime = self.runtime.clone();
        let id = self.conversations[at].id;
        let both = async { tokio::join!(runtime.cancel(id), runtime.cancel(id)) };
        let mut cancels = Box::pin(both);
        let Some(turn) = self.conversations[at].turn() else {
            let (one, two) = done(cancels).await;
            assert_eq!((one.unwrap().turn, two.unwrap().turn), (None, None));
            return;
        };
        let pausing = self.conversations[at].attempt == Attempt::Pausing;
        if pausing && !self.failing {
            self.conversations[at].end(TurnState::Cancelled);
            let (one, two) = done(cancels).await;
            assert!(one.is_ok() && two.is_ok());
            return;
        }
        if let Some(call) = self.calls.remove(&turn) {
            before(&mut cancels, call.asked_to_stop()).await;
            for _ in 0..late {
                before(&mut cancels, call.text("too late ")).await;
            }
            before(&mut cancels, a_moment()).await;
            self.ends(call, end).await;
        } else {
            // The provider has ended already, and the turn's end waits for the store.
            before(&mut cancels, a_moment()).await;
        }
        if self.failing {
            before(&mut cancels, a_moment()).await;
            self.store.set(Writes::Pass);
            self.failing = false;
            tokio::time::advance(Duration::from_millis(501)).await;
        }
        let (one, two) = done(cancels).await;
        // Of the outputs that were not stored by then, a first part may be kept, and nothing after
        // it.
        let found = self.read(&self.conversations[at]).await;
        let ends = self.conversations[at].cancelled();
        let end = ends.into_iter().find(|end| end.shown == found);
        self.conversations[at] = end.unwrap_or_else(|| panic!("a cancel ends so: {found:?}"));
        self.conversations.iter_mut().for_each(Conversation::take_all);
        let expected = found.turns.last().unwrap().1;
        for cancelled in [one, two] {
            let turn = cancelled.unwrap().turn;
            assert!(turn.is_none_or(|turn| turn.state == expected));
        }
    }

    pub(super) async fn ends(&self, call: Call, end: End) {
        match end {
            End::Halts => done(call.halt()).await,
            End::Finishes => done(call.finish()).await,
            End::Fails => done(call.fail(ProviderKind::Network)).await,
            End::Vanishes => drop(call),
        }
    }

    pub(super) async fn silence(&mut self, end: End) {
        let pausing = |conversation: &Conversation| conversation.attempt == Attempt::Pausing;
        if self.failing || self.conversations.iter().any(pausing) {
            return;
        }
        self.compare("before a silence").await;
        tokio::time::advance(SILENCE).await;
        for at in 0..self.conversations.len() {
            let Some(turn) = self.conversations[at].turn() else { continue };
            if self.conversations[at].attempt == Attempt::Queued {
                continue;
            }
            let call = self.calls.remove(&turn).expect("a provider is at work");
            done(call.asked_to_stop()).await;
            self.ends(call, end).await;
            self.conversations[at].end(TurnState::TimedOut);
        }
    }
}
