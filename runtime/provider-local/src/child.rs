//! The engine's process as a child: of this process, or of the [`spawner`](super::spawner) where
//! this process may not start programs.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::time::timeout;

use super::spawner::{Request, Spawner};

/// How long the spawner may take to start a child. It needs some milliseconds.
const START: Duration = Duration::from_secs(10);

type Input = Box<dyn AsyncWrite + Send + Unpin>;
type Output = Box<dyn AsyncRead + Send + Unpin>;

/// A child that was just started, with this process's ends of its pipes.
pub(crate) struct Started {
    pub(crate) child: Child,
    pub(crate) stdin: Input,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

/// A running child. Dropping it kills it.
pub(crate) enum Child {
    /// A child of this process.
    Own { child: tokio::process::Child, pid: u32 },
    /// A child of the spawner, which kills it when this socket is closed, and writes its status when
    /// it has ended.
    Spawned { socket: UnixStream, pid: u32 },
}

/// Starts a child of this process. Its command must kill it when it is dropped.
pub(crate) fn of(mut command: Command) -> io::Result<Started> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let missing = || io::Error::other("a pipe of the child is missing");
    let stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let pid = child.id().ok_or_else(missing)?;
    Ok(Started {
        child: Child::Own { child, pid },
        stdin: Box::new(stdin),
        stdout: Box::new(stdout),
        stderr: Box::new(stderr),
    })
}

/// Lets the spawner start a child. Fails if the spawner is gone, or cannot start it.
pub(crate) async fn by(spawner: &Spawner) -> io::Result<Started> {
    let (child_stdin, stdin) = io::pipe()?;
    let (stdout, child_stdout) = io::pipe()?;
    let (stderr, child_stderr) = io::pipe()?;
    let (mut socket, its_end) = UnixStream::pair()?;
    spawner.ask(Request {
        stdin: child_stdin.into(),
        stdout: child_stdout.into(),
        stderr: child_stderr.into(),
        socket: its_end.into_std()?.into(),
    })?;
    let answer = timeout(START, read_number(&mut socket)).await;
    let pid = match answer.map_err(|_| io::ErrorKind::TimedOut)?? {
        // The system's error number, negated.
        error if error < 0 => return Err(io::Error::from_raw_os_error(-error)),
        pid => pid.unsigned_abs(),
    };
    Ok(Started {
        child: Child::Spawned { socket, pid },
        stdin: Box::new(pipe::Sender::from_owned_fd(stdin.into())?),
        stdout: Box::new(pipe::Receiver::from_owned_fd(stdout.into())?),
        stderr: Box::new(pipe::Receiver::from_owned_fd(stderr.into())?),
    })
}

impl Child {
    pub(crate) fn pid(&self) -> u32 {
        match self {
            Self::Own { pid, .. } | Self::Spawned { pid, .. } => *pid,
        }
    }

    /// Waits for the child's end. May be called once more if it was cancelled. For a child of the
    /// spawner it fails if the spawner is gone; the child then ends because its input is closed.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Self::Own { child, .. } => child.wait().await,
            Self::Spawned { socket, .. } => {
                // The number is written at once, so a cancelled call has read all of it or nothing.
                read_number(socket).await.map(ExitStatus::from_raw)
            }
        }
    }

    /// Kills the child and waits for its end.
    pub(crate) async fn kill(&mut self) -> io::Result<ExitStatus> {
        match self {
            Self::Own { child, .. } => child.start_kill()?,
            Self::Spawned { socket, .. } => {
                // This closes only our direction, so the status still arrives. It fails only if the
                // child has ended already.
                let _ = tokio::io::AsyncWriteExt::shutdown(socket).await;
            }
        }
        self.wait().await
    }
}

/// Reads one of the numbers of [`super::spawner`].
async fn read_number(socket: &mut UnixStream) -> io::Result<i32> {
    let mut bytes = [0; 4];
    socket.read_exact(&mut bytes).await?;
    Ok(i32::from_ne_bytes(bytes))
}
