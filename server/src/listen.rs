//! Binds the server's address.

use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::BasePath;

/// Why the address cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another socket listens there.
    #[error(
        "{0} is in use, perhaps by a Companion that is running already; stop it, or choose \
         another address with --listen (port 0 takes a free one)"
    )]
    InUse(SocketAddr),
    /// The system reserves the port for privileged accounts.
    #[error("{0} needs more rights than this account has; choose a port above 1023")]
    Denied(SocketAddr),
    /// For example the address belongs to no interface of this machine.
    #[error("{0} cannot be listened on")]
    Other(SocketAddr, #[source] io::Error),
}

/// Binds `address`; with port 0 the system chooses one.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        io::ErrorKind::PermissionDenied => ListenError::Denied(address),
        _ => ListenError::Other(address, error),
    })
}

/// How clients have to speak to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Without encryption.
    Http,
    /// With TLS.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// Prints the server's address as the only line on standard output. A closed standard output is not
/// an error.
pub fn announce(scheme: Scheme, address: SocketAddr, base: &BasePath) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "listening on {scheme}://{address}{base}").and_then(|()| out.flush());
}
