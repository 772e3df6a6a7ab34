//! The engine's process as the server sees it: its pipes, its log and its end.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use std::{env, io};

use engine_wire::{FromChild, ToChild};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::LocalConfig;
use super::child::{self, Child, Started};
use super::framing::{read_async, write_async};
use super::spawner::Spawner;
use super::stderr::forward;

/// Capacity of the channels in either direction. If the one from the child is full, the child has
/// to wait at its pipe; the one to the child never has more than a few messages.
const MESSAGES: usize = 32;
/// How long the process of a child whose pipes are closed may still run before it is killed.
const GONE: Duration = Duration::from_millis(500);
/// How long a child may take to leave after it was asked to.
const LEAVE: Duration = Duration::from_secs(2);

/// The environment variables that a program may need to start. No others, above all no keys, are
/// passed to the process that reads untrusted files.
pub(crate) const KEPT_VARIABLES: [&str; 2] = ["LD_LIBRARY_PATH", "SYSTEMROOT"];

/// A running child. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    pid: u32,
    commands: mpsc::Sender<ToChild>,
    messages: mpsc::Receiver<FromChild>,
    last_words: AbortOnDropHandle<Vec<String>>,
    /// The reader and the writer of the pipes.
    _pipes: JoinSet<()>,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: io::Result<ExitStatus>,
    pub(crate) last_words: String,
}

/// The child does not receive messages any more.
#[derive(Debug, thiserror::Error)]
#[error("the model's process accepts no messages")]
pub(crate) struct Deaf;

impl Process {
    /// Starts the child. Fails if the program cannot be started.
    pub(crate) async fn start(config: &LocalConfig) -> io::Result<Self> {
        let Started { child, stdin, stdout, stderr } =
            match (&config.program, Spawner::of_this_process()) {
                (None, Some(spawner)) => child::by(spawner).await?,
                _ => child::of(command(config)?)?,
            };
        let pid = child.pid();
        let (commands, to_write) = mpsc::channel(MESSAGES);
        let (heard, messages) = mpsc::channel(MESSAGES);
        let mut pipes = JoinSet::new();
        pipes.spawn(write_all(stdin, to_write));
        pipes.spawn(read_all(stdout, heard));
        let last_words = AbortOnDropHandle::new(tokio::spawn(forward(stderr)));
        Ok(Self { child, pid, commands, messages, last_words, _pipes: pipes })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a message without waiting. Fails if the child has stopped reading.
    pub(crate) fn tell(&self, message: ToChild) -> Result<(), Deaf> {
        self.commands.try_send(message).map_err(|_| Deaf)
    }

    /// The next message; `None` if the child has ended or sent something invalid. Cancel safe.
    pub(crate) async fn hear(&mut self) -> Option<FromChild> {
        self.messages.recv().await
    }

    /// Waits for a child that has ended or closed its pipe; kills it if it does not end.
    pub(crate) async fn reap(mut self) -> Ended {
        let status = match timeout(GONE, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => return self.kill().await,
        };
        self.ended(status).await
    }

    /// Kills the child.
    pub(crate) async fn kill(mut self) -> Ended {
        let status = self.child.kill().await;
        self.ended(status).await
    }

    /// Asks the child to leave, and kills it if it does not.
    pub(crate) async fn leave(mut self) -> Ended {
        if self.tell(ToChild::Leave).is_ok()
            && let Ok(status) = timeout(LEAVE, self.child.wait()).await
        {
            return self.ended(status).await;
        }
        self.kill().await
    }

    async fn ended(self, status: io::Result<ExitStatus>) -> Ended {
        // The pipe is closed when the process ends. If another process has inherited it, this must
        // not wait for that one.
        let words = timeout(GONE, self.last_words).await.ok().and_then(Result::ok);
        Ended { status, last_words: words.unwrap_or_default().join("; ") }
    }
}

/// The command that starts the child, without its pipes.
pub(crate) fn command(config: &LocalConfig) -> io::Result<Command> {
    let mut command = Command::new(program(config)?);
    command
        .args(&config.args)
        .env_clear()
        .envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, env::var_os(name)?))))
        // The engine's own backtrace would start a debugger if there is one.
        .env("GGML_NO_BACKTRACE", "1")
        .kill_on_drop(true);
    // Ctrl-C goes to all processes in the terminal's foreground group. In a group of its own,
    // the child does not get it, and the server decides how the running turn ends.
    #[cfg(unix)]
    {
        command.process_group(0);
        // This lists the child under the server's name and not as `/proc/self/exe`.
        command.arg0(env::args_os().next().unwrap_or_else(|| "companion".into()));
    }
    super::descriptors::keep_to_this_process()?;
    Ok(command)
}

/// The path of this program. On Linux this is the running image and not its path, so that a server
/// whose file was replaced by an update still starts a child of its own version.
fn program(config: &LocalConfig) -> io::Result<PathBuf> {
    match &config.program {
        Some(program) => Ok(program.clone()),
        None if cfg!(target_os = "linux") => Ok(PathBuf::from("/proc/self/exe")),
        None => env::current_exe(),
    }
}

async fn write_all(mut stdin: impl AsyncWrite + Unpin, mut messages: mpsc::Receiver<ToChild>) {
    while let Some(message) = messages.recv().await {
        if let Err(error) = write_async(&mut stdin, &message).await {
            tracing::debug!(%error, "the model's process no longer reads its input");
            return;
        }
    }
}

async fn read_all(mut stdout: impl AsyncRead + Unpin, heard: mpsc::Sender<FromChild>) {
    loop {
        match read_async(&mut stdout).await {
            Ok(Some(message)) => {
                if heard.send(message).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the model's process sent an invalid message"
                );
                return;
            }
        }
    }
}
