//! Readers that stop reading, beside many that do not: nobody waits for them, the companion
//! does not grow, and their places come free again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use protocol::{Cursor, EventBody, Frame, TurnId, WorkerId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use upstream::{Answer, Script, Step};

use super::{PING_MS, Stage};
use crate::companion::HANG;
use crate::observer::{Observer, Transport};
use crate::raw::Raw;

/// Readers that stop, over each transport.
const STOPPED: usize = 10;

/// Bytes of an answer in the log that a stopped reader is sent.
const ANSWER_BYTES: usize = 1_000_000;

/// What the companion may grow by besides what each stopped reader holds: one read's worth of
/// events, which may be all of that log, and the frame that is on its way.
const SLACK_BYTES: u64 = 32 << 20;

/// What a turn may take longer beside stopped readers, besides twice its usual time.
const SLACK: Duration = Duration::from_millis(1000);

/// Until a stopped reader's place has to be free: two unanswered pings and what may be under
/// way, and time for a busy machine.
const FREED: Duration = Duration::from_millis(6 * PING_MS + 10_000);

/// Measures a turn without stopped readers, then beside them.
pub async fn run(stage: &Stage, readers: usize, rng: &mut Rng) -> Result<()> {
    let client = &stage.companion.client;
    let worker = client.create().await?.worker_id;
    let begin = client.settled(worker).await?.cursor;
    let answers = answers_that_fill_a_socket();
    let text = "0123456789abcde ".repeat(ANSWER_BYTES / 16);
    let pieces =
        text.as_bytes().chunks(16 * 1024).map(|piece| String::from_utf8_lossy(piece).into());
    let long = Answer { pieces: pieces.collect(), ..Answer::default() };
    stage.upstream.script(Script::always([Step::Answer(long)]));
    for _ in 0..answers {
        client.send(worker, &super::message(rng)).await?;
        client.settled(worker).await?;
    }
    let pieces = (0..100).map(|n| format!("{n} ")).collect();
    let answer = Answer { pieces, delay_ms: 3, ..Answer::default() };
    stage.upstream.script(Script::always([Step::Answer(answer)]));

    let mut crowd = Crowd::gather(stage, worker, readers).await?;
    crowd.turn(stage, rng).await?;
    let usual = crowd.turn(stage, rng).await?;
    let before = stage.companion.memory()?;
    let beside = async {
        let stopped = stop(stage, worker, &begin).await?;
        Ok((stopped, crowd.turn(stage, rng).await?))
    };
    let ((stopped, beside), most) = stage.companion.watched(beside).await?;
    let grown = most.saturating_sub(before);
    let freed = free(stage, stopped).await?;
    println!("readers                  {readers:>8}");
    println!("  stopped ones           {:>8}", 2 * STOPPED);
    println!("  a turn usually, ms     {:>8}", usual.as_millis());
    println!("  beside stopped ones    {:>8}", beside.as_millis());
    println!("  memory grew by, KiB    {:>8}", grown / 1024);
    println!("  stopped ones gone, ms  {:>8}", freed.as_millis());
    ensure!(beside < 2 * usual + SLACK, "readers waited for the stopped ones");
    let held = (answers + 1) * ANSWER_BYTES * 2 * STOPPED;
    let most = held as u64 + SLACK_BYTES;
    ensure!(grown < most, "memory grew by {grown} bytes; {most} are allowed");
    Ok(())
}

/// How many answers are more than all the buffers between the companion and a stopped reader
/// hold: what the kernel lets a socket's send buffer grow to, and what libraries keep.
fn answers_that_fill_a_socket() -> usize {
    const USUAL: usize = 4 << 20;
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap_or_default();
    let most = limits.split_whitespace().next_back().and_then(|most| most.parse().ok());
    most.unwrap_or(USUAL).min(16 * USUAL) / ANSWER_BYTES + 3
}

/// Readers who read, each in a task of its own, whatever else goes on.
struct Crowd {
    worker: WorkerId,
    readers: JoinSet<Result<()>>,
    /// The turns whose end a reader has seen, once from each.
    ends: mpsc::Receiver<(TurnId, Instant)>,
}

