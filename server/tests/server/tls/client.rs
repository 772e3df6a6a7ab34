//! A rustls client that trusts the test's authority.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::support::HANG;
use super::certificates::Authority;

pub(crate) type Http2 = http2::SendRequest<Full<Bytes>>;

pub(crate) const H2: &[u8] = b"h2";
pub(crate) const H1: &[u8] = b"http/1.1";

/// Connects to `localhost` at this address; `protocols` are offered in this order.
pub(crate) async fn connect(
    authority: &Authority,
    address: SocketAddr,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_with(authority, address, protocols, rustls::DEFAULT_VERSIONS).await
}

pub(crate) async fn connect_with(
    authority: &Authority,
    address: SocketAddr,
    protocols: &[&[u8]],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(authority.roots())
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    timeout(HANG, TlsConnector::from(Arc::new(config)).connect(name, stream)).await.unwrap()
}

/// An HTTP/2 connection. It gives each answer a window of `window` bytes.
pub(crate) async fn http2(authority: &Authority, address: SocketAddr, window: u32) -> Http2 {
    let stream = connect(authority, address, &[H2, H1]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(H2));
    let (requests, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    requests
}

/// Sends a GET request for `https://{host}{path}`.
pub(crate) async fn get(
    requests: &mut Http2,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> hyper::Result<Response<Incoming>> {
    let mut request = Request::get(format!("https://{host}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::default()).unwrap();
    timeout(HANG, requests.send_request(request)).await.expect("no answer")
}

/// Sends this JSON by a POST request for `https://{host}{path}`.
pub(crate) async fn post(
    requests: &mut Http2,
    host: &str,
    path: &str,
    body: &serde_json::Value,
) -> Response<Incoming> {
    let request = Request::post(format!("https://{host}{path}"));
    let request = request.header("content-type", "application/json");
    let request = request.body(Full::from(body.to_string())).unwrap();
    timeout(HANG, requests.send_request(request)).await.expect("no answer").unwrap()
}

/// The whole body as text.
pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = timeout(HANG, response.into_body().collect()).await.unwrap().unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

/// Reads pieces of an event stream until one of them contains `word`. `None` if it ends before.
pub(crate) async fn until(body: &mut Incoming, word: &str) -> Option<String> {
    let mut told = String::new();
    while !told.contains(word) {
        let frame = timeout(HANG, body.frame()).await.expect("no event")?.ok()?;
        let data = frame.into_data().ok()?;
        told.push_str(&String::from_utf8_lossy(&data));
    }
    Some(told)
}
