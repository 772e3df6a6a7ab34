//! Endpoints that attack the server: twelve kinds of answers that could use up its memory, reveal
//! the key, or be shown as something that they are not.
//!
//! They are known attacks on HTTP clients: decompression bombs (CWE-409), redirects to another
//! target (CWE-918), request smuggling by contradicting lengths (CWE-444), endless headers
//! (CWE-770), responses that never end ("slow read", CWE-400), and secrets in error messages
//! (CWE-209).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use protocol::ProviderKind::{Auth, Compressed, Cut, Malformed, RateLimited, Upstream};
use protocol::TimeoutPhase::{FirstToken, Turn};
use serde_json::json;
use upstream::Step;

use super::endpoint::{ATTEMPTS, EMPTY, KEY};
use super::row::{Fault, Promise};
use super::steps::{delta, drip, endless, finish, refusal, respond, stream, text, wire};

/// The beginning of a response's head, which the rows continue.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

/// One complete event with a piece of text.
const EVENT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Half \"}}]}\n\n";

/// The unpacked size of a bomb.
const UNPACKED: usize = 256 << 20;

/// The sizes in bytes of a text that is too large for one event, and of one that is not.
const HUGE: usize = 3 << 20;
const LARGE: usize = 600 << 10;

/// The rows. `elsewhere` is a server that must never get a request.
pub(super) fn faults(elsewhere: &str) -> Vec<Fault> {
    let rows = [
        endless_heads(),
        bombs(),
        redirects(elsewhere),
        echoes(),
        drips(),
        too_much(),
        wrong_letters(),
        wrong_lengths(),
        wrong_protocols(),
        wrong_headers(),
    ];
    rows.into_iter().flatten().collect()
}

/// Kinds 1 and 2: a head that never ends.
fn endless_heads() -> Vec<Fault> {
    vec![
        Fault::always(
            "headers without end",
            vec![wire(HEAD), endless("x-filler: and another one\r\n")],
            Promise::fails(Malformed),
        ),
        Fault::always(
            "a header without end",
            vec![wire(HEAD), wire("x-filler: "), endless("and on and on ")],
            Promise::fails(Malformed),
        ),
        Fault::always(
            "a status line without end",
            vec![wire("HTTP/1.1 200 "), endless("and on and on ")],
            Promise::fails(Malformed),
        ),
        Fault::always(
            "informational answers without end",
            vec![endless("HTTP/1.1 100 Continue\r\n\r\n")],
            Promise::times_out(FirstToken),
        ),
    ]
}

