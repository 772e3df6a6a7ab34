//! Events over a WebSocket.

use futures::{SinkExt as _, StreamExt as _};
use protocol::{Frame, View};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Raw;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use server::events::{CLIENT_PINGS, UNANSWERED_PINGS};

use super::support::{HANG, Server, start};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(server: &Server, query: &str) -> Socket {
    let path = format!("{}/events?full=true{query}", server.worker().await);
    connect_async(format!("ws://{}{path}", server.address)).await.unwrap().0
}

/// The next frame from the server; `None` when the socket is closed.
async fn next(socket: &mut Socket) -> Option<Frame> {
    loop {
        match timeout(HANG, socket.next()).await.unwrap()?.unwrap() {
            Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

async fn snapshot(socket: &mut Socket) -> View {
    match next(socket).await {
        Some(Frame::Snapshot { snapshot, .. }) => View::from_snapshot(*snapshot),
        other => panic!("{other:?}"),
    }
}

/// The code and reason of the server's close.
async fn closed(socket: &mut Socket) -> (u16, String) {
    loop {
        match timeout(HANG, socket.next()).await.unwrap() {
            Some(Ok(Message::Close(Some(frame)))) => {
                return (frame.code.into(), frame.reason.to_string());
            }
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn two_observers_get_the_same_events() {
    let server = start("").await;
    server.says("The same for both.");
    let (mut one, mut two) = (open(&server, "").await, open(&server, "").await);
    let mut views = [snapshot(&mut one).await, snapshot(&mut two).await];
    server.send(&server.worker().await, "Hello!").await;
    for (socket, view) in [&mut one, &mut two].into_iter().zip(&mut views) {
        while view.turns.last().is_none_or(|turn| !turn.state.is_final()) {
            let Some(Frame::Event(envelope)) = next(socket).await else { panic!() };
            view.apply(&envelope.event);
        }
    }
    assert_eq!(views[0], views[1]);
    assert_eq!(views[0].messages.last().unwrap().text, "The same for both.");
}

#[tokio::test]
async fn a_cursor_resumes_at_its_position() {
    let server = start("").await;
    let mut socket = open(&server, "").await;
    let Some(Frame::Snapshot { snapshot, .. }) = next(&mut socket).await else { panic!() };
    let mut socket = open(&server, &format!("&cursor={}", snapshot.transcript.cursor)).await;
    server.says("Hi.");
    server.send(&server.worker().await, "Hello!").await;
    let Some(Frame::Event(envelope)) = next(&mut socket).await else { panic!() };
    assert_eq!(envelope.event.first_seq(), snapshot.seq + 1);
}

#[tokio::test]
async fn the_websocket_takes_no_commands() {
    let server = start("").await;
    let large = "x".repeat(5000);
    for message in [
        Message::text("{}"),
        Message::binary(vec![1]),
        Message::text(large),
        Message::Frame(Raw::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true)),
    ] {
        let mut socket = open(&server, "").await;
        snapshot(&mut socket).await;
        socket.send(message.clone()).await.unwrap();
        assert_eq!(closed(&mut socket).await, (1008, "invalid_input".to_owned()), "{message:?}");
    }
    // The text from the client had no effect.
    let mut socket = open(&server, "").await;
    assert!(snapshot(&mut socket).await.messages.is_empty());
}

#[tokio::test]
async fn a_flood_of_pings_closes_the_connection() {
    let server = start("").await;
    let mut socket = open(&server, "").await;
    snapshot(&mut socket).await;
    // As many pings as are allowed; an answer shows that the server has handled them.
    for _ in 0..CLIENT_PINGS {
        socket.feed(Message::Ping("x".into())).await.unwrap();
    }
    socket.flush().await.unwrap();
    assert!(matches!(timeout(HANG, socket.next()).await.unwrap(), Some(Ok(Message::Pong(_)))));
    socket.send(Message::Ping("x".into())).await.unwrap();
    assert_eq!(closed(&mut socket).await, (1008, "invalid_input".to_owned()));
}

#[tokio::test]
async fn a_close_frame_states_the_reason() {
    let server = start("").await;
    let mut socket = open(&server, "").await;
    snapshot(&mut socket).await;
    let id = server.worker_id().await;
    server.home().delete(id).await.unwrap();
    let Some(Frame::Close { .. }) = next(&mut socket).await else { panic!() };
    assert_eq!(closed(&mut socket).await, (4404, "deleted".to_owned()));

    let mut socket = open(&server, "").await;
    snapshot(&mut socket).await;
    server.home().shutdown().await;
    let Some(Frame::Close { .. }) = next(&mut socket).await else { panic!() };
    assert_eq!(closed(&mut socket).await, (1001, "shutdown".to_owned()));
}

/// Both sockets are read all the time, on the server's only thread: after each ping, the lively
/// client answers before the next one is due. The other client reads the raw bytes and never
/// answers.
#[tokio::test]
async fn an_observer_that_does_not_answer_pings_is_disconnected() {
    let server = start("observer_ping_ms = 100").await;
    let mut lively = open(&server, "").await;
    let lively = tokio::spawn(async move {
        snapshot(&mut lively).await;
        let mut pings = 0;
        loop {
            match lively.next().await.unwrap().unwrap() {
                Message::Ping(_) => pings += 1,
                Message::Text(_) => return pings,
                other => panic!("{other:?}"),
            }
        }
    });
    let mut dead = open(&server, "").await;
    snapshot(&mut dead).await;
    // The connection may end with a close or a reset.
    let mut rest = Vec::new();
    let dropped = dead.get_mut().read_to_end(&mut rest);
    let _ = timeout(HANG, dropped).await.expect("it is dropped");
    server.says("Still here.");
    server.send(&server.worker().await, "Hello!").await;
    let pings = timeout(HANG, lively).await.unwrap().unwrap();
    assert!(pings >= UNANSWERED_PINGS, "{pings}");
}

#[tokio::test]
async fn a_handshake_from_another_site_is_refused() {
    let server = start("").await;
    let url = format!("ws://{}{}/events", server.address, server.worker().await);
    for (origin, status) in [("https://evil.example", 403), ("null", 403)] {
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let Err(Error::Http(answer)) = connect_async(request).await else { panic!("{origin}") };
        assert_eq!(answer.status(), status, "{origin}");
    }
    let own = format!("http://{}", server.address);
    let mut request = url.as_str().into_client_request().unwrap();
    request.headers_mut().insert("origin", own.parse().unwrap());
    assert!(connect_async(request).await.is_ok());
}

#[tokio::test]
async fn an_unknown_worker_is_refused_before_the_upgrade() {
    let server = start("").await;
    let path = format!("{}/019aabcd-0123-7abc-8def-0123456789ab/events", server.workers());
    let url = format!("ws://{}{path}", server.address);
    let Err(Error::Http(answer)) = connect_async(url).await else { panic!() };
    assert_eq!(answer.status(), 404);
}
