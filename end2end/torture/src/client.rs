//! What a program asks of a companion over REST.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use protocol::api::{Accepted, Cancelled, SendMessage, WorkerPage};
use protocol::{Error, ErrorBody, Message, Transcript, Turn, TurnId, Worker, WorkerId};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::companion::HANG;

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The companion answered with an error.
    #[error("{status} {}: {}", error.code.name(), error.message)]
    Refused { status: u16, error: Box<Error> },
    /// No whole answer came: what was asked for may have happened or not.
    #[error("no answer")]
    Broken(#[source] reqwest::Error),
    /// An answer that is none of the contract.
    #[error("an odd answer: {0}")]
    Odd(String),
}

impl Failure {
    /// The error's code, if the companion gave one.
    pub fn code(&self) -> Option<protocol::ErrorCode> {
        match self {
            Self::Refused { error, .. } => Some(error.code),
            Self::Broken(_) | Self::Odd(_) => None,
        }
    }

    /// Whether what was asked for may have happened or not.
    pub fn is_unclear(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// An answer of the API.
pub type Answer<T> = Result<T, Failure>;

/// A client of one companion; cheap to clone. Made anew after a restart.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) address: SocketAddr,
}

impl Client {
    pub fn new(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { http: reqwest::Client::builder().timeout(HANG).build()?, address })
    }

    /// The same companion over connections of its own: another tab.
    pub fn another(&self) -> anyhow::Result<Self> {
        Self::new(self.address)
    }

    /// The path of a worker.
    pub fn path(worker: WorkerId) -> String {
        format!("/api/v1/runtimes/backend-internal/workers/{worker}")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Whether it takes messages.
    pub async fn is_ready(&self) -> bool {
        let request = self.http.get(self.url("/readyz")).timeout(Duration::from_secs(5));
        matches!(request.send().await, Ok(answer) if answer.status() == StatusCode::OK)
    }

    /// Asks whether the process is alive (`/healthz`).
    pub async fn probe(&self) -> Answer<()> {
        checked(self.http.get(self.url("/healthz"))).await.map(drop)
    }

    /// A new conversation.
    pub async fn create(&self) -> Answer<Worker> {
        let path = "/api/v1/runtimes/backend-internal/workers";
        answer(self.http.post(self.url(path)).json(&json!({}))).await
    }

    /// The conversations, the most recently used first; one page.
    pub async fn workers(&self) -> Answer<Vec<Worker>> {
        let path = "/api/v1/runtimes/backend-internal/workers?limit=200";
        let page: WorkerPage = answer(self.http.get(self.url(path))).await?;
        Ok(page.workers)
    }

    /// A conversation's summary.
    pub async fn worker(&self, worker: WorkerId) -> Answer<Worker> {
        answer(self.http.get(self.url(&Self::path(worker)))).await
    }

    /// Deletes a conversation.
    pub async fn delete(&self, worker: WorkerId) -> Answer<()> {
        checked(self.http.delete(self.url(&Self::path(worker)))).await.map(drop)
    }

    /// Sends a message: the answer to it is a turn that runs.
    pub async fn send(&self, worker: WorkerId, message: &SendMessage) -> Answer<Accepted> {
        let url = self.url(&format!("{}/messages", Self::path(worker)));
        answer(self.http.post(url).json(message)).await
    }

    /// Stops what runs; answers when it has ended.
    pub async fn cancel(&self, worker: WorkerId) -> Answer<Cancelled> {
        let url = self.url(&format!("{}/cancel", Self::path(worker)));
        answer(self.http.post(url)).await
    }

    /// A turn as it stands.
    pub async fn turn(&self, worker: WorkerId, turn: TurnId) -> Answer<Turn> {
        answer(self.http.get(self.url(&format!("{}/turns/{turn}", Self::path(worker))))).await
    }

    /// One page of messages with their turns, the newest without `before`.
    pub async fn page(&self, worker: WorkerId, before: Option<u64>) -> Answer<Transcript> {
        let before = before.map(|seq| format!("&before={seq}")).unwrap_or_default();
        let path = format!("{}/transcript?limit=200{before}", Self::path(worker));
        answer(self.http.get(self.url(&path))).await
    }

    /// A conversation as the server writes its page.
    pub async fn conversation_page(&self, worker: WorkerId) -> Answer<String> {
        let response = checked(self.http.get(self.url(&format!("/c/{worker}")))).await?;
        response.text().await.map_err(Failure::Broken)
    }

    /// The whole transcript once no turn runs.
    pub async fn settled(&self, worker: WorkerId) -> anyhow::Result<Whole> {
        let wait = async {
            loop {
                let whole = self.transcript(worker).await?;
                if whole.turns.iter().all(|turn| turn.state.is_final()) {
                    return Ok(whole);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(HANG, wait).await.context("a turn does not end")?
    }

    /// The whole transcript, oldest first, page by page.
    pub async fn transcript(&self, worker: WorkerId) -> Answer<Whole> {
        let Transcript { messages, turns, mut next_before, cursor, .. } =
            self.page(worker, None).await?;
        let mut whole = Whole { messages, turns, cursor };
        while let Some(before) = next_before {
            let page = self.page(worker, Some(before)).await?;
            whole.messages.splice(0..0, page.messages);
            whole.turns.splice(0..0, page.turns);
            next_before = page.next_before;
        }
        Ok(whole)
    }
}

/// All that a conversation holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    pub messages: Vec<Message>,
    pub turns: Vec<Turn>,
    /// The position of the newest page.
    pub cursor: protocol::Cursor,
}

/// The JSON of a good answer.
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Answer<T> {
    let response = checked(request).await?;
    let body = response.bytes().await.map_err(Failure::Broken)?;
    serde_json::from_slice(&body)
        .map_err(|error| Failure::Odd(format!("{error}: {}", String::from_utf8_lossy(&body))))
}

async fn checked(request: RequestBuilder) -> Answer<Response> {
    let response = request.send().await.map_err(Failure::Broken)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(Failure::Broken)?;
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(ErrorBody { error }) => Err(Failure::Refused { status, error: Box::new(error) }),
        Err(_) => Err(Failure::Odd(format!("{status} {}", String::from_utf8_lossy(&body)))),
    }
}
