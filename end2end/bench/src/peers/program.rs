//! A program of others: its process, and the calls of its API.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::process::Process;

/// Longer than a start may take.
const START: Duration = Duration::from_secs(600);

/// Longer than any call may take.
const HANG: Duration = Duration::from_secs(60);

/// A running program that takes requests. It is killed with all that it started when dropped.
pub struct Program {
    group: Group,
    pub calls: Calls,
    /// The time from the spawn until it answered.
    pub ready_in: Duration,
}

struct Group(Child);

/// The calls of a program's API; cheap to clone.
#[derive(Clone)]
pub struct Calls {
    http: reqwest::Client,
    pub address: SocketAddr,
    /// The value of the header `Authorization`.
    pub authorization: String,
}

/// A port that is free now. The programs cannot say which one they took if they were given none.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Program {
    /// Starts a program in `folder` and waits until `ready`, a path, is answered with 200.
    pub async fn start(
        mut command: Command,
        folder: &Path,
        address: SocketAddr,
        ready: &str,
    ) -> Result<Self> {
        let log = folder.join("output.log");
        command.current_dir(folder).env("HOME", folder).stdin(Stdio::null());
        command
            .stdout(fs::File::create(&log)?)
            .stderr(fs::File::options().append(true).open(&log)?);
        let begun = Instant::now();
        // A group of its own, so that whatever it starts ends with it.
        let mut group = Group(command.process_group(0).spawn()?);
        let http = reqwest::Client::builder().timeout(HANG).tcp_nodelay(true).build()?;
        let calls = Calls { http, address, authorization: String::new() };
        let url = calls.url(ready);
        loop {
            let answer = calls.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(Self { group, calls, ready_in: begun.elapsed() });
            }
            let ended = group.0.try_wait()?.is_some();
            if ended || begun.elapsed() > START {
                bail!("the program does not start:\n{}", fs::read_to_string(&log)?);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The process and what it has started so far.
    pub fn process(&self) -> Result<Process> {
        Process::tree(self.group.0.id().context("the program has ended")?)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = self.0.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Calls {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        let request = self.http.get(self.url(path)).header("authorization", &self.authorization);
        read(path, request).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.http.post(self.url(path)).header("authorization", &self.authorization);
        read(path, request.json(body)).await
    }
}

async fn read(path: &str, request: reqwest::RequestBuilder) -> Result<Value> {
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{path}: {status} {text}");
    let value: Value = serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))?;
    // llumen answers errors with status 200.
    ensure!(value.get("error").is_none_or(Value::is_null), "{path}: {text}");
    Ok(value)
}
