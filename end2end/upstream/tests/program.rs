//! Tests the program as browser tests use it: it prints one line, and then answers over HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a request. Returns the connection, which the caller can read or drop.
fn send(base: &str, method: &str, path: &str, body: &str) -> std::io::Result<TcpStream> {
    let (address, prefix) = base.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{method} /{prefix}{path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    Ok(stream)
}

fn call(base: &str, method: &str, path: &str, body: &str) -> String {
    let mut answer = String::new();
    send(base, method, path, body).unwrap().read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_program_is_controlled_over_http() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_upstream"));
    command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut program = Program(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let [base, control] = ["base_url", "control"].map(|name| line[name].as_str().unwrap());
    let ask = || call(base, "POST", "/chat/completions", r#"{"messages":[]}"#);
    let log = || {
        let answer = call(control, "GET", "/log", "");
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };

    assert!(call(base, "GET", "/models", "").contains("scripted-model"));
    let script = json!({ "replies": [
        [{ "do": "respond", "status": 429, "headers": { "retry-after": "1" }, "body": "no" }],
        [{ "do": "answer", "pieces": ["one", "two"], "hold_after": 1 }],
    ] });
    assert!(call(control, "PUT", "/script", &script.to_string()).starts_with("HTTP/1.1 200"));
    assert!(ask().starts_with("HTTP/1.1 429 Scripted\r\nconnection: close\r\nretry-after: 1\r\n"));

    assert!(call(control, "POST", "/release", "").starts_with("HTTP/1.1 200"));
    let answer = ask();
    assert!(answer.contains(r#""content":"two""#) && answer.ends_with("0\r\n\r\n"), "{answer}");

    let mut held = send(base, "POST", "/chat/completions", "{}").unwrap();
    let mut head = [0; 12];
    held.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    assert_eq!(log()["requests"][3]["gone_ms"], Value::Null);
    drop(held);
    let log = log();
    assert!(log["requests"][3]["gone_ms"].is_u64(), "{log}");
    assert_eq!(log["requests"][1]["path"], "/v1/chat/completions");

    call(control, "POST", "/refuse", "");
    assert!(send(base, "GET", "/models", "").is_err());
    call(control, "POST", "/accept", "");
    assert!(call(base, "GET", "/models", "").contains("scripted-model"));

    let wrong = call(control, "PUT", "/script", r#"{"replies":[[{"do":"dance"}]]}"#);
    assert!(wrong.starts_with("HTTP/1.1 400") && wrong.contains("dance"), "{wrong}");
}
