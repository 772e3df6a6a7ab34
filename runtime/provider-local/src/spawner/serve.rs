//! The spawner's own process.

use std::io::{self, IoSliceMut, IsTerminal as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitCode, Stdio};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::{DESCRIPTORS, Request};
use crate::config::LocalConfig;
use crate::process::command;

/// Starts children until the server is gone. Must be called instead of anything else if the program's
/// first argument is [`super::Spawner::SUBCOMMAND`].
pub fn run() -> ExitCode {
    if io::stdin().is_terminal() {
        eprintln!("Companion starts this subcommand itself; there is nothing to do here.");
        return ExitCode::from(2);
    }
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(serve()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("companion: the process that starts the model's process failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> io::Result<()> {
    // A service manager sends its signal to all processes of a service. The server then ends its
    // turns, for which the children must live, and this process with them. A handler stays for good
    // once it was registered, and unlike an ignored signal it is not inherited by the children.
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        let _handled = signal(kind)?;
    }
    let socket = std::os::unix::net::UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let socket = UnixStream::from_std(socket)?;
    let mut children = JoinSet::new();
    loop {
        tokio::select! {
            request = receive(&socket) => match request? {
                Some(request) => drop(children.spawn(tend(request))),
                // Dropping the tasks kills the children.
                None => return Ok(()),
            },
            Some(_) = children.join_next() => {}
        }
    }
}

/// The next request; `None` if the server is gone. Cancel safe.
async fn receive(socket: &UnixStream) -> io::Result<Option<Request>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = socket
        .async_io(Interest::READABLE, || {
            let bytes = &mut [IoSliceMut::new(&mut byte)];
            Ok(recvmsg(socket, bytes, &mut control, RecvFlags::CMSG_CLOEXEC)?)
        })
        .await;
    match received {
        Ok(received) if received.bytes == 0 => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        received => received?,
    };
    let descriptors: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    let request = <[OwnedFd; DESCRIPTORS]>::try_from(descriptors);
    let [stdin, stdout, stderr, socket] =
        request.map_err(|_| io::Error::other("a request has not the right descriptors"))?;
    Ok(Some(Request { stdin, stdout, stderr, socket }))
}

/// Starts a child, waits for its end, and kills it when the server closes its socket. An error of the
/// socket means that the server does not care any more.
async fn tend(request: Request) -> io::Result<()> {
    let socket = std::os::unix::net::UnixStream::from(request.socket);
    socket.set_nonblocking(true)?;
    let mut socket = UnixStream::from_std(socket)?;
    // Only the arguments of this configuration are used, which are always the same.
    let spawned = command(&LocalConfig::new("")).and_then(|mut command| {
        command
            .stdin(Stdio::from(request.stdin))
            .stdout(Stdio::from(request.stdout))
            .stderr(Stdio::from(request.stderr))
            .spawn()
    });
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error());
            return socket.write_all(&(-number).to_ne_bytes()).await;
        }
    };
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
    socket.write_all(&pid.to_ne_bytes()).await?;
    let mut nothing = [0];
    let status = tokio::select! {
        status = child.wait() => status?,
        // The server writes nothing, so this returns when it closes the socket.
        _ = socket.read(&mut nothing) => {
            child.start_kill()?;
            child.wait().await?
        }
    };
    socket.write_all(&status.into_raw().to_ne_bytes()).await
}
