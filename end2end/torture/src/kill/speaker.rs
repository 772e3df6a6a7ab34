//! A client that sends messages, repeats them and cancels turns.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use protocol::api::SendMessage;
use protocol::{ErrorCode, MessageId, TurnId, WorkerId};

use super::traffic::{Activity, lock};
use crate::client::{Answer, Client, Failure};
use crate::companion::HANG;
use crate::ledger::{Ledger, Loss};

/// A client that converses with one worker.
pub(super) struct Speaker {
    pub client: Client,
    pub ledger: Arc<Mutex<Ledger>>,
    pub activity: Arc<Activity>,
    pub worker: WorkerId,
    /// The last acknowledged message.
    pub last: Option<MessageId>,
    pub rng: Rng,
}

impl Speaker {
    /// Sends one message and does something random with it.
    pub(super) async fn exchange(&mut self) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(self.rng.u64(0..40))).await;
        let mut message = super::text::message(&mut self.rng);
        // Now and then this edits an earlier message.
        message.edits = self.last.filter(|_| self.rng.u8(0..100) < 15);
        lock(&self.ledger).sends(message.id, self.worker, &message.text);
        let turn = if self.rng.u8(0..100) < 20 {
            self.twice(&message).await?
        } else {
            self.send(&message).await?
        };
        self.last = Some(message.id);
        let mut turns = vec![turn];
        match self.rng.u8(0..100) {
            0..15 => {
                tokio::time::sleep(Duration::from_millis(self.rng.u64(0..60))).await;
                self.client.cancel(self.worker).await?;
            }
            // Sends the same message again, during its turn or after it.
            15..30 => {
                self.send(&message).await?;
            }
            // Sends another message meanwhile, which may be refused.
            30..45 => {
                let other = super::text::message(&mut self.rng);
                lock(&self.ledger).sends(other.id, self.worker, &other.text);
                turns.extend(self.send_if_free(&other).await?);
            }
            _ => {}
        }
        for turn in turns {
            self.ends(turn).await?;
        }
        Ok(())
    }

    /// Waits for the end of a turn.
    async fn ends(&self, turn: TurnId) -> Result<()> {
        let wait = async {
            loop {
                let turn = self.client.turn(self.worker, turn).await?;
                if turn.state.is_final() {
                    return Answer::Ok(turn);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let turn = tokio::time::timeout(HANG, wait).await.context("a turn does not end")??;
        lock(&self.ledger).ends(self.worker, &turn)?;
        self.activity.ends.fetch_add(1, SeqCst);
        self.activity.changed.notify_waiters();
        Ok(())
    }

    /// Sends the same message twice at once; both must get the same answer.
    async fn twice(&self, message: &SendMessage) -> Result<TurnId> {
        let (one, two) = tokio::join!(self.send(message), self.send(message));
        let (one, two) = (one?, two?);
        if one != two {
            return Err(Loss::OtherTurn(message.id, two).into());
        }
        Ok(one)
    }

    /// Sends and expects 202.
    async fn send(&self, message: &SendMessage) -> Result<TurnId> {
        self.post(message).await.context("a send was not taken")
    }

    /// Sends and expects 202 or `busy`.
    async fn send_if_free(&self, message: &SendMessage) -> Result<Option<TurnId>> {
        match self.post(message).await {
            Err(error) if is_busy(&error) => {
                lock(&self.ledger).refused(message.id);
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    async fn post(&self, message: &SendMessage) -> Result<TurnId> {
        self.activity.in_flight.fetch_add(1, SeqCst);
        self.activity.sends.fetch_add(1, SeqCst);
        self.activity.changed.notify_waiters();
        let answer = self.client.send(self.worker, message).await;
        self.activity.in_flight.fetch_sub(1, SeqCst);
        let accepted = answer?;
        lock(&self.ledger).acknowledged(message.id, accepted.turn.turn_id)?;
        Ok(accepted.turn.turn_id)
    }
}

/// Whether a send was refused because a turn is running.
pub(super) fn is_busy(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().and_then(Failure::code) == Some(ErrorCode::Busy)
}
