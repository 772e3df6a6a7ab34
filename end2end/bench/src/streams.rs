//! Many streams at once: each answer is followed by one observer, or one answer by many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use protocol::WorkerId;
use tokio::task::JoinSet;

use crate::api::{self, Client};
use crate::endpoint::{Endpoint, spawn};
use crate::flushes::Disk;
use crate::frames::Form;
use crate::measured::{Figures, Samples};
use crate::observer::Observer;
use crate::process::Process;
use crate::seen::Seen;
use crate::server::{Binary, Place, Server, folder_bytes};

/// How many calls are made at the same time while a run is prepared.
const AT_ONCE: usize = 16;

/// A token counts as on time within this many milliseconds after the endpoint wrote it.
const ON_TIME_MS: f64 = 100.0;

/// How long a stream may take beyond its planned length.
const PATIENCE: Duration = Duration::from_secs(90);

/// The size of a load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Answers at the same time.
    pub streams: usize,
    /// Observers of each answer.
    pub observers: usize,
    pub form: Form,
    pub tokens_per_second: u32,
    pub seconds: u32,
    /// The time over which the beginnings of the streams are spread.
    pub ramp: Duration,
    /// How long the server rests after the load, before its memory is read once more.
    pub rest: Option<Duration>,
}

impl Load {
    pub fn tokens(&self) -> u32 {
        self.tokens_per_second * self.seconds
    }

    pub fn interval_us(&self) -> u64 {
        1_000_000 / u64::from(self.tokens_per_second)
    }

    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds.into()) + self.ramp + PATIENCE
    }
}

/// What a load showed: the figures, and the observers that were not given what was sent.
pub struct Shown {
    pub figures: Figures,
    pub faults: Vec<String>,
}

/// Puts a load on a fresh companion.
pub async fn run(binary: &Binary, load: Load) -> Result<Shown> {
    let endpoint = Endpoint::start(load.tokens(), load.interval_us()).await?;
    let place = Place::new(binary, &endpoint.base_url, load.streams * load.observers)?;
    let server = place.start().await?;
    let idle = server.process.memory()?;
    let client = &server.client;
    let workers = stream::iter(0..load.streams).map(|_| client.create());
    let workers: Vec<WorkerId> = workers.buffer_unordered(AT_ONCE).try_collect().await?;
    let paths = workers.iter().map(|worker| api::events(*worker));
    let paths: Vec<_> = paths.flat_map(|path| vec![path; load.observers]).collect();
    let observers = connect(&server, &paths, load.form).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let database = folder_bytes(&place.data())?;
    let written = server.process.disk_bytes()?;
    let disk = Disk::below(&place.data());
    let flushed = disk.as_ref().and_then(Disk::flushes);
    let mut memory = MemoryPeak::begin(&server.process)?;
    let cpu = Cpu::begin(&server.process, &endpoint.process)?;
    let sending = send(client.clone(), workers, load.ramp);
    let seen = follow(observers, load.limit(), sending, &mut memory).await?;
    let mut figures = cpu.end(&load)?;
    let written = (server.process.disk_bytes()? - written) as f64;
    if let Some((flushed, now)) = flushed.zip(disk.as_ref().and_then(Disk::flushes)) {
        let per_second = (now - flushed) as f64 / figures["elapsed_s"];
        figures.insert("syncs_per_second".into(), per_second);
    }
    let grown = folder_bytes(&place.data())?.saturating_sub(database) as f64;
    let tokens = f64::from(load.tokens()) * load.streams as f64;
    figures.insert("disk_written_per_token_bytes".into(), written / tokens);
    figures.insert("database_per_token_bytes".into(), grown / tokens);
    let followed = (load.streams * load.observers) as f64;
    let peak = memory.most.saturating_sub(idle.private) as f64;
    figures.insert("memory_per_observer_kib".into(), peak / 1024.0 / followed);
    figures.insert("memory_idle_mib".into(), mib(idle.private));
    figures.insert("memory_peak_mib".into(), mib(memory.most));

    let sent = endpoint.sent().await?;
    let text = |n: usize| {
        let text = sent.get(&api::question(n as u64 / load.observers as u64));
        text.map_or("", String::as_str)
    };
    let faults = evaluate(&load, &seen, text, &mut figures);
    // With one observer of each stream, this is the same as for each frame.
    let frames = figures["frames"].max(1.0);
    let each = figures["server_cpu_s"] * 1e6 / frames;
    figures.insert("server_cpu_per_observer_and_frame_us".to_owned(), each);
    drop(seen);
    if let Some(rest) = load.rest {
        tokio::time::sleep(rest).await;
        figures.insert("memory_rested_mib".into(), mib(server.process.memory()?.private));
    }
    server.kill().await?;
    Ok(Shown { figures, faults })
}

