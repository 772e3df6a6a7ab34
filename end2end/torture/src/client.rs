//! A REST client of a companion.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use protocol::api::{Accepted, Cancelled, ImportReport, SendMessage, WorkerPage};
use protocol::{Error, ErrorBody, Message, Transcript, Turn, TurnId, Worker, WorkerId};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::companion::HANG;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The companion answered with an error.
    #[error("{status} {}: {}", error.code.name(), error.message)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error in the response's body.
        error: Box<Error>,
    },
    /// No complete response came, so the request may or may not have been carried out.
    #[error("no answer")]
    Broken(#[source] reqwest::Error),
    /// A response that breaks the API's contract.
    #[error("an unexpected response: {0}")]
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

    /// Whether it is unknown if the request was carried out.
    pub fn is_unclear(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// What an account logs in with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
}

/// A response of the API.
pub type Answer<T> = Result<T, Failure>;

/// A client of one companion; cheap to clone. A restarted companion needs a new one.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) address: SocketAddr,
}

impl Client {
    /// A client for the companion at `address`. A request that takes longer than [`HANG`] fails.
    pub fn new(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { http: reqwest::Client::builder().timeout(HANG).build()?, address })
    }

    /// A client that logs in, opens each connection anew, and waits at most `patience` for a response.
    pub(crate) async fn of_account(
        address: SocketAddr,
        login: Option<&Login>,
        patience: Duration,
    ) -> anyhow::Result<(Self, String)> {
        let builder = || reqwest::Client::builder().timeout(patience).pool_max_idle_per_host(0);
        let stranger = Self { http: builder().build()?, address };
        let Some(Login { name, password }) = login else { return Ok((stranger, String::new())) };
        let session = json!({ "name": name, "password": password });
        let url = stranger.url("/api/v1/session");
        let response = checked(stranger.http.post(url).json(&session)).await?;
        let cookies = response.headers().get_all(SET_COOKIE).iter();
        let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&cookies)?)]);
        let client = Self { http: builder().default_headers(headers).build()?, address };
        Ok((client, cookies))
    }

    /// A client of the same companion with connections of its own, like another tab.
    pub fn another(&self) -> anyhow::Result<Self> {
        Self::new(self.address)
    }

    /// The API path of a worker.
    pub fn path(worker: WorkerId) -> String {
        format!("/api/v1/runtimes/backend-internal/workers/{worker}")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Whether the companion takes messages.
    pub async fn is_ready(&self) -> bool {
        let request = self.http.get(self.url("/readyz")).timeout(Duration::from_secs(5));
        matches!(request.send().await, Ok(answer) if answer.status() == StatusCode::OK)
    }

    /// Asks whether the process is alive (`/healthz`).
    pub async fn probe(&self) -> Answer<()> {
        checked(self.http.get(self.url("/healthz"))).await.map(drop)
    }

    /// Creates a conversation.
    pub async fn create(&self) -> Answer<Worker> {
        let path = "/api/v1/runtimes/backend-internal/workers";
        answer(self.http.post(self.url(path)).json(&json!({}))).await
    }

    /// Lists the conversations, the most recently used first; one page.
    pub async fn workers(&self) -> Answer<Vec<Worker>> {
        let path = "/api/v1/runtimes/backend-internal/workers?limit=200";
        let page: WorkerPage = answer(self.http.get(self.url(path))).await?;
        Ok(page.workers)
    }

    /// Reads a conversation's summary.
    pub async fn worker(&self, worker: WorkerId) -> Answer<Worker> {
        answer(self.http.get(self.url(&Self::path(worker)))).await
    }

    /// Deletes a conversation.
    pub async fn delete(&self, worker: WorkerId) -> Answer<()> {
        checked(self.http.delete(self.url(&Self::path(worker)))).await.map(drop)
    }

    /// Imports the conversations of a file.
    pub async fn import(&self, file: String) -> Answer<ImportReport> {
        let url = self.url("/api/v1/runtimes/backend-internal/import");
        answer(self.http.post(url).body(file)).await
    }

    /// Sends a message, which begins a turn.
    pub async fn send(&self, worker: WorkerId, message: &SendMessage) -> Answer<Accepted> {
        let url = self.url(&format!("{}/messages", Self::path(worker)));
        answer(self.http.post(url).json(message)).await
    }

    /// Cancels the running turn; returns when it has ended.
    pub async fn cancel(&self, worker: WorkerId) -> Answer<Cancelled> {
        let url = self.url(&format!("{}/cancel", Self::path(worker)));
        answer(self.http.post(url)).await
    }

    /// Reads a turn in its current state.
    pub async fn turn(&self, worker: WorkerId, turn: TurnId) -> Answer<Turn> {
        answer(self.http.get(self.url(&format!("{}/turns/{turn}", Self::path(worker))))).await
    }

    /// Reads a page of messages with their turns; the newest one if `before` is `None`.
    pub async fn page(&self, worker: WorkerId, before: Option<u64>) -> Answer<Transcript> {
        let before = before.map(|seq| format!("&before={seq}")).unwrap_or_default();
        let path = format!("{}/transcript?limit=200{before}", Self::path(worker));
        answer(self.http.get(self.url(&path))).await
    }

    /// Reads the HTML page of a conversation.
    pub async fn conversation_page(&self, worker: WorkerId) -> Answer<String> {
        let response = checked(self.http.get(self.url(&format!("/c/{worker}")))).await?;
        response.text().await.map_err(Failure::Broken)
    }

    /// Reads the whole transcript once no turn is running.
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

    /// Reads the whole transcript page by page, the oldest message first.
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

/// A whole conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// All messages of all branches, oldest first.
    pub messages: Vec<Message>,
    /// All turns, oldest first.
    pub turns: Vec<Turn>,
    /// The cursor of the newest page.
    pub cursor: protocol::Cursor,
}

/// The JSON of a successful response.
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
