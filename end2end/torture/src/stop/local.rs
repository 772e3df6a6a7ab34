//! Cancels turns of the local model: while it is loaded, in its queue, while it reads a prompt, and
//! while it writes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use protocol::TurnState;
use protocol::api::SendMessage;

use super::witness::{Verdict, Witness};
use crate::companion::{Companion, HANG, Installation};
use crate::seed;
use crate::times::{self, Times, exactly};

/// The number of words of a prompt that takes long to read and fits the model's window.
const LONG_PROMPT: usize = 700;

/// How long the model's process is watched after an acknowledgement, and how long a process that
/// has halted may still have worked during that time.
const WATCH: Duration = Duration::from_millis(200);
const WORK: Duration = Duration::from_millis(50);

/// Runs all cases `rounds` times.
pub(super) async fn run(binary: &Path, rounds: u32, rng: &mut Rng) -> Result<()> {
    println!("{}", times::head("local model", 26));
    // The model is unloaded after each question, so that each one loads it again.
    let place = Installation::new(binary, "provider = \"local\"\nlocal_idle_ms = 1\n")?;
    let result = loading(&place, rounds, rng).await;
    let mut all = place.close(result)?;
    println!("  {:<24} {all}", "while it loads");

    let place = Installation::new(binary, "provider = \"local\"\nlocal_load = \"start\"\n")?;
    let result = loaded(&place, rounds, rng).await;
    for (name, times) in place.close(result)? {
        println!("  {name:<24} {times}");
        all.extend(&times);
    }
    println!("{:<26} {all}", "all");
    Ok(())
}

async fn loading(place: &Installation, rounds: u32, rng: &mut Rng) -> Result<Times> {
    let companion = place.start().await?;
    let (mut times, mut verdicts) = (Times::default(), Vec::new());
    for _ in 0..rounds {
        no_child(&companion).await?;
        let witness = ask(&companion, rng, 1).await?;
        exactly(Duration::from_micros(rng.u64(0..100_000))).await;
        let (took, verdict) = cancel(&companion, witness).await.context("while it loads")?;
        times.add(took);
        verdicts.push(verdict);
    }
    stand(&companion, &verdicts).await?;
    Ok(times)
}

async fn loaded(
    place: &Installation,
    rounds: u32,
    rng: &mut Rng,
) -> Result<Vec<(&'static str, Times)>> {
    let companion = place.start().await?;
    let (mut verdicts, mut queue) = (Vec::new(), Times::default());
    let (mut reading, mut writing) = (Times::default(), Times::default());
    // The first turn waits until the model is loaded.
    let mut first = ask(&companion, rng, 1).await?;
    first.sees(|seen| seen.text > 0).await?;
    verdicts.push(cancel(&companion, first).await?.1);
    for _ in 0..rounds {
        let mut running = ask(&companion, rng, 1).await?;
        running.sees(|seen| seen.text > 0).await.context("the model generates no text")?;
        let mut waiting = ask(&companion, rng, 1).await?;
        waiting.sees(|seen| seen.waiting).await.context("a second turn does not wait")?;
        let (took, verdict) = cancel(&companion, waiting).await.context("in the queue")?;
        queue.add(took);
        verdicts.push(verdict);

        let (took, verdict) = cancel(&companion, running).await.context("while it writes")?;
        halted(&companion).await.context("while it writes")?;
        writing.add(took);
        verdicts.push(verdict);

        let mut witness = ask(&companion, rng, LONG_PROMPT).await?;
        witness.sees(|seen| seen.generating).await.context("the model does not begin to read")?;
        exactly(Duration::from_micros(rng.u64(0..300_000))).await;
        let early = witness.glimpse().text == 0;
        let (took, verdict) = cancel(&companion, witness).await.context("while it reads")?;
        halted(&companion).await.context("while it reads")?;
        ensure!(early, "the model had read {LONG_PROMPT} words already");
        reading.add(took);
        verdicts.push(verdict);
    }
    stand(&companion, &verdicts).await?;
    Ok(vec![("in the queue", queue), ("while it reads", reading), ("while it writes", writing)])
}

/// Starts a conversation whose first message has `words` random words.
async fn ask(companion: &Companion, rng: &mut Rng, words: usize) -> Result<Witness> {
    let id = seed::message_id(rng);
    // The words are random, so that the model cannot reuse what it has read before.
    let words: String = (0..words).map(|_| format!("{} ", rng.u8(10..100))).collect();
    let text = format!("{words}Write a long story about {id}.");
    Witness::of(&companion.client, &SendMessage::new(id, text)).await
}

async fn cancel(companion: &Companion, witness: Witness) -> Result<(Duration, Verdict)> {
    let begun = Instant::now();
    let stopped = companion.client.cancel(witness.worker).await?.turn;
    let took = begun.elapsed();
    match stopped.map(|turn| turn.state) {
        Some(TurnState::Cancelled) => {}
        other => bail!("the cancel was acknowledged with {other:?}"),
    }
    Ok((took, witness.judge(&[TurnState::Cancelled]).await?))
}

async fn stand(companion: &Companion, verdicts: &[Verdict]) -> Result<()> {
    for verdict in verdicts {
        verdict.stands(&companion.client).await?;
    }
    Ok(())
}

/// Errors if the model's process is still working.
async fn halted(companion: &Companion) -> Result<()> {
    let before = child(companion)?.context("the model's process is gone")?.1;
    tokio::time::sleep(WATCH).await;
    let after = child(companion)?.context("the model's process is gone")?.1;
    let work = after.saturating_sub(before);
    ensure!(work < WORK, "the model was at work for {work:?} of {WATCH:?} after its stop");
    Ok(())
}

async fn no_child(companion: &Companion) -> Result<()> {
    let gone = async {
        while child(companion)?.is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    };
    tokio::time::timeout(HANG, gone).await.context("the model is not unloaded")?
}

/// The model's process, which the companion's only child, the spawner, starts, and its processor time.
fn child(companion: &Companion) -> Result<Option<(u32, Duration)>> {
    let companion = companion.pid().context("the companion is gone")?;
    for (spawner, _) in children(companion)? {
        if let Some(child) = children(spawner)?.pop() {
            return Ok(Some(child));
        }
    }
    Ok(None)
}

/// The children of a process, each with its processor time.
fn children(parent: u32) -> Result<Vec<(u32, Duration)>> {
    /// The kernel's clock tick as programs see it: 100 a second on every Linux.
    const TICK: Duration = Duration::from_millis(10);
    let (parent, mut children) = (parent.to_string(), Vec::new());
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // The process may have ended meanwhile.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // After the name in brackets come the state, the parent and so on; user and system time are
        // the 12th and the 13th field.
        let fields: Vec<_> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let [state, ppid, ..] = fields[..] else { continue };
        if ppid == parent && state != "Z" {
            let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
            let ticks = ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0);
            children.push((pid, TICK * ticks));
        }
    }
    Ok(children)
}