/// Puts the same load on the relay, see [`crate::yardstick::relay`].
pub async fn relay(load: Load) -> Result<Shown> {
    let endpoint = Endpoint::start(load.tokens(), load.interval_us()).await?;
    let (child, address) = spawn(&["relay", &endpoint.address()?.to_string()]).await?;
    let address = address.trim().parse()?;
    let process = Process::new(child.id().context("the relay has ended")?);
    let cpu = Cpu::begin(&process, &endpoint.process)?;
    let step = load.ramp / u32::try_from(load.streams)?;
    let begun = tokio::time::Instant::now();
    let following = (0..load.streams).map(|n| {
        tokio::spawn(async move {
            tokio::time::sleep_until(begun + step * u32::try_from(n)?).await;
            let mut observer = Observer::connect(address, &format!("/{n}"), load.form).await?;
            anyhow::Ok(observer.follow(load.limit()).await)
        })
    });
    let followed = futures::future::try_join_all(following.collect::<Vec<_>>()).await?;
    let seen = followed.into_iter().collect::<Result<Vec<_>>>()?;
    let mut figures = cpu.end(&load)?;
    let sent = endpoint.sent().await?;
    let text = |n: usize| sent.get(&api::question(n as u64)).map_or("", String::as_str);
    let faults = evaluate(&load, &seen, text, &mut figures);
    Ok(Shown { figures, faults })
}

/// Connects an observer to each of the paths.
async fn connect(server: &Server, paths: &[String], form: Form) -> Result<Vec<Observer>> {
    let connecting =
        stream::iter(paths).map(|path| Observer::connect(server.address(), path, form));
    // The order matters: observer `n` is compared with the answer to question `n`.
    connecting.buffered(AT_ONCE).try_collect().await
}

/// Sends a message to each of the conversations, spread evenly over `ramp`.
async fn send(client: Client, workers: Vec<WorkerId>, ramp: Duration) -> Result<()> {
    let client = Arc::new(client);
    let mut sends = JoinSet::new();
    let step = ramp / u32::try_from(workers.len())?;
    let begun = tokio::time::Instant::now();
    for (n, worker) in workers.into_iter().enumerate() {
        let (client, at) = (client.clone(), begun + step * u32::try_from(n)?);
        sends.spawn(async move {
            tokio::time::sleep_until(at).await;
            client.send(worker, n as u64).await
        });
    }
    while let Some(sent) = sends.join_next().await {
        sent??;
    }
    Ok(())
}

/// Follows all streams to their ends while `sending` begins them. Returns what each observer saw,
/// in their order.
async fn follow(
    observers: Vec<Observer>,
    limit: Duration,
    sending: impl Future<Output = Result<()>>,
    memory: &mut MemoryPeak,
) -> Result<Vec<Seen>> {
    let followed = observers.into_iter().map(|mut observer| {
        tokio::spawn(async move {
            let seen = observer.follow(limit).await;
            // The observer stays connected, as a console does.
            (seen, observer)
        })
    });
    let following = futures::future::try_join_all(followed.collect::<Vec<_>>());
    let working = async { tokio::try_join!(sending, async { Ok(following.await?) }) };
    let (_, seen) = memory.during(working).await??;
    Ok(seen.into_iter().map(|(seen, _)| seen).collect())
}

