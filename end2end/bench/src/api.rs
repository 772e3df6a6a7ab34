//! The calls of the product's API that the driver makes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use protocol::api::{Accepted, SendMessage};
use protocol::{MessageId, Worker, WorkerId};
use reqwest::StatusCode;
use reqwest::header::ACCEPT_ENCODING;
use serde_json::json;

/// Longer than any call may take.
const HANG: Duration = Duration::from_secs(60);

/// A client of one companion; cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub address: SocketAddr,
}

/// How long it took to read a page.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// Until the first bytes of its text.
    pub first: Duration,
    pub whole: Duration,
    pub bytes: usize,
}

impl Client {
    pub fn new(address: SocketAddr) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(HANG).tcp_nodelay(true).build()?;
        Ok(Self { http, address })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Whether the companion takes messages.
    pub async fn is_ready(&self) -> bool {
        let answer = self.http.get(self.url("/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// Reads a page or an answer of the API completely.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.http.get(self.url(path)).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer.bytes().await?.into())
    }

    /// Reads a page as a browser does, in pieces, and compressed if `encoding` says so.
    pub async fn page(&self, path: &str, encoding: Option<&str>) -> Result<Read> {
        let begun = Instant::now();
        let mut request = self.http.get(self.url(path));
        if let Some(encoding) = encoding {
            request = request.header(ACCEPT_ENCODING, encoding);
        }
        let mut answer = request.send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{path}: {status}");
        let (mut first, mut bytes) = (None, 0);
        while let Some(piece) = answer.chunk().await? {
            first.get_or_insert_with(|| begun.elapsed());
            bytes += piece.len();
        }
        let first = first.with_context(|| format!("{path} is empty"))?;
        Ok(Read { first, whole: begun.elapsed(), bytes })
    }

    /// Creates a conversation.
    pub async fn create(&self) -> Result<WorkerId> {
        let path = "/api/v1/runtimes/backend-internal/workers";
        let answer = self.http.post(self.url(path)).json(&json!({})).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "creating a conversation: {status} {}", answer.text().await?);
        Ok(answer.json::<Worker>().await?.worker_id)
    }

    /// Sends message number `n`, whose text names the number.
    pub async fn send(&self, worker: WorkerId, n: u64) -> Result<Accepted> {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&n.to_be_bytes());
        let message = SendMessage::new(MessageId::from_parts(unix_ms()?, random), question(n));
        let url = self.url(&format!("{}/messages", path(worker)));
        let answer = self.http.post(url).json(&message).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "sending a message: {status} {}", answer.text().await?);
        Ok(answer.json().await?)
    }
}

/// The API's path of a conversation.
pub fn path(worker: WorkerId) -> String {
    format!("/api/v1/runtimes/backend-internal/workers/{worker}")
}

/// The path of a conversation's stream.
pub fn events(worker: WorkerId) -> String {
    format!("{}/events", path(worker))
}

/// The text of message number `n`, by which the endpoint's log tells which answer it was.
pub fn question(n: u64) -> String {
    format!("Question {n}")
}

fn unix_ms() -> Result<u64> {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?;
    Ok(u64::try_from(since.as_millis())?)
}
