//! The socket in the data folder, by which `companion account` reaches a running server.
//!
//! Two processes cannot change one database, and a running server must learn at once that a session
//! has ended. An account that may open the socket may also read the database beside it: the folder and the
//! socket belong to the account of the operating system that runs the server.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::debug;

use crate::connections::HEAD_TIMEOUT;

/// The most connections at a time; further ones wait.
const MOST: usize = 4;

/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 16;

/// The socket's path in a data folder.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("companion.sock")
}

/// The bound socket; its file is removed when this is dropped.
pub struct OwnSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// A socket that is not bound yet. It is made before the server encloses itself, because afterwards no
/// socket of this kind can be made: by one, other programs' sockets can be reached.
pub fn unbound() -> io::Result<UnixSocket> {
    UnixSocket::new_stream()
}

impl OwnSocket {
    /// Binds the socket. The caller holds the lock of the data folder, so a socket that is there was
    /// left behind by a process that was killed. Errors for example if the path is longer than
    /// sockets allow (107 bytes on Linux).
    pub fn bind(socket: UnixSocket, data_dir: &Path) -> io::Result<Self> {
        let path = path(data_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        socket.bind(&path)?;
        let listener = socket.listen(BACKLOG)?;
        // The umask leaves the right to execute, which means nothing for a socket.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Serves until `stop`.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(_) = tasks.join_next() => {}
                accepted = self.listener.accept(), if tasks.len() < MOST => match accepted {
                    Ok((stream, _)) => drop(tasks.spawn(answer(stream, router.clone()))),
                    Err(error) => {
                        debug!(%error, "a connection on the own socket could not be accepted");
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(stream: UnixStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        debug!(%error, "a connection on the own socket ended with an error");
    }
}
