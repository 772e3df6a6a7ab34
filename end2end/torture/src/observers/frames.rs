//! Frames from a client: they are ignored, or end its own socket with a typed reason. Nobody else
//! notices.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use protocol::WorkerId;
use upstream::{Answer, Script, Step};

use super::Stage;
use crate::companion::HANG;
use crate::observer::{Observer, Transport};
use crate::raw::{End, Raw, frame};

/// How long a socket is watched that should stay open.
const WATCH: Duration = Duration::from_millis(300);

/// The most bytes that the companion's memory may grow by under a flood of any length.
const FLOOD_BYTES: u64 = 16 << 20;

/// The outcome for a socket.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It stays open.
    Ignored,
    /// It is closed with 1008 `invalid_input`.
    Refused,
    /// It ends, with or without a reason, because the client closed it.
    Gone,
}

/// Everything that a client can send, with the expected outcome.
fn misbehaviour(rng: &mut Rng) -> Vec<(&'static str, Vec<u8>, Fate)> {
    use Fate::{Gone, Ignored, Refused};
    let noise: Vec<u8> = (0..4096).map(|_| rng.u8(..)).collect();
    // A reserved bit comes first, so that random noise is never the beginning of a long frame.
    let noise = [&[0xff_u8][..], &noise].concat();
    let unmasked = |first: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap_or(125);
        [&[first, length][..], payload].concat()
    };
    let ping = frame(0x89, b"hello");
    vec![
        ("nothing", Vec::new(), Ignored),
        ("a ping", ping.clone(), Ignored),
        ("a ping of 125 bytes", frame(0x89, &[b'x'; 125]), Ignored),
        ("a pong that nobody asked for", frame(0x8a, b"hello"), Ignored),
        ("half a frame", frame(0x81, b"{}")[..4].to_vec(), Ignored),
        ("text", frame(0x81, b"{}"), Refused),
        ("an empty text", frame(0x81, b""), Refused),
        ("a command", frame(0x81, br#"{"cancel":true}"#), Refused),
        ("binary", frame(0x82, &[0, 1, 2]), Refused),
        ("5 KB of text", frame(0x81, &[b'x'; 5000]), Refused),
        ("1 MB of binary", frame(0x82, &vec![7; 1 << 20]), Refused),
        ("a text in two parts", [frame(0x01, b"{"), frame(0x80, b"}")].concat(), Refused),
        ("parts without an end", frame(0x00, b"x").repeat(10), Refused),
        ("a text that is not UTF-8", frame(0x81, &[0xff, 0xfe]), Refused),
        ("the length 2^63", [&[0x82, 0xff, 0x80][..], &[0; 11]].concat(), Refused),
        ("an unmasked text", unmasked(0x81, b"{}"), Refused),
        ("an unmasked ping", unmasked(0x89, b"x"), Refused),
        ("the first reserved bit", frame(0xc1, b"{}"), Refused),
        ("all reserved bits", frame(0xf1, b"{}"), Refused),
        ("a reserved opcode", frame(0x83, b"x"), Refused),
        ("a reserved control opcode", frame(0x8b, b"x"), Refused),
        ("a ping of 126 bytes", frame(0x89, &[b'x'; 126]), Refused),
        ("half a ping, more to follow", frame(0x09, b"x"), Refused),
        ("HTTP", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), Refused),
        ("noise", noise, Refused),
        ("a close", frame(0x88, &1000_u16.to_be_bytes()), Gone),
        ("a close without a code", frame(0x88, b""), Gone),
        ("a close of one byte", frame(0x88, b"x"), Gone),
        ("a close that is not allowed", frame(0x88, &1005_u16.to_be_bytes()), Gone),
    ]
}

/// Sends each of these on a new socket, beside an observer that follows.
pub(super) async fn run(stage: &Stage, pings: u32, rng: &mut Rng) -> Result<()> {
    let client = &stage.companion.client;
    let worker = client.create().await?.worker_id;
    let answer = Answer { text: Some("All is well.".to_owned()), ..Answer::default() };
    stage.upstream.script(Script::always([Step::Answer(answer)]));
    let mut bystander = Observer::new(worker, Transport::WebSocket);
    let mut link = bystander.connect(client).await?;
    bystander.next(&mut link, false).await?;
    let bystander = tokio::spawn(async move {
        while !bystander.sees_the_end() {
            bystander.next(&mut link, true).await?;
        }
        anyhow::Ok(())
    });

    let all = misbehaviour(rng);
    for (what, bytes, fate) in &all {
        let end = misbehave(stage, worker, bytes, *fate).await.with_context(|| *what)?;
        let refused = End::Closed(1008, "invalid_input".to_owned());
        let as_meant = match fate {
            Fate::Ignored => end == End::Open,
            Fate::Refused => end == refused,
            Fate::Gone => end != End::Open,
        };
        ensure!(as_meant, "{what}: expected {fate:?}, but it was {end:?}");
    }
    let mut grown = 0;
    for reads in [Reads::Yes, Reads::No] {
        grown = grown.max(flood(stage, worker, pings, reads).await?);
        ensure!(grown < FLOOD_BYTES, "memory grew by {grown} bytes under pings, {reads:?} read");
    }
    // Nobody else has noticed anything: an ordinary turn arrives without a gap.
    client.send(worker, &super::message(rng)).await?;
    bystander.await?.context("an observer beside it")?;
    ensure!(client.is_ready().await, "the companion is not ready any more");
    println!("frames of a client       {:>8}", all.len());
    println!("pings in a flood         {pings:>8}");
    println!("  memory grew by, KiB    {:>8}", grown / 1024);
    Ok(())
}

async fn misbehave(stage: &Stage, worker: WorkerId, bytes: &[u8], fate: Fate) -> Result<End> {
    let address = stage.companion.address;
    let mut raw = Raw::open(address, worker, Transport::WebSocket, "", b"").await?;
    ensure!(raw.status().await? == 101, "no handshake");
    raw.send(bytes).await;
    raw.end(if fate == Fate::Ignored { WATCH } else { HANG }).await
}

/// Whether the flooding client reads the responses.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reads {
    Yes,
    No,
}

/// A client pings without a pause. Returns how much the companion's memory grew meanwhile.
async fn flood(stage: &Stage, worker: WorkerId, pings: u32, reads: Reads) -> Result<u64> {
    let before = stage.companion.memory()?;
    let address = stage.companion.address;
    let mut raw = Raw::open(address, worker, Transport::WebSocket, "", b"").await?;
    ensure!(raw.status().await? == 101, "no handshake");
    let (mut reading, mut writing) = raw.stream.into_split();
    let mut sink = tokio::io::sink();
    let read = async {
        match reads {
            Reads::Yes => drop(tokio::io::copy(&mut reading, &mut sink).await),
            Reads::No => std::future::pending().await,
        }
    };
    let block = frame(0x89, &[b'x'; 125]).repeat(100);
    let write = async {
        for _ in 0..pings / 100 {
            // A client that was cut off for this has sent enough.
            let writes = tokio::io::AsyncWriteExt::write_all(&mut writing, &block);
            if !matches!(tokio::time::timeout(WATCH, writes).await, Ok(Ok(()))) {
                break;
            }
        }
    };
    let flood = async {
        tokio::select! {
            biased;
            () = write => {}
            () = read => {}
        }
        Ok(())
    };
    let ((), most) = stage.companion.watched(flood).await?;
    Ok(most.saturating_sub(before))
}
