//! Starts the engine's process for a server that may not start programs itself.
//!
//! The server encloses itself after its start, and can execute nothing from then on. Before that it
//! starts this small process, which waits outside of the walls, and which starts the engine's process
//! whenever the server asks. It takes no path, argument or variable from the server: it starts its
//! own program with one fixed argument, so a server that was taken over gains nothing from it.
//!
//! The protocol: the server sends a byte over the socket that is this process's standard input, with
//! four descriptors: the child's input, output and error, and a socket for this child alone. There the
//! spawner writes two numbers of 32 bits: first the child's process id, or the negated error of the
//! system if it cannot be started, and the child's status, as of wait(2), when it has ended. When the
//! server closes its end of that socket, the child is killed. When the server is gone, all are.

mod serve;

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fmt};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::process::KEPT_VARIABLES;

pub use serve::run;

/// The number of descriptors of a request.
const DESCRIPTORS: usize = 4;

static OF_THIS_PROCESS: OnceLock<Spawner> = OnceLock::new();

/// The server's handle to the spawner, which ends when this process does.
pub struct Spawner {
    socket: UnixStream,
    pid: u32,
}

/// What the spawner needs to start a child.
pub(crate) struct Request {
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    /// The spawner's end of the socket for this child.
    pub(crate) socket: OwnedFd,
}

impl Spawner {
    /// The hidden subcommand that makes the server's program the spawner: it must call [`run`].
    pub const SUBCOMMAND: &str = "spawn";

    /// Starts the spawner, which starts all children from now on. Must be called before this process
    /// forbids itself to start programs. Fails if the program cannot be started.
    pub fn start() -> io::Result<()> {
        let (socket, its_end) = UnixStream::pair()?;
        super::descriptors::keep_to_this_process()?;
        let child = Command::new("/proc/self/exe")
            .arg0(env::args_os().next().unwrap_or_else(|| "companion".into()))
            .arg(Self::SUBCOMMAND)
            .env_clear()
            .envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, env::var_os(name)?))))
            .stdin(OwnedFd::from(its_end))
            .stdout(Stdio::null())
            // Ctrl-C goes to all processes in the terminal's foreground group, and this one has to
            // live until the server has ended its turns.
            .process_group(0)
            .spawn()?;
        // It is not waited for: it ends when this process is gone.
        let _ = OF_THIS_PROCESS.set(Self { socket, pid: child.id() });
        Ok(())
    }

    /// The spawner of this process, if it was started.
    pub(crate) fn of_this_process() -> Option<&'static Self> {
        OF_THIS_PROCESS.get()
    }

    /// Asks for a child. Fails if the spawner is gone.
    pub(crate) fn ask(&self, request: Request) -> io::Result<()> {
        let Request { stdin, stdout, stderr, socket } = &request;
        let descriptors = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd(), socket.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        // One byte has to be sent along. The socket has room: the spawner reads without a pause.
        sendmsg(&self.socket, &[IoSlice::new(b"s")], &mut control, SendFlags::NOSIGNAL).map_err(
            |error| {
                io::Error::new(
                    io::Error::from(error).kind(),
                    "the process that starts it is gone; restart the server",
                )
            },
        )?;
        Ok(())
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").field("pid", &self.pid).finish_non_exhaustive()
    }
}
