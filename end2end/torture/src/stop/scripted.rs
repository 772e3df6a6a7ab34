//! Cancels turns of the scripted upstream, whose own log tells when the connection was closed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use protocol::TurnState;
use protocol::api::SendMessage;
use serde_json::json;
use upstream::{Answer, Entry, Log, Script, Step, Upstream};

use super::witness::{Verdict, Witness};
use crate::companion::{Companion, HANG, Installation, answered_by};
use crate::seed;
use crate::times::{self, Times, exactly};

/// Where and how a turn is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Case {
    AtOnce,
    BeforeHeaders,
    BeforeText,
    MidStream,
    AtTheEnd,
    Twice,
    AnotherTab,
    Delete,
    SlowStore,
}

const CASES: [(Case, &str); 9] = [
    (Case::AtOnce, "right after the send"),
    (Case::BeforeHeaders, "before the headers"),
    (Case::BeforeText, "before the first text"),
    (Case::MidStream, "in mid-stream"),
    (Case::AtTheEnd, "racing the end"),
    (Case::Twice, "twice at once"),
    (Case::AnotherTab, "from another connection"),
    (Case::Delete, "by deleting"),
    (Case::SlowStore, "while the store is slow"),
];

/// How long the store is blocked: usually a short time, and in one round of a long run for longer
/// than the companion waits before a commit fails.
const AWAY_MS: std::ops::Range<u64> = 50..400;
const AWAY_LONG_MS: u64 = 6_000;
const LONG_RUN: u32 = 10;

/// How long the answer of [`Case::AtTheEnd`] pauses before its end, and when it is cancelled.
const PAUSE_MS: u64 = 20;
const RACE_US: std::ops::Range<u64> = 15_000..25_000;

struct Stage {
    place: Installation,
    upstream: Upstream,
    companion: Companion,
}

/// Runs all cases `rounds` times.
pub(super) async fn run(binary: &Path, rounds: u32, rng: &mut Rng) -> Result<()> {
    let upstream = Upstream::start().await?;
    let place = Installation::new(binary, &answered_by(&upstream))?;
    let companion = place.start().await?;
    let stage = Stage { place, upstream, companion };
    let result = stage.all(rounds, rng).await;
    stage.place.close(result)
}

impl Stage {
    async fn all(&self, rounds: u32, rng: &mut Rng) -> Result<()> {
        let (mut times, mut verdicts) = (BTreeMap::<Case, Times>::new(), Vec::new());
        for round in 1..=rounds {
            for (case, name) in CASES {
                let away = if round == LONG_RUN { AWAY_LONG_MS } else { rng.u64(AWAY_MS) };
                let stopped = self.stop(case, away, rng).await;
                let (took, verdict) = stopped.with_context(|| format!("{name}, round {round}"))?;
                times.entry(case).or_default().add(took);
                verdicts.push(verdict);
            }
        }
        for verdict in &verdicts {
            verdict.stands(&self.companion.client).await?;
        }
        println!("{}", times::head("scripted upstream", 26));
        let mut all = Times::default();
        for (case, name) in CASES {
            let times = &times[&case];
            println!("  {name:<24} {times}");
            // The test itself chooses how long the store is blocked, so this case does not count.
            if case != Case::SlowStore {
                all.extend(times);
            }
        }
        println!("{:<26} {all}", "all but the slow store");
        Ok(())
    }

