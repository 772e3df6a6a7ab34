//! One run: the chosen sections, with all binaries in turns.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::frames::Form;
use crate::measured::{Case, Figures, Measured, Run, YARDSTICK};
use crate::pages::{self, Pages};
use crate::search::Searches;
use crate::server::Binary;
use crate::streams::{self, Load, Shown};
use crate::yardstick::disk::Disk;
use crate::{first_token, growth, search, start};

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Section {
    /// Answers at the same time, each with one observer
    Streams,
    /// The same with a relay that stores nothing in place of a companion
    Relay,
    /// One answer with many observers
    Observers,
    /// The first token, beside a synced commit
    FirstToken,
    /// Commits of SQLite alone
    Disk,
    /// Starts and the memory of an idle server
    Start,
    /// Pages of conversations, beside a file of the same size
    Pages,
    /// Searches of several kinds
    Search,
    /// The bytes of the disk that a message takes
    Growth,
}

#[derive(clap::Args)]
pub struct Options {
    /// What to measure; without it, everything
    #[arg(value_enum)]
    sections: Vec<Section>,
    /// A companion to measure, as LABEL=PATH or PATH; several are measured in turns
    #[arg(long, required = true)]
    binary: Vec<Binary>,
    /// How often each case is measured
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// The file for the measured figures, as JSON
    #[arg(long)]
    out: Option<PathBuf>,
    /// Keep what the file holds already, except for cases that are measured again
    #[arg(long)]
    append: bool,
    /// The commit of the sources, for the file
    #[arg(long)]
    commit: Option<String>,
    /// What a reader should know about this run, for the file
    #[arg(long)]
    note: Option<String>,
    /// The numbers of streams
    #[arg(long, value_delimiter = ',', default_value = "10,50,100,200,400,1000")]
    streams: Vec<usize>,
    /// What the observers ask for
    #[arg(long, value_delimiter = ',', value_enum, default_value = "json,html")]
    forms: Vec<Form>,
    /// The length of an answer
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Tokens a second of each answer
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// The time over which the beginnings of the streams are spread
    #[arg(long, default_value_t = 1000)]
    ramp_ms: u64,
    /// The seconds of rest after the last load of each kind, before memory is read again
    #[arg(long, default_value_t = 60)]
    rest: u64,
    /// The numbers of observers of one answer
    #[arg(long, value_delimiter = ',', default_value = "500,2000")]
    observers: Vec<usize>,
    /// The numbers of messages in a database; 1000000 takes minutes to make once
    #[arg(long, value_delimiter = ',', default_value = "0,100000")]
    messages: Vec<u64>,
    /// Answers whose first token is measured
    #[arg(long, default_value_t = 200)]
    first_tokens: u64,
    /// Starts of each kind
    #[arg(long, default_value_t = 5)]
    starts: u32,
    /// Requests for each page
    #[arg(long, default_value_t = 300)]
    requests: u32,
    /// Leave the yardsticks out
    #[arg(long)]
    no_yardsticks: bool,
}

/// The faults of one load that are printed.
const FAULTS_SHOWN: usize = 5;

/// The state of a run.
struct Bench<'a> {
    options: &'a Options,
    measured: Measured,
    faults: usize,
}

