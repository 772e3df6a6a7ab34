//! The same load on other programs that do the same work, beside ours.
//!
//! The programs are given by their paths, see `tools/peers-bench.sh`. Each case is measured with a
//! new database, and the cases of one size are measured in turns.

pub mod events;
pub mod llumen;
pub mod open_webui;
pub mod program;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use crate::api;
use crate::endpoint::Endpoint;
use crate::frames::Form;
use crate::measured::{Case, Figures, Measured, Run, Samples};
use crate::peers::program::Program;
use crate::seen::Seen;
use crate::server::Binary;
use crate::start;
use crate::streams::{self, Cpu, Load, MemoryPeak, Shown, evaluate, mib};

/// The sections of the measured figures.
pub const STREAMS: &str = "peers";
pub const START: &str = "peers-start";

/// How many conversations are opened at the same time.
const AT_ONCE: usize = 4;

/// How long a program is idle before its memory is read.
const IDLE: Duration = Duration::from_millis(500);

#[derive(clap::Args)]
pub struct Options {
    /// The companion to measure
    #[arg(long)]
    companion: PathBuf,
    /// The commit that the companion was built from
    #[arg(long)]
    commit: String,
    /// The program `open-webui`
    #[arg(long, requires = "open_webui_version")]
    open_webui: Option<PathBuf>,
    #[arg(long)]
    open_webui_version: Option<String>,
    /// The server of llumen
    #[arg(long, requires = "llumen_version")]
    llumen: Option<PathBuf>,
    #[arg(long)]
    llumen_version: Option<String>,
    /// The file for the measured figures, as JSON; what it holds is kept
    #[arg(long)]
    out: PathBuf,
    /// What a reader should know about this run, for the file
    #[arg(long)]
    note: Option<String>,
    /// The numbers of streams
    #[arg(long, value_delimiter = ',', default_value = "10,50,100")]
    streams: Vec<usize>,
    /// How often each case is measured
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// The length of an answer
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Starts of each program
    #[arg(long, default_value_t = 3)]
    starts: u32,
}

/// A way in which a program is used.
#[derive(Clone)]
struct Subject {
    /// The program, its version, and what this way stores.
    of: String,
    program: PathBuf,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Companion(Form),
    OpenWebuiApi,
    OpenWebuiPage,
    Llumen,
}

/// An answer that is asked for and followed when this is awaited.
type Answer = BoxFuture<'static, Seen>;

