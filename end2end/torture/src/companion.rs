//! The companion under test: a process that is started, killed and started again on one data
//! folder.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use upstream::Upstream;

use crate::client::Client;

/// Longer than anything here may take on a busy machine: after this time a request counts as
/// hanging.
pub const HANG: Duration = Duration::from_secs(60);

/// The number of log lines that are shown when a run fails.
const LOG_LINES: usize = 60;

/// The folder of a companion, with its configuration, its data and its log. It survives restarts.
pub struct Installation {
    binary: PathBuf,
    folder: TempDir,
    /// What is added to the environment of the next starts.
    pub environment: Vec<(&'static str, OsString)>,
}

/// A started process that may not be ready yet.
pub struct Starting {
    child: Child,
    begun: Instant,
}

/// A companion that takes messages. It is killed when dropped.
pub struct Companion {
    child: Child,
    /// The address that the process printed, with the port that it chose.
    pub address: SocketAddr,
    /// A client for that address.
    pub client: Client,
    /// The time from the spawn to the first 200 of `/readyz`.
    pub ready_in: Duration,
}

/// The configuration for a companion that uses `upstream`.
pub fn answered_by(upstream: &Upstream) -> String {
    format!("base_url = \"{}\"\nmodel = \"scripted-model\"\n", upstream.base_url())
}

impl Installation {
    /// Creates a folder for `binary`, with `lines` in `companion.toml` besides the address and the
    /// data folder.
    pub fn new(binary: &Path, lines: &str) -> Result<Self> {
        let binary = fs::canonicalize(binary)
            .with_context(|| format!("there is no companion at {}", binary.display()))?;
        let folder = tempfile::Builder::new().prefix("torture-").tempdir()?;
        let place = Self { binary, folder, environment: Vec::new() };
        place.configure(lines)?;
        Ok(place)
    }

    /// Writes the configuration again, for the next start.
    pub fn configure(&self, lines: &str) -> Result<()> {
        // The log leaves out the line for each request, so that the remaining lines are worth
        // reading.
        let always = "listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n\
                      log = \"info,server::request=warn\"\n";
        Ok(fs::write(self.folder.path().join("companion.toml"), format!("{always}{lines}"))?)
    }

    /// Writes a file beside the configuration.
    pub fn file(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.folder.path().join(name), text)?)
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data().join("companion.db")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("stderr.log")
    }

    /// Adds an account, before the process is started. The first one is the owner's.
    pub async fn add_account(&self, name: &str, password: &str) -> Result<()> {
        let mut command = self.command();
        command.args(["account", "add", name]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("the input was taken already")?;
        stdin.write_all(format!("{password}\n").as_bytes()).await?;
        drop(stdin);
        let status = child.wait().await?;
        if status.success() { Ok(()) } else { bail!("no account was added: {status}") }
    }

    /// Starts the process without waiting for anything.
    pub fn spawn(&self) -> Result<Starting> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = self.command();
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let begun = Instant::now();
        Ok(Starting { child: command.spawn()?, begun })
    }

    fn command(&self) -> Command {
        // Of the caller's environment, only the cache folder with the model is used.
        let home = std::env::var_os("HOME").unwrap_or_default();
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.filter(|cache| cache.is_absolute());
        let mut command = Command::new(&self.binary);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("XDG_CACHE_HOME", cache.unwrap_or_else(|| Path::new(&home).join(".cache")))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true);
        command
    }

    /// Starts the process and waits until it takes messages.
    pub async fn start(&self) -> Result<Companion> {
        self.spawn()?.ready().await
    }

    /// Ends a run in this folder. After a failure, the end of the companion's log is shown and the
    /// folder is kept.
    pub fn close<T>(mut self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.folder.disable_cleanup(true);
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("the companion's folder is kept: {}", self.folder.path().display());
            eprintln!("the end of its log:");
            for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
                eprintln!("    {line}");
            }
        }
        result
    }
}

impl Starting {
    /// Kills the process by SIGKILL at any point of its start.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Waits for the line with the address, and for a 200 of `/readyz`.
    pub async fn ready(mut self) -> Result<Companion> {
        let address = tokio::time::timeout(HANG, self.address())
            .await
            .context("the companion does not print its address")??;
        let client = Client::new(address)?;
        while !client.is_ready().await {
            if let Some(status) = self.child.try_wait()? {
                bail!("the companion ended while it started: {status}");
            }
            if self.begun.elapsed() > HANG {
                bail!("the companion does not become ready");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let ready_in = self.begun.elapsed();
        Ok(Companion { child: self.child, address, client, ready_in })
    }

    async fn address(&mut self) -> Result<SocketAddr> {
        let stdout = self.child.stdout.take().context("the output was taken already")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let line = line.context("the companion ended before it listened")?;
        let address = line.strip_prefix("listening on http://").context("no address")?;
        Ok(address.parse()?)
    }
}

impl Companion {
    /// The process's id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills the process by SIGKILL at any point, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Waits until the process is gone.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Asks the process to end.
    pub fn terminate(&self) -> Result<()> {
        let pid = self.pid().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        Ok(kill_process(pid.context("the companion is gone")?, Signal::TERM)?)
    }

    /// Does `work`. Also returns the companion's peak memory during it, see [`Self::memory`].
    pub async fn watched<T>(&self, work: impl Future<Output = Result<T>>) -> Result<(T, u64)> {
        let mut most = self.memory()?;
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = work.as_mut() => return Ok((done?, most.max(self.memory()?))),
                _ = ticks.tick() => most = most.max(self.memory()?),
            }
        }
    }

    /// The bytes of private memory in use (`VmRSS` without pages that are mapped from files).
    pub fn memory(&self) -> Result<u64> {
        let pid = self.pid().context("the companion is gone")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .context("no RssAnon in /proc")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }
}
