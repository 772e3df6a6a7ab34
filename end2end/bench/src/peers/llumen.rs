//! llumen (<https://github.com/pinkfuwa/llumen>). An answer is stored when it has ended.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;
use upstream::stamp;

use crate::api::question;
use crate::peers::events::Events;
use crate::peers::program::{Calls, Program, free_address};
use crate::seen::Seen;

/// The account that a new database has, from llumen's documentation.
const NAME: &str = "admin";
const PASSWORD: &str = "P@88w0rd";

/// A logged-in client, and the model to ask.
pub struct Client {
    calls: Calls,
    model: Value,
}

/// A conversation whose stream is open.
pub struct Chat {
    calls: Calls,
    message: Value,
    events: Events,
    seen: Seen,
}

/// Starts llumen with its data in `folder`.
pub async fn start(binary: &Path, endpoint: SocketAddr, folder: &Path) -> Result<Program> {
    let address = free_address()?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("API_KEY", "none")
        .env("API_BASE", format!("http://{endpoint}"))
        .env("BIND_ADDR", address.to_string())
        .env("DATA_PATH", folder)
        .env("RUST_LOG", "warn");
    Program::start(command, folder, address, "/").await
}

impl Client {
    pub async fn new(program: &Program) -> Result<Self> {
        let mut calls = program.calls.clone();
        let login = json!({ "username": NAME, "password": PASSWORD });
        let login = calls.post("/api/auth/login", &login).await?;
        login["token"].as_str().context("no token")?.clone_into(&mut calls.authorization);
        let config = "display_name = \"Scripted\"\nmodel_id = \"scripted-model\"\n";
        let model = calls.post("/api/model/create", &json!({ "config": config })).await?;
        Ok(Self { calls, model: model["id"].clone() })
    }

    /// Opens a conversation for question number `n`.
    pub async fn open(&self, n: u64) -> Result<Chat> {
        let chat = json!({ "model_id": self.model, "mode": "normal" });
        let chat = self.calls.post("/api/chat/create", &chat).await?["id"].clone();
        // Otherwise the model would be asked for a title when the answer has ended.
        let title = json!({ "chat_id": chat, "title": question(n) });
        self.calls.post("/api/chat/write", &title).await?;
        let events = Events::post(&self.calls, "/api/chat/sse", &json!({ "id": chat })).await?;
        let message = json!({
            "chat_id": chat, "model_id": self.model, "mode": "normal",
            "text": question(n), "files": [],
        });
        Ok(Chat { calls: self.calls.clone(), message, events, seen: Seen::default() })
    }
}

#[derive(Deserialize)]
struct Event {
    t: String,
    #[serde(default)]
    c: Value,
}

impl Chat {
    /// Sends the message and follows the answer.
    pub async fn answer(mut self, limit: Duration) -> Seen {
        self.events.count.reset();
        let read = timeout(limit, self.read()).await;
        self.seen.end(read, &self.events.count)
    }

    async fn read(&mut self) -> Result<()> {
        self.calls.post("/api/message/create", &self.message).await?;
        while let Some(data) = self.events.next().await? {
            let now = stamp::now_us();
            let event: Event = serde_json::from_slice(&data)?;
            match (event.t.as_str(), event.c.as_str()) {
                ("token", Some(text)) => {
                    let before = self.seen.received.text.len();
                    self.seen.received.append(text);
                    self.seen.time(before, now)?;
                }
                ("complete", _) => {
                    self.seen.received.ended = Some(true);
                    return Ok(());
                }
                ("error", _) => bail!("llumen: {}", event.c),
                _ => {}
            }
        }
        bail!("the stream ended before the answer")
    }
}
