//! The scripted endpoint in a process of its own, so that its processor time is counted
//! separately. The process is this program with the hidden subcommand `endpoint`.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use upstream::{Script, Step, Upstream, stamp};

use crate::api;
use crate::process::Process;

/// How long a connection of the endpoint is kept for a further request.
const KEEP_ALIVE_MS: u64 = 60_000;

/// A running endpoint. It is killed when dropped.
pub struct Endpoint {
    _child: Child,
    pub base_url: String,
    control: String,
    http: reqwest::Client,
    pub process: Process,
}

/// The line that the child prints.
#[derive(Deserialize)]
struct Started {
    base_url: String,
    control: String,
}

/// A started child of this program, with the first line of its output.
pub async fn spawn(subcommand: &[&str]) -> Result<(Child, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(subcommand).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().context("no output")?;
    let line = BufReader::new(stdout).lines().next_line().await?;
    Ok((child, line.with_context(|| format!("{subcommand:?} does not start"))?))
}

impl Endpoint {
    /// Starts an endpoint that answers every request with `tokens` tokens, one each `interval_us`.
    pub async fn start(tokens: u32, interval_us: u64) -> Result<Self> {
        let (child, line) = spawn(&["endpoint"]).await?;
        let Started { base_url, control } = serde_json::from_str(&line)?;
        let process = Process::new(child.id().context("the endpoint has ended")?);
        let endpoint =
            Self { _child: child, base_url, control, http: reqwest::Client::new(), process };
        let mut script = Script::always([Step::Paced { tokens, interval_us }]);
        script.keep_alive_ms = Some(KEEP_ALIVE_MS);
        let url = format!("{}/script", endpoint.control);
        endpoint.http.put(url).json(&script).send().await?.error_for_status()?;
        Ok(endpoint)
    }

    /// Asks question number `n` directly. Returns how long the first text took, in microseconds.
    pub async fn first_token_us(&self, n: u64) -> Result<u64> {
        let message = serde_json::json!({ "role": "user", "content": api::question(n) });
        let body = serde_json::json!({ "stream": true, "messages": [message] });
        let url = format!("{}/chat/completions", self.base_url);
        let begun = stamp::now_us();
        let mut answer = self.http.post(url).json(&body).send().await?.error_for_status()?;
        let mut first = None;
        while let Some(bytes) = answer.chunk().await? {
            // The first token is the first event.
            if first.is_none() && bytes.starts_with(b"data: ") {
                first = Some(stamp::now_us());
            }
        }
        Ok(first.context("the endpoint sent no token")?.saturating_sub(begun))
    }

    /// The address of the listener.
    pub fn address(&self) -> Result<SocketAddr> {
        let address = self.base_url.trim_start_matches("http://").trim_end_matches("/v1");
        Ok(address.parse()?)
    }

    /// The texts that were sent, by the questions that they answered.
    pub async fn sent(&self) -> Result<HashMap<String, String>> {
        let log = self.http.get(format!("{}/log", self.control)).send().await?;
        let log: Value = log.json().await?;
        let requests = log["requests"].as_array().context("no requests in the log")?;
        let texts = requests.iter().filter_map(|request| {
            let asked = request["body"]["messages"].as_array()?.last()?["content"].as_str()?;
            Some((asked.to_owned(), request["sent"].as_str()?.to_owned()))
        });
        Ok(texts.collect())
    }
}

/// Serves until killed: the hidden subcommand.
pub async fn serve() -> Result<()> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let upstream = Upstream::listen(free).await?;
    let listener = TcpListener::bind(free).await?;
    let line = serde_json::json!({
        "base_url": upstream.base_url(),
        "control": format!("http://{}/control", listener.local_addr()?),
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(upstream::control::serve(upstream, listener).await?)
}
