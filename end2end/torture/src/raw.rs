//! Plain sockets, for things that no library does: not reading, and breaking the framing.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use protocol::WorkerId;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::observer::Transport;

/// The receive buffer of a stopped reader's socket.
const RECEIVE_BYTES: usize = 4096;

/// A connection that has requested events.
pub struct Raw {
    /// The socket, for attacks that read slowly or not at all.
    pub stream: TcpStream,
}

/// How a connection ended, as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A close frame with its code and reason.
    Closed(u16, String),
    /// The connection ended without a close frame.
    Cut,
    /// The connection was still open when the time was over.
    Open,
}

impl Raw {
    /// Connects and requests the events of `worker`, without reading the response. `header` holds
    /// further header lines, which are sent unchanged.
    pub async fn open(
        address: SocketAddr,
        worker: WorkerId,
        transport: Transport,
        query: &str,
        header: &[u8],
    ) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        socket.connect(&address.into())?;
        socket.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(socket.into())?;
        let how = match transport {
            Transport::WebSocket => {
                "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            }
            Transport::Sse => "accept: text/event-stream\r\n",
        };
        let path = Client::path(worker);
        let head = format!("GET {path}/events{query} HTTP/1.1\r\nhost: {address}\r\n{how}");
        stream.write_all(&[head.as_bytes(), header, b"\r\n"].concat()).await?;
        Ok(Self { stream })
    }

    /// Reads the head of the response; returns its status.
    pub async fn status(&mut self) -> Result<u16> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.context("no head of a response came")?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).context("no status of a response came")?;
        Ok(status.parse()?)
    }

    /// Sends bytes; a closed connection is not an error.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Reads the frames of a WebSocket until it ends, for at most `time`.
    pub async fn end(&mut self, time: Duration) -> Result<End> {
        let frames = async {
            loop {
                let Ok((opcode, payload)) = self.frame().await else { return Ok(End::Cut) };
                if opcode != 8 {
                    continue;
                }
                let Some((code, reason)) = payload.split_at_checked(2) else {
                    bail!("a close without a code");
                };
                let code = u16::from_be_bytes([code[0], code[1]]);
                return Ok(End::Closed(code, String::from_utf8(reason.to_vec())?));
            }
        };
        tokio::time::timeout(time, frames).await.unwrap_or(Ok(End::Open))
    }

    /// The opcode and the payload of the server's next frame.
    async fn frame(&mut self) -> Result<(u8, Vec<u8>)> {
        let stream = &mut self.stream;
        let opcode = stream.read_u8().await? & 0x0f;
        let length = match stream.read_u8().await? & 0x7f {
            126 => u64::from(stream.read_u16().await?),
            127 => stream.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length)?];
        stream.read_exact(&mut payload).await?;
        Ok((opcode, payload))
    }
}

/// A client's frame: `first` holds FIN, the reserved bits and the opcode. It is masked with zeros,
/// which leaves the payload unchanged.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length.to_be_bytes()[1]),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}
