//! Measures how long a start takes that finds a long log and many unfinished turns.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use protocol::{AccountId, EventBody, LogId, TurnState};
use store::{Append, Durability, Store as _};
use store_sqlite::Sqlite;
use upstream::Upstream;

use crate::companion::{Installation, answered_by};
use crate::{database, sample};

/// The number of pieces in a finished turn before they are folded.
const PIECES: u64 = 8;

/// The number of finished turns of one conversation that are written at once.
const TURNS: u64 = 50;

/// Measure the recovery of a long log with many unfinished turns
#[derive(Args)]
pub struct Options {
    /// Events in the log
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Unfinished turns in the log; half of the events belong to them
    #[arg(long, default_value_t = 200)]
    turns: u64,
    /// Recoveries to measure, each of the same log
    #[arg(long, default_value_t = 5)]
    runs: u32,
}

/// Writes the log, recovers it several times, and prints a table. Errors if a turn is still
/// unfinished or has lost text.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let upstream = Upstream::start().await?;
    let place = Installation::new(binary, &answered_by(&upstream))?;
    let result = measure(&place, options).await;
    place.close(result)
}

async fn measure(place: &Installation, options: &Options) -> Result<()> {
    let original = tempfile::tempdir()?;
    let written = write(original.path(), options).await?;
    let (mut recoveries, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let _ = fs::remove_dir_all(place.data());
        fs::create_dir(place.data())?;
        for file in fs::read_dir(original.path())? {
            let file = file?;
            fs::copy(file.path(), place.data().join(file.file_name()))?;
        }
        let companion = place.start().await?;
        recoveries.push(companion.ready_in);
        for n in 0..options.turns {
            let whole = companion.client.transcript(sample::worker_id(n)).await?;
            for turn in &whole.turns {
                if !turn.state.is_final() {
                    bail!("a turn is still {:?}", turn.state);
                }
            }
            let last = whole.turns.last().map(|turn| turn.state);
            ensure!(last == Some(TurnState::Interrupted), "the last turn is {last:?}");
            let kept = whole.messages.last().map_or(0, |message| message.text.len());
            ensure!(kept as u64 == written.text, "{kept} of {} bytes are kept", written.text);
        }
        companion.kill().await?;
        database::check(&place.data())?;
        // The same log, with nothing left to recover.
        let companion = place.start().await?;
        starts.push(companion.ready_in);
        companion.kill().await?;
    }
    println!("events in the log        {:>8}", written.events);
    println!("unfinished turns         {:>8}", options.turns);
    println!("recoveries               {:>8}", options.runs);
    println!("  spawn to ready, ms     {}", spread(recoveries));
    println!("  with nothing to do, ms {}", spread(starts));
    Ok(())
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(0, Duration::as_millis);
    let middle = times.get(times.len() / 2);
    format!("{:>8} median, {} at most", ms(middle), ms(times.last()))
}

struct Written {
    events: u64,
    /// The bytes of text in each unfinished turn.
    text: u64,
}

/// Writes the log directly into the store, because playing it through a companion would take an
/// hour.
async fn write(folder: &Path, options: &Options) -> Result<Written> {
    let store = Sqlite::open(folder)?;
    // The events of a folded turn: message, acceptance, beginning, one delta, end.
    let finished = options.events / 2 / 5 / options.turns;
    let deltas = (options.events / 2 / options.turns).saturating_sub(4).max(1);
    for n in 0..options.turns {
        let mut worker = sample::worker(n);
        let mut seq = 0;
        let (title, profile) = (None, worker.profile.clone());
        let mut turns = (0..finished).map(|turn| n * (finished + 1) + turn);
        let mut bodies = vec![EventBody::WorkerCreated { title, profile }];
        loop {
            let events = sample::after(seq, std::mem::take(&mut bodies));
            events.iter().for_each(|event| worker.apply(event));
            let (first, last) = (seq == 0, events.last().map_or(seq, |event| event.seq));
            let (worker, durability) = (worker.clone(), Durability::Process);
            let append = Append {
                worker_id: worker.worker_id,
                summary: Some(worker),
                events,
                durability,
                prompt: None,
            };
            if first {
                store.create(AccountId::FIRST, LogId(n + 1), append).await?;
            } else if !append.events.is_empty() {
                store.append(append).await?;
            }
            seq = last;
            for turn in turns.by_ref().take(usize::try_from(TURNS)?) {
                bodies.extend(sample::begun(turn, PIECES));
                bodies.push(sample::ended(turn));
            }
            if bodies.is_empty() {
                break;
            }
        }
        let events = sample::after(seq, sample::begun(n * (finished + 1) + finished, deltas));
        events.iter().for_each(|event| worker.apply(event));
        let durability = Durability::Process;
        store
            .append(Append {
                worker_id: worker.worker_id,
                summary: Some(worker),
                events,
                durability,
                prompt: None,
            })
            .await?;
    }
    store.close().await;
    let text = sample::PIECE.len() as u64 * deltas;
    Ok(Written { events: database::events(folder)?, text })
}
