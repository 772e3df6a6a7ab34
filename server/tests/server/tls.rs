//! HTTPS: both protocols, WebSockets, event streams, renewed certificates, and clients that do not
//! speak TLS.

mod certificates;
mod client;
mod faults;
mod frames;
mod process;

use std::net::SocketAddr;
use std::path::PathBuf;

use futures::StreamExt as _;
use protocol::AccountRole;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::entrance::{PASSWORD, add};
use super::support::{HANG, Server, start_in};
use certificates::{Authority, SETTINGS, replace};
use client::{H1, H2, connect, connect_with, get, http2, post, text, until};

/// More than an answer of these tests needs.
const WIDE: u32 = 1 << 20;

/// A server with a certificate for `localhost` and `desk.example`.
struct Secure {
    server: Server,
    authority: Authority,
    folder: PathBuf,
}

impl Secure {
    async fn start(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let authority = Authority::new();
        authority.certify(&["localhost", "desk.example"]).install(&path);
        let server = start_in(folder, &format!("{SETTINGS}\n{lines}")).await;
        Self { server, authority, folder: path }
    }

    fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// `localhost` with the port.
    fn host(&self) -> String {
        format!("localhost:{}", self.address().port())
    }

    async fn events(&self) -> String {
        let page = self.server.home().workers(None, 1).await.unwrap();
        format!("{}/{}/events?full=true", self.server.workers(), page.workers[0].worker_id)
    }

    async fn http2(&self) -> client::Http2 {
        http2(&self.authority, self.address(), WIDE).await
    }

    /// The certificate that a new connection gets.
    async fn presented(&self) -> Vec<u8> {
        let stream = connect(&self.authority, self.address(), &[H1]).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }
}

