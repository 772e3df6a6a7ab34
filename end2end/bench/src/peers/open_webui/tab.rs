//! A browser's tab of Open WebUI: the page asks over HTTP and follows over Socket.IO, and the
//! server stores the question before the answer and the answer when it has ended.
//!
//! The fields are those that the page of version 0.12.4 sends, without the requests to the model
//! for a title, tags and further questions.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use upstream::stamp;

use crate::api::question;
use crate::counted::{Count, Counted};
use crate::peers::program::Calls;
use crate::seen::Seen;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(60);

// The types of Engine.IO's packets, followed by those of Socket.IO's.
const OPEN: &str = "0";
const PING: &str = "2";
const PONG: &str = "3";
const CONNECTED: &str = "40";
const EVENT: &str = "42";

/// A tab whose socket is connected.
pub struct Tab {
    calls: Calls,
    socket: WebSocketStream<Counted>,
    count: Count,
    /// The request of the page.
    body: Value,
    seen: Seen,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    data: Option<Part<'a>>,
}

/// The fields that are used of any event.
#[derive(Deserialize)]
struct Part<'a> {
    r#type: Option<&'a str>,
    #[serde(borrow)]
    delta: Option<Cow<'a, str>>,
    done: Option<bool>,
    error: Option<Value>,
}

impl Tab {
    /// Connects as the page does when it is opened.
    pub async fn open(calls: Calls, model: &Value, n: u64) -> Result<Self> {
        let (socket, count, session) =
            timeout(CONNECT, connect(&calls)).await.context("Open WebUI does not connect")??;
        // Two of the ids of a message that the page makes up.
        let [asked, answered] = [1, 2].map(|kind| format!("00000000-0000-4000-8000-{kind}{n:011}"));
        let message = json!({
            "id": asked, "parentId": null, "childrenIds": [answered], "role": "user",
            "content": question(n), "timestamp": 1_700_000_000, "models": [model["id"]],
        });
        let body = json!({
            "stream": true, "model": model["id"], "model_item": model, "params": {},
            "features": {}, "variables": {}, "session_id": session, "id": answered,
            "messages": [{ "role": "user", "content": question(n) }],
            "parent_id": null, "user_message": message, "background_tasks": {},
        });
        Ok(Self { calls, socket, count, body, seen: Seen::default() })
    }

    /// Sends the message and follows the answer.
    pub async fn answer(mut self, limit: Duration) -> Seen {
        self.count.reset();
        let read = timeout(limit, self.read()).await;
        self.seen.end(read, &self.count)
    }

    async fn read(&mut self) -> Result<()> {
        let asking = self.calls.post("/api/chat/completions", &self.body);
        let following = async {
            while self.seen.received.ended.is_none() {
                let packet = next(&mut self.socket).await?;
                take(&mut self.seen, &packet)?;
            }
            Ok(())
        };
        tokio::try_join!(asking, following)?;
        Ok(())
    }
}

/// Connects a socket. Returns it with the id of its session.
async fn connect(calls: &Calls) -> Result<(WebSocketStream<Counted>, Count, String)> {
    let token = calls.authorization.trim_start_matches("Bearer ");
    let (counted, count) = Counted::connect(calls.address).await?;
    let url = format!("ws://{}/ws/socket.io/?EIO=4&transport=websocket", calls.address);
    let config = WebSocketConfig::default().read_buffer_size(8 << 10);
    let (mut socket, _) = client_async_with_config(url, counted, Some(config)).await?;
    let first = next(&mut socket).await?;
    first.strip_prefix(OPEN).context("an odd first packet")?;
    let auth = json!({ "token": token });
    socket.send(Message::text(format!("{CONNECTED}{auth}"))).await?;
    let session = loop {
        let packet = next(&mut socket).await?;
        if let Some(session) = packet.strip_prefix(CONNECTED) {
            let session: Value = serde_json::from_str(session)?;
            break session["sid"].as_str().context("no session")?.to_owned();
        }
    };
    let join = json!(["user-join", { "auth": auth }]);
    socket.send(Message::text(format!("{EVENT}{join}"))).await?;
    Ok((socket, count, session))
}

/// The next packet that is not a ping.
async fn next(socket: &mut WebSocketStream<Counted>) -> Result<String> {
    loop {
        match socket.next().await.context("the stream broke off")?? {
            Message::Text(text) if text.as_str() == PING => {
                socket.send(Message::text(PONG)).await?;
            }
            Message::Text(text) => return Ok(text.as_str().to_owned()),
            Message::Close(reason) => bail!("the stream was closed: {reason:?}"),
            _ => {}
        }
    }
}

/// Takes one packet of the stream.
fn take(seen: &mut Seen, packet: &str) -> Result<()> {
    let now = stamp::now_us();
    let Some(event) = packet.strip_prefix(EVENT) else { return Ok(()) };
    // Other events have other parts, for example those about the list of conversations.
    let Ok((_, Envelope { data: Some(data) })) = serde_json::from_str::<(&str, Envelope)>(event)
    else {
        return Ok(());
    };
    let Some(part) = data.data else { return Ok(()) };
    if data.r#type == "chat:message:error" {
        bail!("Open WebUI: {:?}", part.error);
    }
    if part.r#type == Some("response.output_text.delta") {
        let before = seen.received.text.len();
        seen.received.append(&part.delta.unwrap_or_default());
        seen.time(before, now)?;
    }
    if data.r#type == "chat:completion" && part.done == Some(true) {
        seen.received.ended = Some(true);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_and_the_end_of_an_answer_are_found() {
        let mut seen = Seen::default();
        let token = "0000000000000001 word ";
        for packet in [
            r#"42["chat-list",{"chats":[1]}]"#,
            r#"42["events",{"chat_id":"c","message_id":"m","data":{"type":"chat:active","data":{"active":true}}}]"#,
            &format!(
                r#"42["events",{{"data":{{"type":"response:completion","data":{{"type":"response.output_text.delta","delta":"{token}"}}}}}}]"#
            ),
        ] {
            take(&mut seen, packet).unwrap();
            assert_eq!(seen.received.ended, None);
        }
        assert_eq!((seen.received.text.as_slice(), seen.lags_us.len()), (token.as_bytes(), 1));
        let end =
            r#"42["events",{"data":{"type":"chat:completion","data":{"done":true,"output":[]}}}]"#;
        take(&mut seen, end).unwrap();
        assert_eq!(seen.received.ended, Some(true));
        let error = r#"42["events",{"data":{"type":"chat:message:error","data":{"error":{"content":"no"}}}}]"#;
        assert!(take(&mut seen, error).is_err());
    }
}
