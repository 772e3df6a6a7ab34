//! The limits on the size, duration and number of requests and connections.

use std::io::ErrorKind;

use protocol::AccountRole;
use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::entrance::{add, log_in, token};
use super::support::{HANG, Server, code, message_id, start};

/// Sends a request whose body begins and then stops. Returns once the server waits for the body,
/// which its `100 Continue` shows (RFC 9110, section 10.1.1).
async fn stuck(server: &Server, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}\
         content-length: 1000\r\nexpect: 100-continue\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    timeout(HANG, stream.read_exact(&mut told)).await.unwrap().unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{").await.unwrap();
    stream
}

const JSON: &str = "content-type: application/json\r\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const FILE: &str = "content-type: multipart/form-data; boundary=x\r\n";

/// Makes ordinary requests, all of which have to succeed.
async fn good_user(server: &Server) {
    for path in ["/healthz", "/readyz", "/", "/api/v1/status"] {
        assert_eq!(server.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    let made = server.post(&server.workers()).send().await.unwrap();
    let worker: protocol::Worker = made.json().await.unwrap();
    let body = json!({ "id": message_id(), "text": "Hello!" });
    let path = format!("{}/{}/messages", server.workers(), worker.worker_id);
    let sent = server.post(&path).json(&body).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
}

/// The rest of the response, up to the end of the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // The error of a reset is ignored: it follows when data was sent to a closed connection.
    let _ = timeout(HANG, stream.read_to_end(&mut answer)).await.expect("it has no end");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn bodies_being_received_do_not_block_other_requests() {
    let server = start("max_requests = 1").await;
    let worker = server.worker().await;
    let mut waiting = Vec::new();
    for (path, kind) in [
        (server.workers(), JSON),
        (format!("{worker}/messages"), JSON),
        ("/api/fn/send".to_owned(), JSON),
        ("/".to_owned(), FORM),
        ("/new".to_owned(), FORM),
        ("/nothing".to_owned(), FORM),
    ] {
        for _ in 0..3 {
            waiting.push(stuck(&server, &path, kind).await);
        }
    }
    for _ in 0..4 {
        waiting.push(stuck(&server, "/data", FILE).await);
    }
    for _ in 0..3 {
        good_user(&server).await;
    }
}

#[tokio::test]
async fn a_body_in_pieces_is_accepted_when_it_is_complete() {
    let server = start("max_requests = 1").await;
    let mut stream = stuck(&server, &server.workers(), JSON).await;
    // The body begins with a brace; spaces after it keep it valid JSON.
    for _ in 0..9 {
        stream.write_all(&[b' '; 100]).await.unwrap();
        good_user(&server).await;
    }
    let mut end = [b' '; 99];
    end[98] = b'}';
    stream.write_all(&end).await.unwrap();
    let mut answer = [0; 12];
    timeout(HANG, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
}

#[tokio::test]
async fn a_body_below_the_minimum_rate_is_refused() {
    let server = start("body_grace_ms = 100\nmax_requests = 1").await;
    let import = "/api/v1/runtimes/backend-internal/import";
    for (path, kind) in [(server.workers().as_str(), JSON), ("/", FORM), (import, JSON)] {
        let mut stream = stuck(&server, path, kind).await;
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(answer.contains("\"code\":\"invalid_input\""), "{path}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{path}: {answer}");
    }
    // A browser gets a page in the reader's language.
    let reader = format!("{FILE}accept: text/html\r\naccept-language: ja\r\n");
    let answer = rest(&mut stuck(&server, "/data", &reader).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("lang=\"ja\""), "{answer}");
    good_user(&server).await;
    // The import that was cut off has released its place.
    let file = server.post(import).body("none").send().await.unwrap();
    assert_eq!(code(file).await.0, 422);
}

#[tokio::test]
async fn when_too_many_bodies_are_being_received_the_slowest_is_cut_off() {
    // At most half of the connections may be sending a body.
    let server = start("max_connections = 16").await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(stuck(&server, &server.workers(), JSON).await);
    }
    good_user(&server).await;
    let ends = waiting.iter_mut().map(|stream| Box::pin(rest(stream)));
    let (answer, ..) = futures::future::select_all(ends).await;
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("rate_limited"), "{answer}");
}

/// An endpoint that accepts connections and never answers, so that a request for its models waits.
async fn deaf(server: &Server) -> std::net::TcpListener {
    server.upstream.refuse().await;
    let address = server.upstream.base_url();
    let address = address.trim_start_matches("http://").trim_end_matches("/v1");
    std::net::TcpListener::bind(address).unwrap()
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended_and_frees_its_slot() {
    let server = start("request_timeout_ms = 1000\nmax_requests = 1").await;
    let _deaf = deaf(&server).await;
    let asked = server.get("/api/v1/models").send();
    let answer = timeout(HANG, asked).await.unwrap().unwrap();
    assert_eq!(code(answer).await.1, "unavailable");
    assert_eq!(server.get("/api/v1/status").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn pages_probes_and_sends_do_not_block_each_other() {
    let server = start("request_timeout_ms = 60000\nmax_requests = 1").await;
    let worker = server.worker().await;
    let deaf = deaf(&server).await;
    let asked = tokio::spawn(server.get("/api/v1/models").send());
    // The server has asked the endpoint, so the only place for pages is taken.
    let accepted = tokio::task::spawn_blocking(move || deaf.accept()).await.unwrap();
    let _question = accepted.unwrap();
    let page = server.get("/").send().await.unwrap();
    // On a very slow machine the request to the endpoint may have timed out by now.
    if !asked.is_finished() {
        assert_eq!(page.status(), 429);
        assert_eq!(page.headers()["retry-after"], "1");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    let body = json!({ "id": message_id(), "text": "Hello!" });
    let sent = server.post(&format!("{worker}/messages")).json(&body).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    asked.abort();
}

/// Waits until the server closes the connection; false if it sends something instead.
async fn closed(stream: &mut TcpStream) -> bool {
    let end = timeout(HANG, stream.read(&mut [0; 1])).await.expect("it is not closed");
    matches!(end, Ok(0)) || matches!(&end, Err(error) if error.kind() == ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn the_longest_idle_connection_is_closed_for_a_new_one() {
    let server = start("max_connections = 8").await;
    let mut taken = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        alive(&server, &mut stream).await;
        taken.push(stream);
    }
    // The first one would be idle for longest, but makes another request.
    alive(&server, &mut taken[0]).await;
    let mut new = TcpStream::connect(server.address).await.unwrap();
    alive(&server, &mut new).await;
    assert!(closed(&mut taken[1]).await);
    for (n, stream) in taken.iter_mut().enumerate() {
        if n != 1 {
            alive(&server, stream).await;
        }
    }
}

#[tokio::test]
async fn connections_without_a_complete_request_head_are_closed_for_new_ones() {
    let server = start("max_connections = 8").await;
    let mut silent = Vec::new();
    for n in 0..64 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await.unwrap();
        }
        silent.push(stream);
    }
    for _ in 0..5 {
        let mut good = TcpStream::connect(server.address).await.unwrap();
        alive(&server, &mut good).await;
    }
}

#[tokio::test]
async fn a_connection_with_a_running_request_is_never_closed_for_a_new_one() {
    let server = start("max_connections = 8").await;
    let worker = server.worker().await;
    let events = format!("{worker}/events");
    let mut observers = Vec::new();
    for _ in 0..3 {
        let ask = server.get(&events).header("accept", "text/event-stream");
        let mut observer = ask.send().await.unwrap();
        observer.chunk().await.unwrap().unwrap();
        observers.push(observer);
    }
    let mut sending = stuck(&server, &server.workers(), JSON).await;
    // Far more connections than there are places.
    let mut crowd = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        alive(&server, &mut stream).await;
        crowd.push(stream);
    }
    sending.write_all(&[b' '; 998]).await.unwrap();
    sending.write_all(b"}").await.unwrap();
    let mut answer = [0; 12];
    timeout(HANG, sending.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    server.says("Still followed.");
    server.send(&worker, "Hello!").await;
    for observer in &mut observers {
        let mut told = String::new();
        while !told.contains("turn_ended") {
            let piece = timeout(HANG, observer.chunk()).await.unwrap().unwrap();
            told.push_str(&String::from_utf8_lossy(&piece.expect("it was closed")));
        }
    }
}

#[tokio::test]
async fn a_new_connection_waits_while_all_others_have_running_requests() {
    let server = start("max_connections = 8").await;
    let events = format!("{}/events", server.worker().await);
    let mut observers = Vec::new();
    for _ in 0..7 {
        let ask = server.get(&events).header("accept", "text/event-stream");
        let mut observer = ask.send().await.unwrap();
        observer.chunk().await.unwrap().unwrap();
        observers.push(observer);
    }
    let mut last = TcpStream::connect(server.address).await.unwrap();
    alive(&server, &mut last).await;
    let ask = format!(
        "GET {events} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
        server.address
    );
    last.write_all(ask.as_bytes()).await.unwrap();
    last.read_u8().await.unwrap();
    let mut waiting = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    waiting.write_all(request.as_bytes()).await.unwrap();
    // An observer receives a message meanwhile, and the waiting connection receives nothing.
    server.says("Hi.");
    server.send_directly("Hello!").await;
    let mut told = String::new();
    while !told.contains("Hi.") {
        let piece = timeout(HANG, observers[0].chunk()).await.unwrap().unwrap();
        told.push_str(&String::from_utf8_lossy(&piece.expect("it was closed")));
    }
    let nothing = waiting.try_read(&mut [0; 1]);
    assert!(matches!(&nothing, Err(error) if error.kind() == ErrorKind::WouldBlock));
    observers.pop();
    read_alive(&mut waiting).await;
}

/// There are four places for imports. One account holds three by bodies that do not arrive, and gets no
/// fourth; another account does.
#[tokio::test]
async fn one_account_leaves_places_to_the_others() {
    let server = start("require_login = true").await;
    let import = "/api/v1/runtimes/backend-internal/import";
    let mut tokens = Vec::new();
    for (name, role) in [("Ada", AccountRole::Owner), ("Bob", AccountRole::Member)] {
        add(&server, name, role).await;
        tokens.push(token(&server, &log_in(&server, name).await, &["write"]).await);
    }
    let begins = async |token: &str| {
        stuck(&server, import, &format!("{JSON}authorization: Bearer {token}\r\n")).await
    };
    let _held = [begins(&tokens[1]).await, begins(&tokens[1]).await, begins(&tokens[1]).await];
    let sent = |token: &str| server.post(import).bearer_auth(token).body("none").send();
    let (status, name, error) = code(sent(&tokens[1]).await.unwrap()).await;
    assert_eq!((status, name.as_str()), (429, "rate_limited"));
    let said = error["error"]["message"].as_str().unwrap();
    assert!(said.contains("This account"), "{said}");
    // It gets in, where the file is refused for what it is.
    assert_eq!(code(sent(&tokens[0]).await.unwrap()).await.0, 422);
}

/// Sends a request on a connection that stays open, and reads the response.
async fn alive(server: &Server, stream: &mut TcpStream) {
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    read_alive(stream).await;
}

async fn read_alive(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    let whole = async {
        while !answer.ends_with(b"{\"status\":\"alive\"}") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "it was closed");
        }
    };
    timeout(HANG, whole).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_too_large_body_is_refused_in_the_format_and_language_of_its_sender() {
    let server = start("").await;
    let path = server.worker().await;
    let page = path.replace("/api/v1/runtimes/backend-internal/workers", "/c");
    let large = "x".repeat(3 << 20);
    let person =
        server.post(&page).header("accept", "text/html,*/*").header("accept-language", "ja");
    let answer = person.body(large.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.headers().contains_key("content-security-policy"));
    let html = answer.text().await.unwrap();
    assert!(html.contains("lang=\"ja\"") && html.contains("何も保存されていません"), "{html}");
    let program = server.post(&page).body(large.clone()).send().await.unwrap();
    assert_eq!(code(program).await.0, 413);
    let script = server.post("/api/fn/send").header("accept", "text/html").body(large);
    assert_eq!(code(script.send().await.unwrap()).await.0, 413);
}
