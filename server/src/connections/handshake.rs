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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;
    use tokio::time::Instant;

    use super::super::activity::Activity;
    use super::*;
    use crate::tls::TlsFiles;

    fn tls() -> Tls {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        Tls::open(TlsFiles { cert, key }).unwrap()
    }

    /// A client that begins with these bytes and then stays silent.
    async fn greeted(begin: &[u8]) -> (Result<Greeted, HandshakeError>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(begin).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let activity = Arc::new(Activity::handshake(Arc::new(Notify::new())));
        let stream = Unstalled::new(stream, HANDSHAKE_TIMEOUT * 10, activity);
        (greet(stream, &tls()).await, client)
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_has_a_time_limit_from_its_first_moment() {
        // Nothing, and the beginning of a record of 512 bytes.
        for begin in [&[][..], &[HANDSHAKE_RECORD, 3, 1, 2, 0, 1]] {
            let since = Instant::now();
            let (late, _client) = greeted(begin).await;
            assert!(matches!(late, Err(HandshakeError::Late)), "{begin:?}");
            assert!(since.elapsed() >= HANDSHAKE_TIMEOUT && since.elapsed().as_secs() < 20);
        }
        let (plain, _client) = greeted(b"GET / HTTP/1.1").await;
        assert!(matches!(plain, Ok(Greeted::Plain(_))));
    }
}