impl Crowd {
    async fn gather(stage: &Stage, worker: WorkerId, count: usize) -> Result<Self> {
        let client = &stage.companion.client;
        let mut first = Observer::new(worker, Transport::WebSocket);
        let mut link = first.connect(client).await?;
        first.next(&mut link, false).await?;
        let (seen, ends) = mpsc::channel(count);
        let mut readers = JoinSet::new();
        for n in 0..count {
            let transport = [Transport::WebSocket, Transport::Sse][n % 2];
            let mut observer = Observer { transport, ..first.clone() };
            let mut link = observer.connect(client).await?;
            let seen = seen.clone();
            readers.spawn(async move {
                // Silence is no hunger here: the others' work may take long.
                while let Some(frame) = link.next().await? {
                    let ended = match &frame {
                        Frame::Event(envelope) => ended(&envelope.event.body),
                        _ => None,
                    };
                    observer.take(frame)?.check(worker, true)?;
                    if let Some(turn) = ended {
                        seen.send((turn, Instant::now())).await?;
                    }
                }
                bail!("a reader's stream ended by itself")
            });
        }
        Ok(Self { worker, readers, ends })
    }

    /// A turn; how long it took from the send until the last reader saw its end.
    async fn turn(&mut self, stage: &Stage, rng: &mut Rng) -> Result<Duration> {
        let begun = Instant::now();
        let accepted = stage.companion.client.send(self.worker, &super::message(rng)).await?;
        let (mut left, mut last) = (self.readers.len(), begun);
        let all = async {
            while left > 0 {
                tokio::select! {
                    Some((turn, at)) = self.ends.recv() => {
                        if turn == accepted.turn.turn_id {
                            left -= 1;
                            last = last.max(at);
                        }
                    }
                    Some(reader) = self.readers.join_next() => reader??,
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(HANG, all).await.context("a reader does not see the end")??;
        Ok(last - begun)
    }
}

fn ended(body: &EventBody) -> Option<TurnId> {
    match body {
        EventBody::TurnEnded { turn_id, .. } => Some(*turn_id),
        _ => None,
    }
}

/// Readers who ask for the whole log and read nothing of it.
async fn stop(stage: &Stage, worker: WorkerId, begin: &Cursor) -> Result<Vec<Raw>> {
    let mut stopped = Vec::new();
    for _ in 0..STOPPED {
        for transport in [Transport::WebSocket, Transport::Sse] {
            let query = format!("?cursor={begin}");
            let address = stage.companion.address;
            let mut raw = Raw::open(address, worker, transport, &query, b"").await?;
            let status = raw.status().await?;
            ensure!(matches!(status, 101 | 200), "a reader was refused with {status}");
            // Its part of the log has been read when the first of it comes.
            raw.stream.readable().await?;
            stopped.push(raw);
        }
    }
    Ok(stopped)
}

/// Waits until the companion has dropped all of them; how long that took.
async fn free(stage: &Stage, stopped: Vec<Raw>) -> Result<Duration> {
    let begun = Instant::now();
    let port = stage.companion.address.port();
    let mut ours = Vec::new();
    for raw in &stopped {
        ours.push(raw.stream.local_addr()?.port());
    }
    loop {
        let open = established(port)?.into_iter().filter(|peer| ours.contains(peer)).count();
        if open == 0 {
            drop(stopped);
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < FREED.min(HANG), "{open} stopped readers keep their places");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The peers' ports of the companion's open connections, as the kernel lists them.
fn established(port: u16) -> Result<Vec<u16>> {
    let table = std::fs::read_to_string("/proc/net/tcp").context("no table of connections")?;
    let end = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let rows = table.lines().skip(1).filter_map(|row| {
        let mut fields = row.split_whitespace().skip(1);
        let (local, peer, state) = (fields.next()?, fields.next()?, fields.next()?);
        // 01 is ESTABLISHED, the only state in which the server still holds its end.
        (end(local)? == port && state == "01").then(|| end(peer))?
    });
    Ok(rows.collect())
}
