//! Server-Sent Events that answer a request, read on a socket that counts the bytes.

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::counted::{Count, Counted};
use crate::peers::program::Calls;

/// The events of one answer.
pub struct Events {
    body: Incoming,
    pub count: Count,
    /// What was read and not yet returned.
    read: Vec<u8>,
    /// The task that drives the connection; it ends when this is dropped.
    _connection: JoinSet<()>,
}

impl Events {
    /// Posts a request and waits for the head of its answer.
    pub async fn post(calls: &Calls, path: &str, body: &Value) -> Result<Self> {
        let (socket, count) = Counted::connect(calls.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(connection.await) });
        let request = hyper::Request::post(path)
            .header("host", calls.address.to_string())
            .header("authorization", &calls.authorization)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))?;
        let answer = sender.send_request(request).await?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        let body = answer.into_body();
        Ok(Self { body, count, read: Vec::new(), _connection: tasks })
    }

    /// The data of the next event; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                // Both programs write each event's data as one line.
                if let Some(data) = line.strip_prefix(b"data:") {
                    return Ok(Some(data.trim_ascii().to_owned()));
                }
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.context("the stream broke off")?;
            if let Ok(data) = frame.into_data() {
                self.read.extend_from_slice(&data);
            }
        }
    }
}
