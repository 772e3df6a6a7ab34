//! The good user: reads a page, sends a message and probes the server, each over a new connection,
//! so that the server has to accept one every time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use protocol::api::SendMessage;
use protocol::{MessageId, TurnState, WorkerId};

use crate::client::{Answer, Client, Login};
use crate::companion::Companion;
use crate::seed;
use crate::times::{Times, head as times_head};

/// How long the user waits. A response that takes longer counts as missed, because a person would
/// have given up.
const PATIENCE: Duration = Duration::from_secs(15);
/// The width of a row's name in columns.
const WIDTH: usize = 46;

/// One user with one conversation.
pub(super) struct User {
    client: Client,
    worker: WorkerId,
    sent: Vec<MessageId>,
}

/// The user's results over several rounds.
#[derive(Default)]
pub(super) struct Seen {
    page: Times,
    send: Times,
    probe: Times,
    /// Requests that were refused or never answered.
    pub missed: Vec<String>,
}

/// The head of the table.
pub(super) fn head() -> String {
    times_head("beside", WIDTH)
}

/// A row with one count.
pub(super) fn row(name: &str, count: usize) -> String {
    format!("{name:<WIDTH$} {count:>6}")
}

impl User {
    /// A user with an account, or with none where no login is needed.
    pub(super) async fn new(companion: &Companion, login: Option<&Login>) -> Result<Self> {
        let (client, _) = Client::of_account(companion.address, login, PATIENCE).await?;
        let worker = client.create().await?.worker_id;
        Ok(Self { client, worker, sent: Vec::new() })
    }

    /// Reads a page, sends a message and probes, `rounds` times; `before` is called before each
    /// round.
    pub(super) async fn rounds(
        &mut self,
        rounds: usize,
        rng: &mut Rng,
        mut before: impl FnMut(),
    ) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..rounds {
            before();
            let page = timed(&mut seen.page, self.client.conversation_page(self.worker)).await;
            seen.note("page", &page);
            let id = seed::message_id(rng);
            let message = SendMessage::new(id, format!("Message {id}"));
            let sent = timed(&mut seen.send, self.client.send(self.worker, &message)).await;
            seen.note("message", &sent);
            if sent.is_ok() {
                self.sent.push(id);
            }
            let probe = timed(&mut seen.probe, self.client.probe()).await;
            seen.note("probe", &probe);
            // Until this message is answered, the next one would be refused.
            if sent.is_ok() && self.client.settled(self.worker).await.is_err() {
                seen.missed.push("the end of an answer".to_owned());
            }
        }
        seen
    }

    /// The accepted messages that have no complete answer in the end.
    pub(super) async fn unanswered(&self) -> Result<Vec<String>> {
        let whole = self.client.settled(self.worker).await.context("the conversation")?;
        let answered = |id: &MessageId| {
            let mut turns = whole.turns.iter().filter(|turn| turn.question == *id);
            turns.any(|turn| turn.state == TurnState::Completed)
        };
        let lost = self.sent.iter().filter(|id| !answered(id));
        Ok(lost.map(|id| format!("the answer to {id}")).collect())
    }
}

async fn timed<T>(times: &mut Times, work: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let done = work.await;
    times.add(begin.elapsed());
    done
}

impl Seen {
    fn note<T>(&mut self, what: &str, answer: &Answer<T>) {
        if let Err(failure) = answer {
            self.missed.push(format!("a {what}: {failure}"));
        }
    }

    /// One row for each kind of request.
    pub(super) fn rows(&self, beside: &str) -> String {
        let times = |name: &str, times: &Times| {
            let name = format!("{beside}: {name}");
            format!("{name:<WIDTH$} {times}")
        };
        let rows =
            [times("page", &self.page), times("send", &self.send), times("probe", &self.probe)];
        let missed = if self.missed.is_empty() {
            String::new()
        } else {
            "\n".to_owned() + &row("    refused or without an answer", self.missed.len())
        };
        rows.join("\n") + &missed
    }
}