/// Measures. Returns a failure if an observer was not given what was sent.
pub async fn run(options: &Options) -> Result<ExitCode> {
    raise_file_limit();
    let mut measured = match &options.out {
        Some(out) if options.append => Measured::read(out)?,
        _ => Measured::default(),
    };
    measured.runs.push(Run::of(options.commit.clone(), options.note.clone())?);
    let mut bench = Bench { options, measured, faults: 0 };
    let all = Section::value_variants();
    for section in if options.sections.is_empty() { all } else { &options.sections } {
        match section {
            Section::Streams => bench.streams().await?,
            Section::Relay => bench.relay().await?,
            Section::Observers => bench.observers().await?,
            Section::FirstToken => bench.first_token().await?,
            Section::Disk => bench.disk()?,
            Section::Start => bench.start().await?,
            Section::Pages => bench.pages().await?,
            Section::Search => bench.search().await?,
            Section::Growth => bench.growth().await?,
        }
    }
    if bench.faults > 0 {
        println!("{} observers were not given what was sent.", bench.faults);
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl Bench<'_> {
    async fn streams(&mut self) -> Result<()> {
        let options = self.options;
        for form in &options.forms {
            for (n, streams) in options.streams.iter().enumerate() {
                let rest = self.rest(n + 1 == options.streams.len());
                let load = Load { rest, ..self.load(*streams, 1, *form) };
                self.load_all("streams", *streams, load).await?;
            }
        }
        Ok(())
    }

    async fn relay(&mut self) -> Result<()> {
        for streams in self.yardsticks(&self.options.streams) {
            let load = self.load(*streams, 1, Form::Json);
            let Shown { figures, faults } = streams::relay(load).await?;
            self.report(&format!("relay {streams}"), &faults);
            self.add("streams", "relay", *streams as u64, YARDSTICK, 1, figures)?;
        }
        Ok(())
    }

    async fn observers(&mut self) -> Result<()> {
        let options = self.options;
        for form in &options.forms {
            for (n, observers) in options.observers.iter().enumerate() {
                let rest = self.rest(n + 1 == options.observers.len());
                let load = Load { rest, ..self.load(1, *observers, *form) };
                self.load_all("observers", *observers, load).await?;
            }
        }
        Ok(())
    }

    /// Puts a load on all binaries in turns.
    async fn load_all(&mut self, section: &str, size: usize, load: Load) -> Result<()> {
        for (round, binary) in self.turns() {
            let Shown { figures, faults } = streams::run(&binary, load).await?;
            self.report(&format!("{section} {size} {}", binary.label), &faults);
            self.add(section, load.form.name(), size as u64, &binary.label, round, figures)?;
        }
        Ok(())
    }

    async fn first_token(&mut self) -> Result<()> {
        for (round, binary) in self.turns() {
            let figures = first_token::run(&binary, self.options.first_tokens).await?;
            self.add("first-token", "json", 1, &binary.label, round, figures)?;
        }
        Ok(())
    }

    fn disk(&mut self) -> Result<()> {
        for rows in self.yardsticks(&[1, 10, 100]) {
            let folder = tempfile::tempdir()?;
            let figures = Disk::create(folder.path())?.unsynced(*rows)?;
            self.add("disk", "unsynced", rows.unsigned_abs(), YARDSTICK, 1, figures)?;
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        for messages in &self.options.messages {
            for (round, binary) in self.turns() {
                let figures = start::run(&binary, *messages, self.options.starts).await?;
                self.add("start", "start", *messages, &binary.label, round, figures)?;
            }
        }
        Ok(())
    }

    async fn pages(&mut self) -> Result<()> {
        let requests = self.options.requests;
        let mut bytes = 0.0_f64;
        for messages in self.options.messages.iter().filter(|messages| **messages > 0) {
            for (round, binary) in self.turns() {
                let pages = Pages::start(&binary, *messages).await?;
                for length in &pages.lengths {
                    let figures = pages.page(*length, requests).await?;
                    bytes = bytes.max(figures["page_bytes"]);
                    let kind = format!("beside-{messages}");
                    self.add("pages", &kind, *length, &binary.label, round, figures)?;
                }
                pages.stop().await?;
            }
        }
        if !self.yardsticks(&[()]).is_empty() && bytes > 0.0 {
            let figures = pages::file(bytes as u64, requests).await?;
            self.add("pages", "file", bytes as u64, YARDSTICK, 1, figures)?;
        }
        Ok(())
    }

    async fn search(&mut self) -> Result<()> {
        for messages in self.options.messages.iter().filter(|messages| **messages > 0) {
            for (round, binary) in self.turns() {
                let mut searches = Searches::start(&binary, *messages).await?;
                for (name, kind) in search::KINDS {
                    let figures = searches.run(kind, self.options.requests).await?;
                    let kind = format!("in-{name}");
                    self.add("search", &kind, *messages, &binary.label, round, figures)?;
                }
                let figures = searches.stop().await?;
                self.add("search", "search", *messages, &binary.label, round, figures)?;
            }
        }
        Ok(())
    }

    async fn growth(&mut self) -> Result<()> {
        for messages in self.options.messages.iter().filter(|messages| **messages > 0) {
            for binary in &self.options.binary {
                let figures = growth::run(binary, *messages).await?;
                self.add("growth", "growth", *messages, &binary.label, 1, figures)?;
            }
        }
        Ok(())
    }

    /// The rounds, each with all binaries.
    fn turns(&self) -> Vec<(u32, Binary)> {
        let rounds = 1..=self.options.rounds;
        let binaries = &self.options.binary;
        rounds
            .flat_map(|round| binaries.iter().map(move |binary| (round, binary.clone())))
            .collect()
    }

    /// The sizes of a yardstick; none if they are left out.
    fn yardsticks<'s, T>(&self, sizes: &'s [T]) -> &'s [T] {
        if self.options.no_yardsticks { &[] } else { sizes }
    }

    fn rest(&self, is_last: bool) -> Option<Duration> {
        is_last.then(|| Duration::from_secs(self.options.rest))
    }

    fn load(&self, streams: usize, observers: usize, form: Form) -> Load {
        Load {
            streams,
            observers,
            form,
            tokens_per_second: self.options.rate,
            seconds: self.options.seconds,
            ramp: Duration::from_millis(self.options.ramp_ms),
            rest: None,
        }
    }

    fn report(&mut self, what: &str, faults: &[String]) {
        for fault in faults.iter().take(FAULTS_SHOWN) {
            eprintln!("{what}: {fault}");
        }
        self.faults += faults.len();
    }

    fn add(
        &mut self,
        section: &str,
        kind: &str,
        size: u64,
        of: &str,
        round: u32,
        figures: Figures,
    ) -> Result<()> {
        let (section, kind, of) = (section.to_owned(), kind.to_owned(), of.to_owned());
        self.measured.add(Case { section, kind, size, of, round, figures });
        match &self.options.out {
            Some(out) => self.measured.write(out),
            None => Ok(()),
        }
    }
}

/// Allows as many open files as the system permits, here and in the processes that are started.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // A lower limit only matters for the largest loads, which then fail with a clear error.
    let _ = setrlimit(Resource::Nofile, limit);
}
