//! The beginning of a connection to a TLS port.

use std::io;
use std::time::Duration;

use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::unstalled::Unstalled;
use crate::tls::Tls;

/// How long a handshake may take, from the opening of the connection.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The first byte of each TLS connection: a record of type "handshake".
/// Source: RFC 8446, section 5.1.
const HANDSHAKE_RECORD: u8 = 0x16;

/// A connection whose beginning has arrived.
pub(super) enum Greeted {
    Tls(Box<TlsStream<Unstalled>>),
    /// It does not begin as TLS does, so perhaps it is HTTP.
    Plain(Unstalled),
}

/// Why there is no TLS connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("the client left before it had said anything")]
    Left,
    #[error("the handshake took longer than {} s", HANDSHAKE_TIMEOUT.as_secs())]
    Late,
    #[error("the handshake failed: {0}")]
    Failed(io::Error),
}

/// Does the handshake, if the client speaks TLS.
pub(super) async fn greet(stream: Unstalled, tls: &Tls) -> Result<Greeted, HandshakeError> {
    let greeted = async {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Err(error) => return Err(HandshakeError::Failed(error)),
            Ok(0) => return Err(HandshakeError::Left),
            Ok(_) if first != [HANDSHAKE_RECORD] => return Ok(Greeted::Plain(stream)),
            Ok(_) => {}
        }
        let shaken = tls.acceptor().accept(stream).await;
        shaken.map(|stream| Greeted::Tls(Box::new(stream))).map_err(HandshakeError::Failed)
    };
    timeout(HANDSHAKE_TIMEOUT, greeted).await.map_err(|_| HandshakeError::Late)?
}
