//! Reads frames from a WebSocket.

use anyhow::Result;
use futures::StreamExt as _;
use protocol::{Frame, WorkerId};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::Client;

/// A socket that reads frames.
pub struct WebSocket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The code and the reason of the server's close frame, once it has arrived.
    pub closed: Option<(u16, String)>,
}

impl WebSocket {
    /// Connects from `cursor`, which is put into the URL unchanged.
    pub async fn open(client: &Client, worker: WorkerId, cursor: Option<&str>) -> Result<Self> {
        let query = cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
        let path = Client::path(worker);
        let url = format!("ws://{}{path}/events{query}", client.address);
        let (socket, _) = connect_async(url).await?;
        Ok(Self { socket, closed: None })
    }

    /// The next frame; `None` if the socket was closed in order.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        while let Some(message) = self.socket.next().await {
            match message? {
                Message::Text(text) => return Ok(Some(serde_json::from_str(&text)?)),
                Message::Close(frame) => {
                    self.closed = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    return Ok(None);
                }
                _ => {}
            }
        }
        Ok(None)
    }
}
