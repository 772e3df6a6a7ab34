//! HTTP/2 frames by hand, for what no client library sends.
//! Source: RFC 9113, section 4.1, and RFC 7541, appendix A.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::super::support::HANG;
use super::Secure;
use super::client::{H2, connect};

pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
/// END_STREAM and END_HEADERS.
pub(crate) const WHOLE: u8 = 0x5;
pub(crate) const END_STREAM: u8 = 0x1;

pub(crate) struct Frames(pub TlsStream<TcpStream>);

#[derive(Debug)]
pub(crate) struct Frame {
    pub kind: u8,
    pub payload: Vec<u8>,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The header block of `GET https://{host}/healthz`.
pub(crate) fn healthz(host: &str) -> Vec<u8> {
    let text = |index: u8, text: &str| {
        [&[index, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    };
    [vec![0x82, 0x87], text(0x44, "/healthz"), text(0x41, host)].concat()
}

impl Frames {
    /// A connection after the client's preface and settings.
    pub(crate) async fn connect(secure: &Secure) -> Self {
        let stream = connect(&secure.authority, secure.address(), &[H2]).await.unwrap();
        let mut frames = Self(stream);
        frames.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        frames.send(&frame(SETTINGS, 0, 0, &[])).await;
        frames
    }

    /// An error is ignored: the server may have closed the connection, which its frames show.
    pub(crate) async fn send(&mut self, frames: &[u8]) {
        let _ = self.0.write_all(frames).await;
        let _ = self.0.flush().await;
    }

    /// The next frame; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let read = async {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length =
                usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.ok()?;
            Some(Frame { kind: head[3], payload })
        };
        timeout(HANG, read).await.expect("no frame")
    }

    /// Reads up to a frame of this kind.
    pub(crate) async fn until(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.next().await.expect("the connection was closed");
            if frame.kind == kind {
                return frame;
            }
        }
    }
}