    /// Cancels one turn; returns the time until the acknowledgement.
    async fn stop(&self, case: Case, away_ms: u64, rng: &mut Rng) -> Result<(Duration, Verdict)> {
        let client = &self.companion.client;
        self.upstream.script(Script::always(steps(case)));
        let id = seed::message_id(rng);
        let message = SendMessage::new(id, format!("Stop me: {id}"));
        let mut witness = Witness::of(client, &message).await?;
        let worker = witness.worker;
        match case {
            Case::AtOnce => {}
            Case::BeforeHeaders | Case::BeforeText => {
                let asked = self.upstream.wait(|log| entry(log, &message).is_some());
                let asked = tokio::time::timeout(HANG, asked).await;
                asked.context("the upstream is not asked")?;
                exactly(Duration::from_micros(rng.u64(0..20_000))).await;
            }
            Case::AtTheEnd => {
                witness.sees(|seen| seen.text > 0).await?;
                exactly(Duration::from_micros(rng.u64(RACE_US))).await;
            }
            Case::MidStream | Case::Twice | Case::AnotherTab | Case::Delete | Case::SlowStore => {
                let bytes = rng.usize(1..60);
                witness.sees(|seen| seen.text >= bytes).await?;
            }
        }
        let away = match case {
            Case::SlowStore => Some(self.keep_store(away_ms).await?),
            _ => None,
        };
        let begun = Instant::now();
        let stopped = match case {
            Case::AnotherTab => client.another()?.cancel(worker).await?.turn,
            Case::Twice => {
                let other = client.another()?;
                let (one, two) = tokio::join!(client.cancel(worker), other.cancel(worker));
                one?.turn.or(two?.turn)
            }
            Case::Delete => {
                client.delete(worker).await?;
                None
            }
            _ => client.cancel(worker).await?.turn,
        };
        let took = begun.elapsed();
        // This has to be checked immediately, before anything else is awaited.
        self.is_gone(case, &message)?;
        if let Some(away) = away {
            away.await??;
        }
        let verdict = match (case, stopped.map(|turn| turn.state)) {
            (Case::Delete, _) => witness.judge_deleted().await?,
            (Case::AtTheEnd, None | Some(TurnState::Completed)) => {
                witness.judge(&[TurnState::Completed]).await?
            }
            (_, Some(TurnState::Cancelled)) => witness.judge(&[TurnState::Cancelled]).await?,
            (_, other) => bail!("the cancel was acknowledged with {other:?}"),
        };
        Ok((took, verdict))
    }

    /// Checks in the upstream's log that its connection is closed.
    fn is_gone(&self, case: Case, message: &SendMessage) -> Result<()> {
        let log = self.upstream.log();
        let Some(entry) = entry(&log, message) else {
            ensure!(case == Case::AtOnce, "the upstream was never asked");
            return Ok(());
        };
        ensure!(
            entry.gone_ms.is_some() || entry.done_ms.is_some(),
            "the cancel was acknowledged while the upstream's connection was open"
        );
        Ok(())
    }

    /// Blocks the store's writes for a time, as a slow disk would: another connection holds the
    /// write lock. Returns once it does.
    async fn keep_store(&self, ms: u64) -> Result<tokio::task::JoinHandle<Result<()>>> {
        let file = self.place.database();
        let (kept, keeps) = tokio::sync::oneshot::channel();
        let keeping = tokio::task::spawn_blocking(move || {
            let db = rusqlite::Connection::open(file)?;
            db.busy_timeout(HANG)?;
            db.execute_batch("BEGIN IMMEDIATE")?;
            let _ = kept.send(());
            std::thread::sleep(Duration::from_millis(ms));
            Ok(db.execute_batch("ROLLBACK")?)
        });
        keeps.await.context("the store cannot be kept")?;
        Ok(keeping)
    }
}

/// The upstream's log entry for the request with `message`.
fn entry<'a>(log: &'a Log, message: &SendMessage) -> Option<&'a Entry> {
    log.requests.iter().rfind(|entry| {
        let messages = entry.body.as_ref().and_then(|body| body["messages"].as_array());
        messages.and_then(|all| all.last()).is_some_and(|last| last["content"] == message.text)
    })
}

/// The steps of the upstream in this case.
fn steps(case: Case) -> Vec<Step> {
    match case {
        Case::AtOnce => vec![Step::Delay { ms: 5 }, talk()],
        Case::BeforeHeaders => vec![Step::Silent],
        Case::BeforeText => vec![Step::Stream, Step::Silent],
        Case::AtTheEnd => {
            let chunk = |delta, finish: Option<&str>| Step::Data {
                json: json!({
                    "id": "x", "object": "chat.completion.chunk", "created": 1,
                    "model": "scripted-model",
                    "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
                }),
            };
            vec![
                Step::Stream,
                chunk(json!({ "content": "Nearly done." }), None),
                Step::Delay { ms: PAUSE_MS },
                chunk(json!({}), Some("stop")),
                Step::Text { text: "data: [DONE]\n\n".to_owned() },
            ]
        }
        _ => vec![talk()],
    }
}

/// An answer that takes longer than anybody waits.
fn talk() -> Step {
    let pieces = (0..100_000).map(|n| format!("{n} ")).collect();
    Step::Answer(Answer { pieces, delay_ms: 1, ..Answer::default() })
}
