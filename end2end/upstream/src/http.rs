//! Just enough of HTTP/1.1 to read a request and to write a response that may be wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use serde_json::Value;
use tokio::net::TcpStream;

/// The most bytes of a request.
const REQUEST_BYTES: usize = 4 << 20;

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The headers, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The path without its query.
    pub(crate) fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Reads one request. Fails if the peer leaves before its end or sends something other than HTTP.
pub(crate) async fn read(stream: &TcpStream) -> io::Result<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes)? {
            return Ok(request);
        }
        stream.readable().await?;
        let mut buffer = [0; 16 * 1024];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) if bytes.len() + read > REQUEST_BYTES => return Err(invalid("too long")),
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(bytes).map_err(invalid)? else {
        return Ok(None);
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: BTreeMap<String, String> = head
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
        .collect();
    let length = headers.get("content-length").map_or(Ok(0), |text| text.parse::<usize>());
    let end = start.saturating_add(length.map_err(invalid)?);
    let Some(body) = bytes.get(start..end) else {
        return Ok(None);
    };
    Ok(Some(Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        headers,
        body: body.to_vec(),
    }))
}

/// The head of a response. Without a length the body is sent in chunks. `connection` is the value
/// of the header of that name: `close` or `keep-alive`.
pub(crate) fn head(
    status: u16,
    connection: &str,
    headers: &BTreeMap<String, String>,
    length: Option<usize>,
) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} Scripted\r\nconnection: {connection}\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let _ = match length {
        Some(length) => write!(text, "content-length: {length}\r\n\r\n"),
        None => write!(text, "transfer-encoding: chunked\r\n\r\n"),
    };
    text.into_bytes()
}

/// One chunk of a body. An empty chunk ends the body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A whole JSON response.
pub(crate) fn json(status: u16, connection: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
    [head(status, connection, &headers, Some(body.len())), body.into_bytes()].concat()
}

pub(crate) async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn invalid(error: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
