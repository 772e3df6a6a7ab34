//! Open WebUI (<https://github.com/open-webui/open-webui>), by the two ways in which it answers:
//! its API, which stores nothing, and the way of its own page ([`tab`]).

pub mod tab;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;
use upstream::stamp;

use crate::api::question;
use crate::peers::events::Events;
use crate::peers::open_webui::tab::Tab;
use crate::peers::program::{Calls, Program, free_address};
use crate::seen::Seen;
use crate::yardstick::relay::content;

const PASSWORD: &str = "Scripted-1";

/// An administrator's client, and the model to ask.
pub struct Client {
    calls: Calls,
    model: Value,
}

/// A request that is ready to be made.
pub struct Request {
    calls: Calls,
    body: Value,
    seen: Seen,
}

/// Starts Open WebUI with its data in `folder`. Its search in documents is set to an engine outside
/// of the process, because the engine within would load another model first.
pub async fn start(program: &Path, base_url: &str, folder: &Path) -> Result<Program> {
    let address = free_address()?;
    let mut command = Command::new(program);
    command
        .args(["serve", "--host", "127.0.0.1", "--port", &address.port().to_string()])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DATA_DIR", folder)
        .env("WEBUI_SECRET_KEY", "scripted")
        .env("OPENAI_API_BASE_URL", base_url)
        .env("OPENAI_API_KEY", "none")
        .env("ENABLE_OLLAMA_API", "false")
        .env("OFFLINE_MODE", "true")
        .env("RAG_EMBEDDING_ENGINE", "openai")
        // Otherwise an administrator would have to allow each account the model.
        .env("BYPASS_MODEL_ACCESS_CONTROL", "true")
        .env("GLOBAL_LOG_LEVEL", "WARNING");
    Program::start(command, folder, address, "/ready").await
}

impl Client {
    /// Creates the first account, which administrates.
    pub async fn new(program: &Program) -> Result<Self> {
        let mut calls = program.calls.clone();
        let account = account("admin");
        let admin = calls.post("/api/v1/auths/signup", &account).await?;
        calls.authorization = bearer(&admin)?;
        let models = calls.get("/api/models").await?;
        let model = models["data"].as_array().and_then(|models| models.first()).cloned();
        Ok(Self { calls, model: model.context("Open WebUI has no model")? })
    }

    /// Question number `n` by the API, as a program asks.
    pub fn request(&self, n: u64) -> Request {
        let message = json!({ "role": "user", "content": question(n) });
        let body = json!({ "model": self.model["id"], "stream": true, "messages": [message] });
        Request { calls: self.calls.clone(), body, seen: Seen::default() }
    }

    /// A browser's tab for question number `n`, of an account of its own: what an answer shows is
    /// sent to all tabs of its account.
    pub async fn tab(&self, n: u64) -> Result<Tab> {
        let mut account = account(&format!("user{n}"));
        account["role"] = json!("user");
        let user = self.calls.post("/api/v1/auths/add", &account).await?;
        let mut calls = self.calls.clone();
        calls.authorization = bearer(&user)?;
        Tab::open(calls, &self.model, n).await
    }
}

fn account(name: &str) -> Value {
    json!({ "name": name, "email": format!("{name}@example.com"), "password": PASSWORD })
}

fn bearer(account: &Value) -> Result<String> {
    Ok(format!("Bearer {}", account["token"].as_str().context("no token")?))
}

impl Request {
    /// Makes the request and follows the answer.
    pub async fn answer(mut self, limit: Duration) -> Seen {
        // It has no stream before the request, so the head of the answer is counted as well.
        let path = "/api/chat/completions";
        let mut events = match Events::post(&self.calls, path, &self.body).await {
            Ok(events) => events,
            Err(error) => return Seen { fault: Some(format!("{error:#}")), ..self.seen },
        };
        let read = timeout(limit, read(&mut events, &mut self.seen)).await;
        self.seen.end(read, &events.count)
    }
}

async fn read(events: &mut Events, seen: &mut Seen) -> Result<()> {
    while let Some(data) = events.next().await? {
        let now = stamp::now_us();
        if data == b"[DONE]" {
            seen.received.ended = Some(true);
            return Ok(());
        }
        let before = seen.received.text.len();
        seen.received.append(&content(&data).unwrap_or_default());
        seen.time(before, now)?;
    }
    bail!("the stream ended before the answer")
}