/// Sends a GET request over HTTP/1.1 and returns the whole answer.
async fn http1(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    head: &str,
) -> String {
    let mut stream = stream;
    let request = format!("{head}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(HANG, stream.read_to_end(&mut answer)).await.expect("it has no end");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn both_protocols_and_both_versions_of_tls_are_spoken() {
    let secure = Secure::start("").await;
    let host = secure.host();
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        for protocols in [&[H1][..], &[]] {
            let stream = connect_with(&secure.authority, secure.address(), protocols, versions);
            let head = format!("GET /healthz HTTP/1.1\r\nhost: {host}");
            let answer = http1(stream.await.unwrap(), &head).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
        let stream = connect_with(&secure.authority, secure.address(), &[H1, H2], versions);
        let chosen = stream.await.unwrap().get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(chosen.as_deref(), Some(H2), "the server prefers HTTP/2");
    }
    let mut requests = secure.http2().await;
    let answer = get(&mut requests, &host, "/data", &[("accept", "text/html")]).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(text(answer).await.contains("<html"));
}

#[tokio::test]
async fn the_authority_is_checked_as_strictly_as_a_host() {
    let secure = Secure::start("allowed_hosts = [\"desk.example\"]").await;
    let port = secure.address().port();
    let mut requests = secure.http2().await;
    for (host, extra, refused) in [
        (secure.host(), None, None),
        ("desk.example".to_owned(), None, None),
        ("evil.example".to_owned(), None, Some(403)),
        (format!("evil.example:{port}"), None, Some(403)),
        ("localhost".to_owned(), None, Some(403)),
        // One of two names is not enough, whichever it is.
        ("desk.example".to_owned(), Some("evil.example"), Some(400)),
        ("evil.example".to_owned(), Some("desk.example"), Some(400)),
        ("desk.example".to_owned(), Some("desk.example"), None),
    ] {
        let extra: Vec<_> = extra.into_iter().map(|extra| ("host", extra)).collect();
        for path in ["/healthz", "/data", "/api/v1/status"] {
            let answer = get(&mut requests, &host, path, &extra).await.unwrap();
            let status = answer.status().as_u16();
            let found = Some(status).filter(|status| matches!(status, 400 | 403));
            assert_eq!(found, refused, "{status} {host} {extra:?} {path}");
        }
    }
}

#[tokio::test]
async fn pages_without_encryption_are_another_site() {
    let secure = Secure::start("").await;
    let host = secure.host();
    let mut requests = secure.http2().await;
    for (scheme, status) in [("https", 200), ("http", 403)] {
        let origin = format!("{scheme}://{host}");
        let headers = [("origin", origin.as_str())];
        let answer = get(&mut requests, &host, "/api/v1/status", &headers).await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_https_only_for_a_name_of_ones_own() {
    let secure = Secure::start("allowed_hosts = [\"desk.example\"]").await;
    let mut requests = secure.http2().await;
    let port = secure.address().port();
    for (host, told) in [
        ("desk.example".to_owned(), true),
        (secure.host(), false),
        (format!("127.0.0.1:{port}"), false),
    ] {
        let answer = get(&mut requests, &host, "/healthz", &[]).await.unwrap();
        let header = answer.headers().get("strict-transport-security");
        assert_eq!(header.is_some_and(|value| value == "max-age=31536000"), told, "{host}");
    }
    // Without a certificate of its own the server leaves that to the proxy in front of it.
    let plain = super::support::start("allowed_hosts = [\"desk.example\"]").await;
    let answer = plain.get("/healthz").header("host", "desk.example").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("strict-transport-security"));
}

/// Chromium sends each cookie as a header of its own over HTTP/2 (`CookieToCrumbs` in its HPACK
/// encoder), which RFC 9113, section 8.2.3, permits.
#[tokio::test]
async fn a_login_over_http2_gets_secure_cookies_which_work_in_pieces() {
    let secure = Secure::start("require_login = true").await;
    let host = secure.host();
    let mut requests = secure.http2().await;
    add(&secure.server, "Ada", AccountRole::Owner).await;
    let body = serde_json::json!({ "name": "ada", "password": PASSWORD });
    let answer = post(&mut requests, &host, "/api/v1/session", &body).await;
    assert_eq!(answer.status(), 200);
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    let cookies: Vec<_> = cookies.iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2);
    let secured = |cookie: &&str| cookie.starts_with("__Host-") && cookie.ends_with("; Secure");
    assert!(cookies.iter().all(secured), "{cookies:?}");
    let mut crumbs = vec![("cookie", "language=ja")];
    crumbs.extend(cookies.iter().map(|cookie| ("cookie", cookie.split(';').next().unwrap())));
    for (headers, status) in [(&crumbs[..], 200), (&crumbs[..1], 401)] {
        let answer = get(&mut requests, &host, "/api/v1/status", headers).await.unwrap();
        assert_eq!(answer.status(), status, "{headers:?}");
    }
}

#[tokio::test]
async fn many_observers_share_one_connection_with_other_requests() {
    let secure = Secure::start("").await;
    let (host, events) = (secure.host(), secure.events().await);
    let mut requests = secure.http2().await;
    let mut observers = Vec::new();
    for _ in 0..20 {
        let accept = [("accept", "text/event-stream")];
        let answer = get(&mut requests, &host, &events, &accept).await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut body = answer.into_body();
        until(&mut body, "event: snapshot").await.unwrap();
        observers.push(body);
    }
    secure.server.says("Told to everyone.");
    secure.server.send_directly("Hello!").await;
    let answer = get(&mut requests, &host, "/healthz", &[]).await.unwrap();
    assert_eq!(answer.status(), 200);
    for observer in &mut observers {
        until(observer, "turn_ended").await.unwrap();
    }
}

#[tokio::test]
async fn a_websocket_works_over_tls() {
    let secure = Secure::start("").await;
    let stream = connect(&secure.authority, secure.address(), &[H1]).await.unwrap();
    let url = format!("wss://{}{}", secure.host(), secure.events().await);
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let mut told = String::new();
    secure.server.says("Over a WebSocket.");
    secure.server.send_directly("Hello!").await;
    while !told.contains("turn_ended") {
        let message = timeout(HANG, socket.next()).await.unwrap().unwrap().unwrap();
        told.push_str(&message.into_text().unwrap());
    }
    assert!(told.contains("Over a WebSocket."));
}

/// certbot replaces the certificate and the key one after the other, so there is a moment at which
/// they do not match.
#[tokio::test]
async fn a_renewed_certificate_is_taken_into_use_and_an_unusable_one_is_not() {
    let secure = Secure::start("").await;
    let host = secure.host();
    let (cert, key) = (secure.folder.join("cert.pem"), secure.folder.join("key.pem"));
    let old = secure.presented().await;
    let mut open = secure.http2().await;
    let new = secure.authority.certify(&["localhost"]);
    for unusable in [new.cert.as_str(), "", "-----BEGIN CERTIFICATE-----\nMIIB", &new.key] {
        replace(&cert, unusable);
        // The files are looked at every 20 ms here.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert_eq!(secure.presented().await, old);
    }
    std::fs::remove_file(&cert).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(secure.presented().await, old);

    replace(&cert, &new.cert);
    replace(&key, &new.key);
    let renewed = async {
        while secure.presented().await != new.der {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, renewed).await.unwrap();
    let answer = get(&mut open, &host, "/healthz", &[]).await.unwrap();
    assert_eq!(answer.status(), 200, "the connection from before still works");
}

#[tokio::test]
async fn plain_http_is_told_where_the_encrypted_address_is() {
    let secure = Secure::start("").await;
    let host = secure.host();
    let ask = async |more: &str| {
        let stream = TcpStream::connect(secure.address()).await.unwrap();
        http1(stream, &format!("{more}\r\nhost: {host}")).await
    };
    let program = ask("GET /api/v1/status HTTP/1.1\r\naccept: */*").await;
    assert!(program.starts_with("HTTP/1.1 400 "), "{program}");
    let told = format!("This is an HTTPS address: https://{host}/api/v1/status");
    assert!(program.contains(&told) && program.contains("\"code\":\"invalid_input\""), "{program}");
    let browser = ask("GET /c?x=1 HTTP/1.1\r\naccept: text/html").await;
    assert!(browser.starts_with("HTTP/1.1 307 "), "{browser}");
    assert!(browser.contains(&format!("location: https://{host}/c?x=1\r\n")), "{browser}");
    // Something that is neither HTTP nor TLS gets an end.
    let mut odd = TcpStream::connect(secure.address()).await.unwrap();
    odd.write_all(b"\x00\x01garbage\r\n\r\n").await.unwrap();
    let _ = timeout(HANG, odd.read_to_end(&mut Vec::new())).await.expect("it stays open");
}

#[tokio::test]
async fn slow_handshakes_cost_nobody_else_anything() {
    let secure = Secure::start("max_connections = 8").await;
    let (host, events) = (secure.host(), secure.events().await);
    let mut requests = secure.http2().await;
    let accept = [("accept", "text/event-stream")];
    let answer = get(&mut requests, &host, &events, &accept).await.unwrap();
    let mut observer = answer.into_body();
    until(&mut observer, "event: snapshot").await.unwrap();
    let mut idle = secure.http2().await;
    let mut slow = Vec::new();
    for n in 0..64 {
        let mut stream = TcpStream::connect(secure.address()).await.unwrap();
        if n % 2 == 0 {
            // The beginning of a TLS handshake, of 512 bytes that never come.
            let _ = stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await;
        }
        slow.push(stream);
    }
    for _ in 0..5 {
        let mut good = secure.http2().await;
        assert_eq!(get(&mut good, &host, "/healthz", &[]).await.unwrap().status(), 200);
    }
    // Handshakes get half of the places, so even a connection without requests was not closed.
    assert_eq!(get(&mut idle, &host, "/healthz", &[]).await.unwrap().status(), 200);
    secure.server.says("Still followed.");
    secure.server.send_directly("Hello!").await;
    until(&mut observer, "turn_ended").await.unwrap();
}