pub async fn run(options: &Options) -> Result<ExitCode> {
    let mut measured = Measured::read(&options.out)?;
    measured.runs.push(Run::of(Some(options.commit.clone()), options.note.clone())?);
    let subjects = subjects(options);
    for streams in &options.streams {
        for round in 1..=options.rounds {
            for subject in &subjects {
                let Shown { figures, faults } = subject.load(*streams, options.seconds).await?;
                for fault in faults.iter().take(3) {
                    eprintln!("{}: {fault}", subject.of);
                }
                let size = *streams as u64;
                measured.add(case(STREAMS, size, &subject.of, round, figures));
                measured.write(&options.out)?;
            }
        }
    }
    for subject in subjects.iter().filter(|subject| subject.way.is_first()) {
        let figures = subject.start(options.starts).await?;
        measured.add(case(START, 0, &subject.of, 1, figures));
        measured.write(&options.out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn case(section: &str, size: u64, of: &str, round: u32, figures: Figures) -> Case {
    let [section, kind, of] = [section, section, of].map(str::to_owned);
    Case { section, kind, size, of, round, figures }
}

fn subjects(options: &Options) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let mut add = |name: &str, version: &str, program: &Path, ways: &[(Way, &str)]| {
        for (way, what) in ways {
            let of = format!("{name} {version}: {what}");
            subjects.push(Subject { of, program: program.to_owned(), way: *way });
        }
    };
    let ours = [
        (Way::Companion(Form::Json), "JSON, stores each piece before it is shown"),
        (Way::Companion(Form::Html), "with HTML, stores each piece before it is shown"),
    ];
    add("Companion", &options.commit, &options.companion, &ours);
    if let (Some(program), Some(version)) = (&options.llumen, &options.llumen_version) {
        add("llumen", version, program, &[(Way::Llumen, "stores the answer at its end")]);
    }
    if let (Some(program), Some(version)) = (&options.open_webui, &options.open_webui_version) {
        let ways = [
            (Way::OpenWebuiApi, "API, stores nothing"),
            (Way::OpenWebuiPage, "page, stores the answer at its end"),
        ];
        add("Open WebUI", version, program, &ways);
    }
    subjects
}

impl Way {
    /// Whether this is the first of its program's ways.
    fn is_first(self) -> bool {
        matches!(self, Self::Companion(Form::Json) | Self::Llumen | Self::OpenWebuiApi)
    }
}

impl Subject {
    fn companion(&self) -> Binary {
        Binary { label: self.of.clone(), path: self.program.clone() }
    }

    /// Starts the program; not for ours.
    async fn program(&self, endpoint: &Endpoint, folder: &Path) -> Result<Program> {
        match self.way {
            Way::Llumen => llumen::start(&self.program, endpoint.address()?, folder).await,
            _ => open_webui::start(&self.program, &endpoint.base_url, folder).await,
        }
    }

    /// Opens the conversations, in which nothing is asked yet.
    async fn open(&self, program: &Program, load: &Load) -> Result<Vec<Answer>> {
        let (numbers, limit) = (stream::iter(0..load.streams as u64), load.limit());
        match self.way {
            Way::Llumen => {
                let client = llumen::Client::new(program).await?;
                let opening = numbers.map(async |n| {
                    let chat = client.open(n).await?;
                    anyhow::Ok(chat.answer(limit).boxed())
                });
                opening.buffered(AT_ONCE).try_collect().await
            }
            Way::OpenWebuiPage => {
                let client = open_webui::Client::new(program).await?;
                let opening = numbers.map(async |n| {
                    let tab = client.tab(n).await?;
                    anyhow::Ok(tab.answer(limit).boxed())
                });
                opening.buffered(AT_ONCE).try_collect().await
            }
            _ => {
                let client = open_webui::Client::new(program).await?;
                let answers = (0..load.streams as u64).map(|n| client.request(n));
                Ok(answers.map(|request| request.answer(limit).boxed()).collect())
            }
        }
    }

    /// Puts a load on a fresh program.
    async fn load(&self, streams: usize, seconds: u32) -> Result<Shown> {
        let form = if let Way::Companion(form) = self.way { form } else { Form::Json };
        let ramp = Duration::from_secs(1);
        let load =
            Load { streams, observers: 1, form, tokens_per_second: 50, seconds, ramp, rest: None };
        if matches!(self.way, Way::Companion(_)) {
            return streams::run(&self.companion(), load).await;
        }
        let endpoint = Endpoint::start(load.tokens(), load.interval_us()).await?;
        let folder = tempfile::Builder::new().prefix("bench-peer-").tempdir()?;
        let program = self.program(&endpoint, folder.path()).await?;
        tokio::time::sleep(IDLE).await;
        let idle = program.process()?.memory()?;
        let answers = self.open(&program, &load).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;

        let process = program.process()?;
        let mut memory = MemoryPeak::begin(&process)?;
        let cpu = Cpu::begin(&process, &endpoint.process)?;
        let (begun, step) = (tokio::time::Instant::now(), ramp / u32::try_from(streams)?);
        let following = answers.into_iter().zip(0_u32..).map(|(answer, n)| {
            tokio::spawn(async move {
                tokio::time::sleep_until(begun + step * n).await;
                answer.await
            })
        });
        let following = futures::future::try_join_all(following.collect::<Vec<_>>());
        let seen = memory.during(following).await??;
        let mut figures = cpu.end(&load)?;
        let peak = memory.most.saturating_sub(idle.private) as f64;
        figures.insert("memory_per_observer_kib".into(), peak / 1024.0 / streams as f64);
        figures.insert("memory_idle_mib".into(), mib(idle.private));
        figures.insert("memory_peak_mib".into(), mib(memory.most));
        let sent = endpoint.sent().await?;
        let text = |n: usize| sent.get(&api::question(n as u64)).map_or("", String::as_str);
        let faults = evaluate(&load, &seen, text, &mut figures);
        Ok(Shown { figures, faults })
    }

    /// Starts the program on a database that it has opened before.
    async fn start(&self, starts: u32) -> Result<Figures> {
        if matches!(self.way, Way::Companion(_)) {
            return start::run(&self.companion(), 0, starts).await;
        }
        let endpoint = Endpoint::start(1, 1).await?;
        let folder = tempfile::Builder::new().prefix("bench-peer-").tempdir()?;
        drop(self.program(&endpoint, folder.path()).await?);
        let [mut ready, mut resident, mut private, mut proportional] =
            [const { Vec::<f64>::new() }; 4];
        for _ in 0..starts {
            let program = self.program(&endpoint, folder.path()).await?;
            ready.push(program.ready_in.as_secs_f64() * 1000.0);
            tokio::time::sleep(IDLE).await;
            let process = program.process()?;
            let memory = process.memory()?;
            resident.push(mib(memory.resident));
            private.push(mib(memory.private));
            proportional.push(mib(process.proportional_bytes()?));
        }
        let ready = Samples::new(ready);
        let figures = [
            ("ready_p50_ms", ready.at(0.5)),
            ("ready_max_ms", ready.at(1.0)),
            ("idle_resident_mib", Samples::new(resident).at(0.5)),
            ("idle_private_mib", Samples::new(private).at(0.5)),
            ("idle_proportional_mib", Samples::new(proportional).at(0.5)),
        ];
        Ok(figures.map(|(name, value)| (name.to_owned(), value)).into())
    }
}
