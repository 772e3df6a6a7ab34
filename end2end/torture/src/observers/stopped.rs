//! Readers that stop reading, beside many that do not: nobody waits for them, the companion's
//! memory stays bounded, and their places are freed.

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

/// The number of stopped readers over each transport.
const STOPPED: usize = 10;

/// The bytes of one answer in the log that a stopped reader is sent.
const ANSWER_BYTES: usize = 1_000_000;

/// How much the companion's memory may grow by besides the data of each stopped reader: one read's
/// worth of events, which may be all of that log, and the frame that is being sent.
const SLACK_BYTES: u64 = 32 << 20;

/// How much longer a turn may take beside stopped readers, in addition to twice its usual time.
const SLACK: Duration = Duration::from_millis(1000);

/// How long it may take to free a stopped reader's place: two unanswered pings, the data being
/// sent, and some time for a busy machine.
const FREED: Duration = Duration::from_millis(6 * PING_MS + 10_000);

/// Measures a turn without stopped readers, and then beside them.
pub(super) async fn run(stage: &Stage, readers: usize, rng: &mut Rng) -> Result<()> {
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

/// The number of answers that exceed all the buffers between the companion and a stopped reader:
/// the kernel's largest send buffer of a socket, and the buffers of libraries.
fn answers_that_fill_a_socket() -> usize {
    const USUAL: usize = 4 << 20;
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap_or_default();
    let most = limits.split_whitespace().next_back().and_then(|most| most.parse().ok());
    most.unwrap_or(USUAL).min(16 * USUAL) / ANSWER_BYTES + 3
}

/// Readers that keep reading, each in a task of its own.
struct Crowd {
    worker: WorkerId,
    readers: JoinSet<Result<()>>,
    /// The ends of turns that readers have seen; each reader reports every turn.
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
                // No time limit here, because the other work may take long.
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

    /// Runs a turn; returns the time from the send until the last reader saw its end.
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

/// Starts readers that ask for the whole log and read none of it.
async fn stop(stage: &Stage, worker: WorkerId, begin: &Cursor) -> Result<Vec<Raw>> {
    let mut stopped = Vec::new();
    for _ in 0..STOPPED {
        for transport in [Transport::WebSocket, Transport::Sse] {
            let query = format!("?cursor={begin}");
            let address = stage.companion.address;
            let mut raw = Raw::open(address, worker, transport, &query, b"").await?;
            let status = raw.status().await?;
            ensure!(matches!(status, 101 | 200), "a reader was refused with {status}");
            // When the first bytes arrive, the server has read this reader's part of the log.
            raw.stream.readable().await?;
            stopped.push(raw);
        }
    }
    Ok(stopped)
}

/// Waits until the companion has dropped all of them; returns the time that this took.
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

/// The peers' ports of the companion's open connections, from the kernel's table.
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
