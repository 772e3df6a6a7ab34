//! A tunnel through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), with hyper's client.

use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use protocol::Error;
use tokio::time::timeout;

use super::super::classify;
use super::super::fault::network;
use super::{Io, drive};

/// The most bytes of a proxy's refusal that are read.
const REFUSAL_BYTES: usize = 64 * 1024;
/// How long reading them may take after the head of the response.
const REFUSAL_LIMIT: Duration = Duration::from_secs(2);

/// Asks the proxy at the other end of `io` for a connection to `target`, which is a host and a
/// port.
pub(super) async fn open(
    io: Box<dyn Io>,
    target: &str,
    login: Option<&HeaderValue>,
) -> Result<Box<dyn Io>, Error> {
    let shaken = http1::handshake(TokioIo::new(io)).await;
    let (mut sender, connection) = shaken.map_err(|_| network::not_a_proxy())?;
    let mut connection = Box::pin(connection.with_upgrades());
    let mut ended = false;

    let mut request = Request::connect(target)
        .header(HOST, target)
        .header(USER_AGENT, concat!("companion/", env!("CARGO_PKG_VERSION")));
    if let Some(login) = login {
        request = request.header(PROXY_AUTHORIZATION, login);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| network::not_a_proxy())?;
    let response = drive(&mut connection, &mut ended, sender.send_request(request)).await;
    let response = response.map_err(|_| network::not_a_proxy())?;
    if response.status().is_success() {
        let upgraded = drive(&mut connection, &mut ended, hyper::upgrade::on(response)).await;
        let stream = upgraded.map_err(|_| network::proxy_broken())?;
        return Ok(Box::new(TokioIo::new(stream)));
    }
    let status = response.status().as_u16();
    let words = drive(&mut connection, &mut ended, words_of(response)).await;
    Err(classify::from_proxy(status, &words))
}

async fn words_of(response: Response<Incoming>) -> Bytes {
    let body = Limited::new(response.into_body(), REFUSAL_BYTES).collect();
    match timeout(REFUSAL_LIMIT, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) | Err(_) => Bytes::new(),
    }
}
