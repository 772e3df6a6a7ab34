//! Cursors that do not fit: each gets the notice `stale_cursor` and then a snapshot, and
//! never a silent dump, a gap or the end of the connection.

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use protocol::{Cursor, ErrorCode, LogId, WorkerId};
use upstream::{Answer, Script, Step};

use super::Stage;
use crate::client::Client;
use crate::companion::Installation;
use crate::ledger::same_as_fresh;
use crate::observer::sse::Sse;
use crate::observer::websocket::WebSocket;
use crate::observer::{Link, Observer, Seen, Transport};

/// The number of random cursors of each kind.
const RANDOM: usize = 20;

/// Follows with every odd cursor over both transports.
pub(super) async fn run(stage: &Stage, rng: &mut Rng) -> Result<()> {
    let client = &stage.companion.client;
    let pieces = (0..30).map(|n| format!("{n} ")).collect();
    let answer = Answer { pieces, delay_ms: 2, ..Answer::default() };
    stage.upstream.script(Script::always([Step::Answer(answer)]));
    let worker = talk(client, rng).await?;
    let other = talk(client, rng).await?;
    let cursor = client.settled(worker).await?.cursor;
    let (log, seq) = cursor.parts()?;

    let mut odd = vec![
        ("of another conversation", client.settled(other).await?.cursor.to_string()),
        ("from the future", Cursor::new(log, seq + 1).to_string()),
        ("from the far future", Cursor::new(log, u64::MAX).to_string()),
        ("of another database", elsewhere(stage, rng).await?),
        ("of another log", Cursor::new(LogId(log.0 ^ 1), seq).to_string()),
        ("before the first event", Cursor::new(log, 0).to_string()),
        ("in capitals", cursor.as_str().to_uppercase() + "A"),
        ("cut short", cursor.as_str()[..16].to_owned()),
        ("of 10 KB", "1".repeat(10 * 1024)),
        ("of 10 KB of digits", format!("{cursor}{}", "0".repeat(10 * 1024))),
    ];
    for _ in 0..RANDOM {
        let length = rng.usize(1..60);
        odd.push(("of random letters", (0..length).map(|_| rng.alphanumeric()).collect()));
        let hex = (0..rng.usize(18..40)).map(|_| rng.digit(16)).collect();
        odd.push(("of random digits", hex));
    }
    for (what, cursor) in &odd {
        for transport in [Transport::WebSocket, Transport::Sse] {
            let link = Link::open(client, worker, transport, Some(cursor)).await;
            let link = link.with_context(|| format!("a cursor {what} over {transport:?}"))?;
            stale(client, worker, link)
                .await
                .with_context(|| format!("a cursor {what} over {transport:?}"))?;
        }
    }
    let bytes = bytes(client, worker, rng).await?;
    let fitting = between(client, worker, log, seq).await?;
    println!("odd cursors              {:>8}", 2 * odd.len() + bytes);
    println!("cursors within the fold  {fitting:>8}");
    Ok(())
}

/// A conversation with one finished turn.
async fn talk(client: &Client, rng: &mut Rng) -> Result<WorkerId> {
    let worker = client.create().await?.worker_id;
    client.send(worker, &super::message(rng)).await?;
    client.settled(worker).await?;
    Ok(worker)
}

/// A cursor from another companion's database.
async fn elsewhere(stage: &Stage, rng: &mut Rng) -> Result<String> {
    let place = Installation::new(&stage.binary, &crate::companion::answered_by(&stage.upstream))?;
    let companion = place.start().await?;
    let worker = talk(&companion.client, rng).await?;
    let cursor = companion.client.settled(worker).await?.cursor.to_string();
    companion.kill().await?;
    Ok(cursor)
}

/// Expects a notice, a snapshot, and the same state as a new reader's.
async fn stale(client: &Client, worker: WorkerId, mut link: Link) -> Result<()> {
    let mut observer = Observer::new(worker, Transport::Sse);
    match link.next().await?.map(|frame| observer.take(frame)).transpose()? {
        Some(Seen::Notice(error)) if error.code == ErrorCode::StaleCursor => {}
        other => bail!("no notice of a stale cursor came, but {other:?}"),
    }
    match link.next().await?.map(|frame| observer.take(frame)).transpose()? {
        Some(Seen::Snapshot) => {}
        other => bail!("no snapshot followed the notice, but {other:?}"),
    }
    let view = observer.view.as_ref().context("no snapshot")?;
    Ok(same_as_fresh(view, &client.settled(worker).await?)?)
}

/// Bytes that are not valid text: in the URL, and unescaped in the header.
async fn bytes(client: &Client, worker: WorkerId, rng: &mut Rng) -> Result<usize> {
    let raw = |rng: &mut Rng| -> Vec<u8> {
        // A header may contain any bytes except control characters.
        (0..rng.usize(1..40))
            .map(|_| [rng.u8(0x21..0x7f), rng.u8(0x80..)][rng.usize(0..2)])
            .collect()
    };
    for _ in 0..RANDOM {
        let id = raw(rng);
        let sse = Sse::open_raw(client, worker, "", Some(&id)).await?;
        stale(client, worker, Link::Sse(sse))
            .await
            .with_context(|| format!("Last-Event-ID: {}", id.escape_ascii()))?;
    }
    // In the URL all bytes are escaped, so control characters are possible, too.
    for _ in 0..RANDOM {
        let escaped: String =
            (0..rng.usize(1..40)).map(|_| format!("%{:02x}", rng.u8(..))).collect();
        let sse = Sse::open_raw(client, worker, &format!("?cursor={escaped}"), None).await?;
        stale(client, worker, Link::Sse(sse)).await.with_context(|| escaped.clone())?;
        let socket = WebSocket::open(client, worker, Some(&escaped)).await?;
        let link = Link::WebSocket(Box::new(socket));
        stale(client, worker, link).await.with_context(|| escaped.clone())?;
    }
    let empty = WebSocket::open(client, worker, Some("")).await?;
    stale(client, worker, Link::WebSocket(Box::new(empty))).await.context("an empty cursor")?;
    Ok(3 * RANDOM + 1)
}

/// Cursors from before the deltas were folded still resume: the first event after them may only
/// repeat the folded run that contains the cursor.
async fn between(client: &Client, worker: WorkerId, log: LogId, last: u64) -> Result<u64> {
    for seq in 1..last {
        for transport in [Transport::WebSocket, Transport::Sse] {
            let cursor = Cursor::new(log, seq);
            let mut link = Link::open(client, worker, transport, Some(cursor.as_str())).await?;
            let Some(protocol::Frame::Event(envelope)) = link.next().await? else {
                bail!("the cursor at {seq} got no event");
            };
            let (first, end) = (envelope.event.first_seq(), envelope.event.seq);
            ensure!(
                (first..=end).contains(&(seq + 1)),
                "the cursor at {seq} was followed by {first} to {end}"
            );
        }
    }
    Ok(2 * (last - 1))
}