/// Kind 3: small answers that would take much memory.
fn bombs() -> Vec<Fault> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..UNPACKED / zeros.len() {
        packed.write_all(&zeros).expect("a vector takes everything");
    }
    let packed = packed.finish().expect("a vector takes everything");
    let head = |kind: &str| Step::Head {
        status: 200,
        headers: [("content-type", kind), ("content-encoding", "gzip")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    let bomb = |kind| vec![head(kind), Step::Bytes { bytes: packed.clone() }];
    let deep = format!("data: {}\n\n", "[".repeat(1 << 20));
    vec![
        Fault::always("a gzip bomb as a stream", bomb("text/event-stream"), fails(Compressed)),
        Fault::always("a gzip bomb as JSON", bomb("application/json"), fails(Compressed)),
        Fault::always("an event of lists within lists", stream([text(&deep)]), fails(Malformed)),
    ]
}

/// Kind 4: redirects to another address.
fn redirects(elsewhere: &str) -> Vec<Fault> {
    let to = |status, place: &str| respond(status, ("location", place), "");
    vec![
        Fault::always("a redirect to a file", to(302, "file:///etc/passwd"), fails(Malformed)),
        Fault::always("a redirect to itself", to(308, "/v1/chat/completions"), fails(Malformed)),
        Fault::always(
            "a redirect beside an answer",
            respond(301, ("location", elsewhere), EVENT),
            fails(Malformed),
        ),
    ]
}

/// Kind 5: the key in everything that can be shown of an answer.
fn echoes() -> Vec<Fault> {
    let words = format!("You sent Authorization: Bearer {KEY} to http://internal.example/v1");
    let in_stream = json!({ "error": { "message": words, "code": KEY, "type": KEY } });
    let headers = format!(
        "HTTP/1.1 401 {KEY}\r\nwww-authenticate: Bearer {KEY}\r\nx-request-id: {KEY}\r\n\
         content-length: 0\r\n\r\n"
    );
    vec![
        Fault::always("the key in an error", refusal(401, &words), fails(Auth)),
        Fault::always("the key in headers", vec![wire(&headers)], fails(Auth)),
        Fault::always(
            "the key in an event",
            stream([delta("Half "), Step::Data { json: in_stream.clone() }]),
            fails(Upstream).keeps("Half "),
        ),
        Fault::always(
            "the key as a reason to finish",
            stream([delta("Half "), finish(KEY), text("data: [DONE]\n\n")]),
            Promise::completed().keeps("Half "),
        ),
    ]
}

/// Kinds 6 and 7: answers that bring a little at a time, and never end.
fn drips() -> Vec<Fault> {
    let empty = EVENT.replace("Half ", "");
    vec![
        Fault::always(
            "a byte of a line at a time",
            stream([text("data: "), drip("x", 20)]),
            Promise::times_out(Turn),
        ),
        Fault::always(
            "pieces of nothing without end",
            stream([drip(&empty, 5)]),
            Promise::times_out(Turn),
        ),
        Fault::always(
            "nothing more behind some text",
            stream([delta("Half "), drip(&empty, 5)]),
            Promise::times_out(Turn).keeps("Half "),
        ),
        Fault::always(
            "a stream without end behind its end",
            stream([delta("Half "), finish("stop"), text("data: [DONE]\n\n"), drip(EVENT, 0)]),
            Promise::completed().keeps("Half "),
        ),
        Fault::always(
            "an error without end",
            vec![
                Step::Head { status: 500, headers: [].into() },
                drip(&"so much went wrong ".repeat(4_000), 0),
            ],
            fails(Upstream).after(ATTEMPTS),
        ),
    ]
}

/// Kind 8: more text than an event or an answer may have.
fn too_much() -> Vec<Fault> {
    let done = || [finish("stop"), text("data: [DONE]\n\n")];
    let huge = delta(&"x".repeat(HUGE));
    let three = std::iter::repeat_n(delta(&"x".repeat(LARGE)), 3);
    vec![
        Fault::always(
            "a piece of 3 MiB",
            [Step::Stream, huge].into_iter().chain(done()).collect(),
            fails(Malformed),
        ),
        Fault::always(
            "three pieces of 600 KiB",
            [Step::Stream].into_iter().chain(three).chain(done()).collect(),
            Promise::length().keeps_bytes(1 << 20),
        ),
    ]
}

/// Kind 9: bytes that are not valid text.
fn wrong_letters() -> Vec<Fault> {
    let event = |bytes: &[u8]| {
        let json =
            [b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"", bytes, b"\"}}]}\n\n"];
        Step::Bytes { bytes: json.concat() }
    };
    vec![
        Fault::always(
            "bytes that are no UTF-8",
            stream([event(b"a\xff\xfe\xc0\xafz"), finish("stop"), text("data: [DONE]\n\n")]),
            Promise::completed().keeps("a\u{fffd}\u{fffd}\u{fffd}\u{fffd}z"),
        ),
        Fault::always(
            "half of a surrogate pair",
            stream([delta("Half "), event(b"\\ud83d"), finish("stop")]),
            // The reader sees that something is missing.
            Promise::completed().keeps("Half \u{fffd}"),
        ),
        Fault::always(
            "zeros",
            stream([Step::Bytes { bytes: vec![0; 1 << 20] }]),
            fails(Cut).after(EMPTY),
        ),
    ]
}

/// Kinds 10 and 11: wrong lengths, of the body and of chunks.
fn wrong_lengths() -> Vec<Fault> {
    let length =
        |announced: &str| vec![wire(&format!("{HEAD}content-length: {announced}\r\n\r\n{EVENT}"))];
    let chunk = |size: &str| {
        let begun = format!("{:x}\r\n{EVENT}\r\n{size}\r\nx", EVENT.len());
        vec![wire(&format!("{HEAD}transfer-encoding: chunked\r\n\r\n{begun}")), Step::Close]
    };
    let both = format!(
        "{HEAD}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n{:x}\r\n{EVENT}\r\n0\r\n\r\n",
        EVENT.len()
    );
    vec![
        Fault::always("a length beyond the end", length("100000"), cut()),
        Fault::always("a length before the end", length("5"), fails(Cut).after(EMPTY)),
        Fault::always(
            "a length of more than there are",
            length("99999999999999999999"),
            fails(Malformed),
        ),
        Fault::always("a negative length", length("-1"), fails(Malformed)),
        Fault::always("two lengths", length("5\r\ncontent-length: 100"), fails(Malformed)),
        Fault::always("a length and chunks", vec![wire(&both)], cut()),
        Fault::always("a chunk of letters", chunk("zz"), cut()),
        Fault::always("a chunk of almost everything", chunk("ffffffffffffffff"), cut()),
        Fault::always("a chunk beyond counting", chunk(&"f".repeat(40)), cut()),
        Fault::always(
            "an extension without end",
            {
                let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n5;");
                vec![wire(&head), endless("x=y;")]
            },
            fails(Cut).after(ATTEMPTS),
        ),
    ]
}

/// Kind 12: another protocol or another kind of answer than was asked for.
fn wrong_protocols() -> Vec<Fault> {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    vec![
        Fault::always(
            "an upgrade to WebSocket",
            vec![wire(upgrade), endless("\u{1}\u{5}hello")],
            fails(Malformed),
        ),
        Fault::always("HTTP/2", vec![wire("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")], fails(Malformed)),
        Fault::always("HTTP/0.9", vec![wire(EVENT)], fails(Malformed)),
        Fault::always(
            "204 with a stream",
            vec![wire(&format!("HTTP/1.1 204 OK\r\n\r\n{EVENT}"))],
            fails(Malformed),
        ),
        Fault::always(
            "206",
            respond(206, ("content-range", "bytes 0-9/100"), EVENT),
            fails(Malformed),
        ),
    ]
}

/// Besides the twelve kinds: headers with odd values.
fn wrong_headers() -> Vec<Fault> {
    let wait = |value: &str| {
        vec![wire(&format!("HTTP/1.1 429 No\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n"))]
    };
    vec![
        Fault::always("Retry-After for ever", wait("99999999999999999999"), fails(RateLimited)),
        Fault::always("Retry-After that is none", wait("NaN"), fails(RateLimited).after(ATTEMPTS)),
        Fault::always("Retry-After in the past", wait("-5"), fails(RateLimited).after(ATTEMPTS)),
        Fault::always("a header on two lines", wait("1\r\n\tset-cookie: a=b"), fails(Malformed)),
        Fault::always(
            "a media type that is two",
            vec![wire(&format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n{}\r\n{EVENT}",
                &HEAD[17..]
            ))],
            fails(Cut).keeps("Half "),
        ),
    ]
}

fn fails(kind: protocol::ProviderKind) -> Promise {
    Promise::fails(kind)
}

/// The framing breaks after some text, which is kept.
fn cut() -> Promise {
    Promise::fails(Cut).keeps("Half ")
}
