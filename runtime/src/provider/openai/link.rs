//! One connection for one request, held by whoever awaits it.
//!
//! Neither a pool nor a task of its own drives the connection: it lives inside
//! [`Link::drive`], so that dropping the link closes the socket there and then. That is what
//! lets `Halted` mean that the connection is gone (invariant 6).

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use protocol::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::fault;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Body = Full<Bytes>;
type Driver = Pin<Box<Connection<TokioIo<Box<dyn Io>>, Body>>>;

pub(super) struct Link {
    sender: SendRequest<Body>,
    connection: Driver,
    /// The connection has ended and must not be polled again.
    ended: bool,
}

impl Link {
    /// Finds the host, connects and greets, all within `limit`.
    pub(super) async fn open(endpoint: &Endpoint, limit: Duration) -> Result<Self, Error> {
        let io = timeout(limit, connect(endpoint, limit))
            .await
            .unwrap_or_else(|_| Err(fault::connect_timeout()))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(io)).await.map_err(|_| fault::broken())?;
        Ok(Self { sender, connection: Box::pin(connection), ended: false })
    }

    /// Sends a request and waits for the response's head; a POST of `body`, or a GET.
    pub(super) async fn send(
        &mut self,
        endpoint: &Endpoint,
        call: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Incoming>, Error> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(endpoint.path(call))
            .header(HOST, &endpoint.authority)
            .header(USER_AGENT, concat!("companion/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "text/event-stream, application/json")
            // Without it some take themselves to be free to compress
            // (https://github.com/Wei-Shaw/claude-relay-service/issues/1039).
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in &endpoint.headers {
            request = request.header(name, value);
        }
        let request =
            request.body(Full::from(body.unwrap_or_default())).map_err(|_| fault::not_sent())?;
        let response = self.sender.send_request(request);
        drive(&mut self.connection, &mut self.ended, response).await.map_err(|e| broken(&e))
    }

    /// The next bytes of a response's body; none at its end.
    pub(super) async fn next(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = drive(&mut self.connection, &mut self.ended, body.frame()).await;
            match frame.transpose().map_err(|e| broken(&e))?.map(|frame| frame.into_data()) {
                None => return Ok(None),
                Some(Ok(bytes)) if !bytes.is_empty() => return Ok(Some(bytes)),
                // Trailers, or nothing.
                Some(_) => {}
            }
        }
    }

    /// The first bytes of a body, as many as come within `limit` and without an error.
    pub(super) async fn read(
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
}

/// Awaits something that moves only as the connection moves.
async fn drive<F: Future>(connection: &mut Driver, ended: &mut bool, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        if !*ended {
            // Its error, if any, comes out of `future` too.
            *ended = connection.as_mut().poll(context).is_ready();
        }
        future.as_mut().poll(context)
    })
    .await
}

/// Tries the host's addresses one after the other, each with its share of the time, so
/// that a dead one (often IPv6) does not use up all of it.
async fn connect(endpoint: &Endpoint, limit: Duration) -> Result<Box<dyn Io>, Error> {
    let found = lookup_host((endpoint.host.as_str(), endpoint.port)).await;
    let addresses: Vec<_> = found.map_err(|_| fault::host_not_found())?.collect();
    let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = fault::host_not_found();
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return greet(endpoint, stream).await,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                last = fault::refused();
            }
            Ok(Err(_)) => last = fault::unreachable(),
            Err(_) => last = fault::connect_timeout(),
        }
    }
    Err(last)
}

async fn greet(endpoint: &Endpoint, stream: TcpStream) -> Result<Box<dyn Io>, Error> {
    // Small requests go out at once; the option cannot fail on a fresh socket, and
    // without it things are merely slower.
    let _ = stream.set_nodelay(true);
    match &endpoint.tls {
        None => Ok(Box::new(stream)),
        Some((connector, name)) => {
            let stream = connector.connect(name.clone(), stream).await;
            Ok(Box::new(stream.map_err(|_| fault::tls())?))
        }
    }
}

fn broken(error: &hyper::Error) -> Error {
    if error.is_parse() { fault::not_http() } else { fault::broken() }
}
