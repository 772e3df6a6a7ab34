//! The load under which the companion is recorded: conversations, stops, deletions and imports.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use protocol::WorkerId;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::timeline::{Fact, Timeline};
use crate::client::{Answer, Client, Failure};
use crate::kill::text;
use crate::observer::{Observer, Transport};

/// The most conversations that are imported in one life of the companion. All conversations must
/// fit one page of the list.
const IMPORTS: usize = 20;

/// A client of the companion that notes what it is told.
#[derive(Clone)]
pub(super) struct Guest {
    pub(super) client: Client,
    pub(super) timeline: Arc<Timeline>,
}

/// Starts all clients. A task ends with an error when the companion is gone.
pub(super) fn start(guest: &Guest, workers: &[WorkerId], rng: &mut Rng) -> JoinSet<Result<()>> {
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(guest.clone().follow(*worker));
        tasks.spawn(guest.clone().converse(*worker, rng.fork()));
    }
    tasks.spawn(guest.clone().visit(rng.fork()));
    tasks.spawn(guest.clone().import(rng.fork()));
    tasks
}

impl Guest {
    /// Creates a conversation.
    pub(super) async fn create(&self) -> Answer<WorkerId> {
        let worker = self.client.create().await?.worker_id;
        self.timeline.note(Fact::Created { worker });
        Ok(worker)
    }

    /// Sends message after message, and stops some of the turns.
    async fn converse(self, worker: WorkerId, mut rng: Rng) -> Result<()> {
        loop {
            pause(&mut rng, 30).await;
            self.send(worker, &mut rng).await?;
            if rng.u8(0..100) < 20 {
                pause(&mut rng, 60).await;
                if let Some(turn) = self.client.cancel(worker).await?.turn {
                    self.ended(worker, turn);
                }
            }
            loop {
                let whole = self.client.page(worker, None).await?;
                match whole.turns.into_iter().next_back() {
                    Some(turn) if !turn.state.is_final() => pause(&mut rng, 10).await,
                    newest => {
                        newest.into_iter().for_each(|turn| self.ended(worker, turn));
                        break;
                    }
                }
            }
        }
    }

    /// Sends a message. Errors if it is not accepted, except that the conversation may be busy.
    async fn send(&self, worker: WorkerId, rng: &mut Rng) -> Answer<()> {
        let message = text::message(rng);
        self.timeline.sends(worker, &message);
        match self.client.send(worker, &message).await {
            Ok(accepted) => {
                let turn = accepted.turn.turn_id;
                self.timeline.note(Fact::Acknowledged { id: message.id, turn });
                Ok(())
            }
            Err(error) => {
                if matches!(error, Failure::Refused { .. }) {
                    self.timeline.note(Fact::Refused { id: message.id });
                }
                if error.code() == Some(protocol::ErrorCode::Busy) { Ok(()) } else { Err(error) }
            }
        }
    }

    fn ended(&self, worker: WorkerId, turn: protocol::Turn) {
        if turn.state.is_final() {
            self.timeline.note(Fact::Ended { worker, turn: Box::new(turn), shown: Vec::new() });
        }
    }

    /// Follows a conversation and notes the end of each turn, with its texts.
    async fn follow(self, worker: WorkerId) -> Result<()> {
        let mut observer = Observer::new(worker, Transport::WebSocket);
        let mut link = observer.connect(&self.client).await?;
        let mut known = 0;
        loop {
            let frame = link.next().await?.context("a stream ended by itself")?;
            observer.take(frame)?;
            let at = self.timeline.now();
            let Some(view) = &observer.view else { continue };
            while let Some(turn) = view.turns.get(known).filter(|turn| turn.state.is_final()) {
                known += 1;
                let of_turn = [turn.question, turn.answer];
                let shown = view.messages.iter().filter(|message| of_turn.contains(&message.id));
                let (turn, shown) = (Box::new(turn.clone()), shown.cloned().collect());
                self.timeline.note_at(at, Fact::Ended { worker, turn, shown });
            }
        }
    }

    /// Creates conversations and deletes them again, some in the middle of a turn.
    async fn visit(self, mut rng: Rng) -> Result<()> {
        loop {
            let worker = self.create().await?;
            self.send(worker, &mut rng).await?;
            pause(&mut rng, 150).await;
            self.timeline.note(Fact::Deletes { worker });
            self.client.delete(worker).await?;
            self.timeline.note(Fact::Deleted { worker });
            pause(&mut rng, 150).await;
        }
    }

    /// Imports conversations in ChatGPT's format.
    async fn import(self, mut rng: Rng) -> Result<()> {
        for _ in 0..IMPORTS {
            pause(&mut rng, 300).await;
            let report = self.client.import(chat(&mut rng).to_string()).await?;
            let at = self.timeline.now();
            for worker in report.workers {
                let messages = self.client.transcript(worker).await?.messages;
                self.timeline.note_at(at, Fact::Imported { worker, messages });
            }
        }
        std::future::pending().await
    }
}

/// A conversation of some dozen messages.
fn chat(rng: &mut Rng) -> Value {
    let id = |n: usize| format!("n{n}");
    let nodes = (0..rng.usize(2..60)).map(|n| {
        let role = ["user", "assistant"][n % 2];
        let parts = [text::message(rng).text];
        let message = json!({
            "author": { "role": role }, "create_time": 2.0, "content": { "parts": parts },
        });
        (id(n), json!({ "parent": n.checked_sub(1).map(id), "message": message }))
    });
    let mapping: serde_json::Map<_, _> = nodes.collect();
    let name = crate::seed::message_id(rng).to_string();
    json!([{ "id": name, "title": name, "create_time": 1.0, "mapping": mapping }])
}

async fn pause(rng: &mut Rng, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(rng.u64(0..most_ms))).await;
}
