//! The companion that is measured: a process with a data folder of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::api::Client;
use crate::process::Process;

/// Longer than a start may take.
const START: Duration = Duration::from_secs(120);

/// A binary, and the name under which its figures are reported.
#[derive(Clone, Debug)]
pub struct Binary {
    pub label: String,
    pub path: PathBuf,
}

/// A folder with a companion's configuration and data.
pub struct Place {
    binary: PathBuf,
    folder: TempDir,
    data: PathBuf,
    /// The configuration without the data folder.
    lines: String,
}

/// A companion that takes messages. It is killed when dropped.
pub struct Server {
    child: Child,
    pub client: Client,
    pub process: Process,
    /// The time from the spawn to the first 200 of `/readyz`.
    pub ready_in: Duration,
}

impl FromStr for Binary {
    type Err = anyhow::Error;

    /// Reads `LABEL=PATH` or `PATH`.
    fn from_str(text: &str) -> Result<Self> {
        let (label, path) = text.split_once('=').unwrap_or(("companion", text));
        let path = fs::canonicalize(path).with_context(|| format!("there is no binary {path}"))?;
        Ok(Self { label: label.to_owned(), path })
    }
}

impl Place {
    /// Creates a folder for a companion that `base_url` answers, and that follows `observers`
    /// streams.
    pub fn new(binary: &Binary, base_url: &str, observers: usize) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir()?;
        let mut lines = format!(
            "listen = \"127.0.0.1:0\"\nlog = \"warn\"\n\
             base_url = \"{base_url}\"\nmodel = \"scripted-model\"\n"
        );
        // The defaults are kept wherever they are enough.
        if observers > 200 {
            let most = observers + 100;
            // One account may take three quarters of the places.
            lines += &format!("max_observers = {}\nmax_requests = {most}\n", 2 * most);
            lines += &format!("max_connections = {}\n", 2 * most);
        }
        let data = folder.path().join("data");
        let mut place = Self { binary: binary.path.clone(), folder, data: data.clone(), lines };
        place.use_data(&data)?;
        Ok(place)
    }

    /// The folder of the database.
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Uses another folder for the database, from the next start on.
    pub fn use_data(&mut self, folder: &Path) -> Result<()> {
        self.data = folder.to_owned();
        let lines = format!("data_dir = {folder:?}\n{}", self.lines);
        Ok(fs::write(self.folder.path().join("companion.toml"), lines)?)
    }

    /// A command of the companion in this folder, without the caller's environment.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg(subcommand)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts the companion and waits until it takes messages.
    pub async fn start(&self) -> Result<Server> {
        let log = fs::File::create(self.folder.path().join("stderr.log"))?;
        let begun = Instant::now();
        let mut child = self.command("serve").stdout(Stdio::piped()).stderr(log).spawn()?;
        let starting = ready(&mut child);
        let started = tokio::time::timeout(START, starting).await;
        let client = match started.context("it takes too long").flatten() {
            Ok(client) => client,
            Err(error) => {
                let log = fs::read_to_string(self.folder.path().join("stderr.log"))?;
                bail!("the companion does not start: {error:#}\n{log}")
            }
        };
        let ready_in = begun.elapsed();
        let process = Process::new(child.id().context("the companion has ended")?);
        Ok(Server { child, client, process, ready_in })
    }
}

async fn ready(child: &mut Child) -> Result<Client> {
    let stdout = child.stdout.take().context("the output was taken already")?;
    let line = BufReader::new(stdout).lines().next_line().await?;
    let line = line.context("it ended before it listened")?;
    let address = line.strip_prefix("listening on http://").context("it names no address")?;
    let client = Client::new(address.parse()?)?;
    while !client.is_ready().await {
        if let Some(status) = child.try_wait()? {
            bail!("it ended while it started: {status}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(client)
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.client.address
    }

    /// Kills the process by SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Ends the process in order, and waits until it is gone.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().context("the companion has ended")?;
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).context("an odd process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        tokio::time::timeout(START, self.child.wait()).await.context("it does not stop")??;
        Ok(())
    }
}

/// The bytes of all files in a folder.
pub fn folder_bytes(folder: &Path) -> Result<u64> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}
