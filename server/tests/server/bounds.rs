//! Nothing is longer or more numerous than was configured.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{HANG, Server, code, start};

/// A request whose body never comes.
async fn stuck(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: 10\r\nconnection: close\r\n\r\n{{",
        server.workers(),
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_and_its_place_is_free_again() {
    let server = start("request_timeout_ms = 1000\nmax_requests = 1").await;
    let mut stream = stuck(&server).await;
    // Until the stuck one has its place, others are answered.
    loop {
        let answer = server.get("/healthz").send().await.unwrap();
        if answer.status() != 200 {
            assert_eq!(answer.headers()["retry-after"], "1");
            let (status, name, _) = code(answer).await;
            assert_eq!((status, name.as_str()), (429, "rate_limited"));
            break;
        }
    }
    let mut answer = String::new();
    timeout(HANG, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\"code\":\"unavailable\""), "{answer}");
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_one_to_close() {
    let server = start("max_connections = 8").await;
    let mut taken = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        alive(&server, &mut stream).await;
        taken.push(stream);
    }
    let mut waiting = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    waiting.write_all(request.as_bytes()).await.unwrap();
    // The others are answered meanwhile, each several times, and this one is not.
    for _ in 0..5 {
        for stream in &mut taken {
            alive(&server, stream).await;
        }
        let nothing = waiting.try_read(&mut [0; 1]);
        assert!(matches!(&nothing, Err(error) if error.kind() == ErrorKind::WouldBlock));
    }
    taken.pop();
    read_alive(&mut waiting).await;
}

/// Asks on a connection that stays open, and reads the answer.
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
async fn what_is_too_large_is_told_in_the_words_of_whoever_sent_it() {
    let server = start("").await;
    let path = server.worker().await;
    let page = path.replace("/api/v1/runtimes/backend-internal/workers", "/c");
    let large = "x".repeat(2 << 20);
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
