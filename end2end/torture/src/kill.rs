//! Kills the companion at random moments, and checks after each restart that nothing was lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use fastrand::Rng;
use protocol::WorkerId;
use upstream::{Answer, Script, Step, Upstream};

use crate::companion::{Companion, Installation, answered_by};
use crate::ledger::Ledger;
use crate::observer::{Observer, Transport};
use crate::times::exactly;
use crate::{database, seed};
use moment::{Moment, Strike};
use traffic::{SharedObserver, Traffic, lock};

mod audit;
mod moment;
mod speaker;
pub(crate) mod text;
mod traffic;

/// The number of conversations that run at the same time.
const WORKERS: usize = 4;

/// The number of different replies of the upstream, fast and slow ones.
const REPLIES: usize = 32;

/// Kill it by SIGKILL at random moments
#[derive(Args)]
pub struct Options {
    /// How many times to kill the companion
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Seed of all random choices; random itself unless it is given
    #[arg(long)]
    seed: Option<u64>,
}

/// The state that outlives one process.
struct Driver {
    place: Installation,
    upstream: Upstream,
    rng: Rng,
    ledger: Arc<Mutex<Ledger>>,
    workers: Vec<WorkerId>,
    observers: Vec<SharedObserver>,
    figures: Figures,
}

#[derive(Default)]
struct Figures {
    kills: u32,
    strikes: BTreeMap<Strike, u32>,
    /// The number of kills that left an incomplete transaction.
    torn: u32,
    frames: u64,
    starts: u32,
    slowest_start: Duration,
    last_start: Duration,
}

/// Kills, checks and prints a table. The error is the first loss.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let rng = seed::rng(options.seed);
    let upstream = Upstream::start().await?;
    // More frames than by default give more commits that a kill can hit.
    let lines = format!("{}delta_ms = 5\n", answered_by(&upstream));
    let place = Installation::new(binary, &lines)?;
    let mut driver = Driver {
        place,
        upstream,
        rng,
        ledger: Arc::new(Mutex::new(Ledger::new(text::answer))),
        workers: Vec::new(),
        observers: Vec::new(),
        figures: Figures::default(),
    };
    let result = driver.torture(options.kills).await;
    if result.is_ok() {
        driver.report();
    }
    driver.place.close(result)
}

impl Driver {
    async fn torture(&mut self, kills: u32) -> Result<()> {
        let mut companion = self.start().await?;
        for n in 0..WORKERS {
            let worker = companion.client.create().await?.worker_id;
            lock(&self.ledger).created(worker);
            self.workers.push(worker);
            for transport in [Transport::WebSocket, Transport::Sse] {
                self.observers.push(Arc::new(Mutex::new(Observer::new(worker, transport))));
            }
            // An observer that starts without a cursor each time.
            let transport = [Transport::WebSocket, Transport::Sse][n % 2];
            self.observers.push(Arc::new(Mutex::new(Observer::new(worker, transport))));
        }
        loop {
            self.round(companion).await?;
            while self.figures.kills < kills && self.rng.u8(0..100) < 35 {
                self.kill_while_it_starts().await?;
            }
            self.upstream.script(Script::default());
            companion = self.start().await?;
            // The ledger is cloned, because a lock would be held across awaits; nothing else writes
            // into it now.
            let mut ledger = lock(&self.ledger).clone();
            let (client, rng) = (&companion.client, &mut self.rng);
            audit::audit(client, &mut ledger, &self.workers, &self.observers, rng)
                .await
                .with_context(|| format!("after kill {}", self.figures.kills))?;
            *lock(&self.ledger) = ledger;
            if self.figures.kills >= kills {
                return companion.kill().await;
            }
        }
    }

    async fn start(&mut self) -> Result<Companion> {
        let companion = self.place.start().await?;
        let figures = &mut self.figures;
        figures.starts += 1;
        figures.last_start = companion.ready_in;
        figures.slowest_start = figures.slowest_start.max(companion.ready_in);
        Ok(companion)
    }

    /// Runs traffic until the kill, and records what all observers were shown by then.
    async fn round(&mut self, companion: Companion) -> Result<()> {
        let script = self.script();
        self.upstream.script(script);
        let mut traffic = Traffic::new(companion.client.clone(), self.ledger.clone());
        for (n, observer) in self.observers.iter().enumerate() {
            if n % 3 == 2 {
                let mut observer = lock(observer);
                *observer = Observer::new(observer.worker, observer.transport);
            }
            let slow = if self.rng.u8(0..4) == 0 { self.rng.u64(1..200) } else { 0 };
            traffic.follow(observer.clone(), Duration::from_millis(slow));
        }
        for worker in &self.workers {
            traffic.converse(*worker, self.rng.fork());
        }
        traffic.visit(self.rng.fork());
        Moment::choose(&mut self.rng).comes(&traffic.activity).await;

        traffic.activity.dying.store(true, SeqCst);
        let strike = Strike::at(&traffic.activity, &self.observers);
        companion.kill().await?;
        self.figures.frames += traffic.activity.frames.load(SeqCst);
        traffic.end().await?;
        for observer in &self.observers {
            if let Some(view) = &lock(observer).view {
                lock(&self.ledger).shows(view)?;
            }
        }
        self.killed(strike)
    }

    async fn kill_while_it_starts(&mut self) -> Result<()> {
        let starting = self.place.spawn()?;
        let usual = u64::try_from(self.figures.last_start.as_micros())?;
        exactly(Duration::from_micros(self.rng.u64(0..usual.max(1)))).await;
        starting.kill().await?;
        self.killed(Strike::StartUp)
    }

    fn killed(&mut self, strike: Strike) -> Result<()> {
        self.figures.kills += 1;
        *self.figures.strikes.entry(strike).or_default() += 1;
        self.figures.torn += u32::from(database::is_torn(&self.place.data())?);
        database::check(&self.place.data())
            .with_context(|| format!("the database after kill {}", self.figures.kills))
    }

    fn script(&mut self) -> Script {
        let replies = (0..REPLIES).map(|_| {
            let delay_ms = [0, 0, 1, 3, 10, 25][self.rng.usize(0..6)];
            let mut steps = vec![Step::Answer(Answer { delay_ms, ..Answer::default() })];
            if self.rng.u8(0..4) == 0 {
                steps.insert(0, Step::Delay { ms: self.rng.u64(0..300) });
            }
            steps
        });
        Script { replies: replies.collect(), ..Script::default() }
    }

    fn report(&self) {
        let figures = &self.figures;
        let ledger = lock(&self.ledger);
        let (sent, acknowledged) = ledger.counts();
        println!("kills                    {:>8}", figures.kills);
        for (strike, count) in &figures.strikes {
            println!("  {:<22} {count:>8}", strike.to_string());
        }
        println!("  of all, in a commit    {:>8}", figures.torn);
        println!("messages sent            {sent:>8}");
        println!("  acknowledged           {acknowledged:>8}");
        println!("frames shown             {:>8}", figures.frames);
        println!("bytes shown and checked  {:>8}", ledger.bytes_shown());
        println!("losses                   {:>8}", 0);
        println!("slowest recovery, ms     {:>8}", figures.slowest_start.as_millis());
    }
}
