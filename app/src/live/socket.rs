//! Helpers of all live connections: opening a socket, and waiting before a reconnect.

use futures::Sink;
use futures::future::{AbortHandle, Abortable, Either, select};
use gloo_net::websocket::State;
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

use super::backoff;

use crate::base_path::at;

/// How long a connection without messages must last to count as useful, in milliseconds.
pub const STAYED_MS: f64 = 5_000.0;

/// How long a connection that was opened after a loss has to stay open before it is shown as live,
/// in milliseconds, if no message arrives on it. A proxy that does not reach the server closes it
/// sooner.
pub const PROVEN_MS: u32 = 1_000;

/// The prefix of the paths of the client-only console's WebSockets. Trunk's proxy forwards either
/// WebSockets or plain requests below one path, so the WebSockets need a path of their own; the
/// proxy removes the prefix again (`Trunk.toml`, `docs/client-only.nginx.conf`).
const PREFIX: &str = if cfg!(feature = "csr") { "/ws" } else { "" };

/// How long a socket may take to open, in milliseconds. Some proxies never answer the handshake.
const OPEN_MS: u32 = 10_000;

/// Opens a socket to a path of this site, and waits until it is open.
pub async fn open(path: &str) -> Option<WebSocket> {
    let location = window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss://" } else { "ws://" };
    let host = location.host().unwrap_or_default();
    let mut socket = WebSocket::open(&[scheme, &host, PREFIX, &at(path)].concat()).ok()?;
    let opening = std::future::poll_fn(|cx| std::pin::Pin::new(&mut socket).poll_ready(cx));
    let opened = within(OPEN_MS, opening).await.is_some_and(|opened| opened.is_ok());
    (opened && matches!(socket.state(), State::Open)).then_some(socket)
}

/// Waits for a future, with a timeout in milliseconds.
pub async fn within<T>(ms: u32, work: impl Future<Output = T>) -> Option<T> {
    match select(Box::pin(work), TimeoutFuture::new(ms)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// A pause between two attempts, which another task can end early.
#[derive(Clone, Default)]
pub struct Pause(ArcStoredValue<Option<AbortHandle>>);

impl Pause {
    /// Ends the pause, if there is one.
    pub fn end(&self) {
        self.0.with_value(|pause| pause.iter().for_each(AbortHandle::abort));
    }

    /// Waits before an attempt. Returns whether the pause ran its full length.
    pub async fn before(&self, attempt: u32) -> bool {
        let pause_ms = backoff::delay_ms(attempt, js_sys::Math::random());
        self.until(TimeoutFuture::new(pause_ms)).await
    }

    /// Waits until [`Self::end`] is called.
    pub async fn for_long(&self) {
        self.until(std::future::pending::<()>()).await;
    }

    pub async fn until(&self, over: impl Future<Output = ()>) -> bool {
        let (end, ended) = AbortHandle::new_pair();
        self.0.set_value(Some(end));
        Abortable::new(over, ended).await.is_ok()
    }
}