/// Adds the figures of what the observers saw. Returns the faults.
pub(crate) fn evaluate<'a>(
    load: &Load,
    seen: &[Seen],
    sent: impl Fn(usize) -> &'a str,
    figures: &mut Figures,
) -> Vec<String> {
    let mut faults = Vec::new();
    for (n, seen) in seen.iter().enumerate() {
        let checked = match &seen.fault {
            Some(fault) => Err(anyhow::anyhow!("{fault}")),
            None => seen.received.check(load.form, sent(n)),
        };
        if let Err(error) = checked {
            faults.push(format!("observer {n}: {error:#}"));
        }
    }
    let lags = seen.iter().flat_map(|seen| &seen.lags_us).map(|us| f64::from(*us) / 1000.0);
    let lags = Samples::new(lags);
    // Tokens that did not arrive at all are not on time.
    let due = f64::from(load.tokens()) * seen.len() as f64;
    let arrived: usize = seen.iter().map(|seen| seen.lags_us.len()).sum();
    let on_time = lags.within(ON_TIME_MS) * arrived as f64 / due;
    let sum = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>() as f64;
    let token_bytes = upstream::stamp::TOKEN_BYTES as f64;
    let more = [
        ("on_time_share", on_time),
        ("lag_p50_ms", lags.at(0.5)),
        ("lag_p99_ms", lags.at(0.99)),
        ("lag_p999_ms", lags.at(0.999)),
        ("lag_max_ms", lags.at(1.0)),
        ("wire_per_token_bytes", sum(|seen| seen.bytes) / due),
        ("frames_per_token", sum(|seen| seen.frames) / due),
        ("frames", sum(|seen| seen.frames)),
        ("repeated_tokens_per_token", sum(|seen| seen.received.repeated) / token_bytes / due),
        ("faults", faults.len() as f64),
    ];
    figures.extend(more.map(|(name, value)| (name.to_owned(), value)));
    faults
}

/// The most memory that a process was seen to use.
pub(crate) struct MemoryPeak {
    process: Process,
    pub(crate) most: u64,
}

impl MemoryPeak {
    pub(crate) fn begin(process: &Process) -> Result<Self> {
        let mut peak = Self { process: process.clone(), most: 0 };
        peak.look()?;
        Ok(peak)
    }

    /// Looks often until `working` is done.
    pub(crate) async fn during<T>(&mut self, working: impl Future<Output = T>) -> Result<T> {
        let mut working = std::pin::pin!(working);
        let mut ticks = tokio::time::interval(Duration::from_millis(250));
        let done = loop {
            tokio::select! {
                biased;
                done = working.as_mut() => break done,
                _ = ticks.tick() => self.look()?,
            }
        };
        self.look()?;
        Ok(done)
    }

    fn look(&mut self) -> Result<()> {
        self.most = self.most.max(self.process.memory()?.private);
        Ok(())
    }
}

/// The processor time of all that takes part, from here on.
pub(crate) struct Cpu {
    begun: Instant,
    of: [(&'static str, Process, Duration); 3],
}

impl Cpu {
    pub(crate) fn begin(server: &Process, endpoint: &Process) -> Result<Self> {
        let own = Process::own();
        let of = [("server", server), ("endpoint", endpoint), ("driver", &own)];
        let of = of.map(|(name, process)| Ok((name, process.clone(), process.cpu()?)));
        let [server, endpoint, driver] = of.map(|of: Result<_>| of.context("processor time"));
        Ok(Self { begun: Instant::now(), of: [server?, endpoint?, driver?] })
    }

    /// The time that each used for a token, and the share of a core that it took.
    pub(crate) fn end(self, load: &Load) -> Result<Figures> {
        let elapsed = self.begun.elapsed().as_secs_f64();
        let tokens = f64::from(load.tokens()) * load.streams as f64;
        ensure!(tokens > 0.0, "a load without tokens");
        let mut figures = Figures::new();
        for (name, process, before) in self.of {
            let used = (process.cpu()? - before).as_secs_f64();
            figures.insert(format!("{name}_cpu_per_token_us"), used * 1e6 / tokens);
            figures.insert(format!("{name}_cores"), used / elapsed);
            figures.insert(format!("{name}_cpu_s"), used);
        }
        figures.insert("elapsed_s".to_owned(), elapsed);
        Ok(figures)
    }
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
