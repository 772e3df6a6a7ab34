//! One connection, driven by the task that awaits its response.
//!
//! Neither a pool nor a task of its own drives the connection: it is polled inside [`drive`], so
//! that dropping the connection closes the socket at once. So `Halted` can mean that the connection
//! is gone (invariant 6). hyper-util's pooled client, and reqwest, which is built on it, drive each
//! connection in a task that ends some time after its response was dropped. Only a guard within the
//! pool's stream could tell when, and reqwest has no place for one. So this module keeps idle
//! connections in its own [`idle`], and uses parts of hyper-util for the rest: its connector in
//! [`dial`], and its proxy matcher in `endpoint/route`.

use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use protocol::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::fault;

mod dial;
pub(crate) mod idle;
mod tunnel;

/// A stream of bytes in both directions, whatever its layers.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Body = Full<Bytes>;
type Driver = Pin<Box<Connection<TokioIo<Listening>, Body>>>;

/// Everything that is needed to make a request, and to make it again.
#[derive(Clone)]
pub(crate) struct Call {
    /// For example `/chat/completions`.
    pub(crate) path: &'static str,
    /// The body of a POST; `None` for a GET.
    pub(crate) body: Option<Bytes>,
}

pub(crate) struct HttpConnection {
    sender: SendRequest<Body>,
    connection: Driver,
    /// The connection has ended and must not be polled again.
    ended: bool,
    heard: Heard,
    /// Whether the last response was read to its end.
    is_complete: bool,
}

impl HttpConnection {
    /// Connects by the endpoint's route and does the HTTP handshake, all within `limit`.
    pub(crate) async fn open(endpoint: &Endpoint, limit: Duration) -> Result<Self, Error> {
        let heard = Heard::default();
        let io = Listening { io: dial::dial(endpoint, limit).await?, heard: heard.clone() };
        let (sender, connection) =
            http1::handshake(TokioIo::new(io)).await.map_err(|_| fault::unreachable())?;
        let connection = Box::pin(connection);
        Ok(Self { sender, connection, ended: false, heard, is_complete: false })
    }

    /// Sends a request and waits for the head of the response.
    pub(crate) async fn send(
        &mut self,
        endpoint: &Endpoint,
        call: Call,
    ) -> Result<Response<Incoming>, Error> {
        self.heard.forget();
        self.is_complete = false;
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(endpoint.target(call.path))
            .header(HOST, &endpoint.authority)
            .header(USER_AGENT, concat!("companion/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "text/event-stream, application/json")
            // Without this header, some servers compress the response
            // (https://github.com/Wei-Shaw/claude-relay-service/issues/1039).
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, "application/json");
        if let Some(login) = endpoint.forwarder().and_then(|proxy| proxy.authorization.as_ref()) {
            request = request.header(PROXY_AUTHORIZATION, login);
        }
        for (name, value) in &endpoint.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::from(call.body.unwrap_or_default()))
            .map_err(|_| fault::not_sent())?;
        let response = self.sender.send_request(request);
        let response = drive(&mut self.connection, &mut self.ended, response).await;
        response.map_err(|error| self.broken(&error))
    }

    /// The next bytes of a response's body; `None` at its end.
    pub(crate) async fn next(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = drive(&mut self.connection, &mut self.ended, body.frame()).await;
            let frame = frame.transpose().map_err(|error| self.broken(&error))?;
            match frame.map(hyper::body::Frame::into_data) {
                None => {
                    self.is_complete = true;
                    return Ok(None);
                }
                Some(Ok(bytes)) if !bytes.is_empty() => return Ok(Some(bytes)),
                // Skip trailers and empty frames.
                Some(_) => {}
            }
        }
    }

    /// Like [`Self::next`], for bytes that have arrived already; `None` if there are none now.
    pub(crate) async fn arrived(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Option<Bytes>, Error>> {
        let mut next = pin!(self.next(body));
        poll_fn(|context| match next.as_mut().poll(context) {
            Poll::Ready(read) => Poll::Ready(Some(read)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// The first bytes of a body, as many as arrive within `limit` and without an error.
    pub(crate) async fn read(
        &mut self,
        body: &mut Incoming,
        max_bytes: usize,
        limit: Duration,
    ) -> Vec<u8> {
        let mut read = Vec::new();
        let _ = timeout(limit, async {
            while let Ok(Some(bytes)) = self.next(body).await
                && read.len() < max_bytes
            {
                read.extend_from_slice(&bytes[..bytes.len().min(max_bytes - read.len())]);
            }
        })
        .await;
        read
    }

    /// Whether any byte arrived since the last request was sent.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard.first().is_some()
    }

    /// Whether a further request can be sent: the last response was read to its end, and the other
    /// side has not closed the connection. Polls the connection once and does not wait.
    pub(crate) async fn is_idle(&mut self) -> bool {
        if !self.is_complete || self.ended {
            return false;
        }
        poll_fn(|context| {
            self.ended = self.connection.as_mut().poll(context).is_ready();
            let ready = self.sender.poll_ready(context);
            Poll::Ready(!self.ended && matches!(ready, Poll::Ready(Ok(()))))
        })
        .await
    }

    fn broken(&self, error: &hyper::Error) -> Error {
        // The first byte of a TLS alert, which an https port answers.
        const ALERT: u8 = 0x15;
        match error.is_parse() {
            true if self.heard.first() == Some(ALERT) => fault::network::wants_tls(),
            true => fault::not_http(),
            false => fault::broken(),
        }
    }
}

/// Awaits a future that makes progress only while the connection is polled.
async fn drive<C: Future, F: Future>(
    connection: &mut Pin<Box<C>>,
    ended: &mut bool,
    future: F,
) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        if !*ended {
            // An error of the connection also comes out of `future`.
            *ended = connection.as_mut().poll(context).is_ready();
        }
        future.as_mut().poll(context)
    })
    .await
}

/// The first byte that arrived since the last request was sent, if any; shared with [`Listening`].
#[derive(Clone, Default)]
struct Heard(Arc<AtomicU16>);

impl Heard {
    /// A flag beside the byte, which may itself be zero.
    const SOME: u16 = 0x100;

    fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn first(&self) -> Option<u8> {
        let heard = self.0.load(Ordering::Relaxed);
        (heard & Self::SOME != 0).then_some(heard.to_le_bytes()[0])
    }

    fn hear(&self, byte: u8) {
        if self.first().is_none() {
            self.0.store(Self::SOME | u16::from(byte), Ordering::Relaxed);
        }
    }
}

/// A stream that records the first byte of each answer.
struct Listening {
    io: Box<dyn Io>,
    heard: Heard,
}

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        if let Some(first) = buffer.filled().get(before) {
            self.heard.hear(*first);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
