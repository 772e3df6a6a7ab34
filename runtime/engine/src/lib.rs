//! The engine's process: the same program, started by the server with a hidden subcommand, so that
//! an abort of the inference engine ends only this process and one turn.
//!
//! It speaks [`engine_wire`] over its standard input and output and logs to standard error. When the
//! server has named the model, it enters its sandbox, and only then starts a thread or parses
//! anything of the file. The main thread owns the engine. The reader thread receives stops while the engine works, and ends
//! the process when the server is gone.

use std::io::{BufWriter, IsTerminal, StdoutLock};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;
use std::{io, process, thread};

use engine_wire::{
    FromChild, Generate, JobId, Load, NotLoaded, PROTOCOL, ToChild, WireError, read, write,
};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;

use session::{Reporter, Session};

pub use sandbox::Entrance;

mod cache;
mod cpu_contention;
mod detokenizer;
mod generator;
mod log;
mod memory;
mod prefill;
mod prompt;
mod reading;
mod sampling;
mod sandbox;
mod sequences;
mod session;
mod utf8;
mod vocabulary;

/// Capacity of the queue of messages that are read and not handled yet. The server sends one job at
/// a time.
const UNHANDLED: usize = 4;

/// Runs the engine's process until the server closes its standard input. The server's program must
/// call this before anything else if its first argument is the hidden subcommand. Starts no async
/// runtime.
pub fn run() -> ExitCode {
    if io::stdin().is_terminal() {
        eprintln!("Companion starts this subcommand itself; there is nothing to do here.");
        return ExitCode::from(2);
    }
    log::begin();
    let entrance = Entrance::begin();
    cpu_contention::prepare();
    let mut speaker = Speaker { to: BufWriter::new(io::stdout().lock()) };
    let load = match enclose(&mut speaker, entrance) {
        Ok(Some(load)) => load,
        Ok(None) => return ExitCode::SUCCESS,
        Err(_) => return ExitCode::FAILURE,
    };
    let stopped = Arc::new(AtomicU64::new(0));
    let (sender, inbox) = sync_channel(UNHANDLED);
    let heard = Arc::clone(&stopped);
    let reader = thread::Builder::new().name("reader".into());
    if reader.spawn(move || listen(&sender, &heard)).is_err() {
        return ExitCode::FAILURE;
    }
    match serve(&mut speaker, &load, &inbox, &stopped) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What is to be loaded, and what the system told before the sandbox closed.
struct Enclosed {
    load: Load,
    available_bytes: Option<u64>,
}

/// Sends `Hello`, waits for the first message, and enters the sandbox. `None` if nothing is to be
/// loaded: the server is gone, wanted only the report, or requires a wall that is missing.
fn enclose(speaker: &mut Speaker<'_>, entrance: Entrance) -> Result<Option<Enclosed>, WireError> {
    speaker.say(FromChild::Hello { protocol: PROTOCOL.to_owned() })?;
    let load = match read::<ToChild>(&mut io::stdin().lock())? {
        Some(ToChild::Load(load)) => Some(load),
        Some(ToChild::EnterSandbox) => None,
        _ => return Ok(None),
    };
    // The system tells this in files that cannot be read in the sandbox.
    let available_bytes = memory::available_bytes();
    let sandbox = entrance.enter(load.as_ref().map(|load| Path::new(&load.model_file)));
    let detail = sandbox.missing.join("; ");
    speaker.say(FromChild::Sandboxed(sandbox))?;
    let Some(load) = load else { return Ok(None) };
    if load.require_sandbox && !detail.is_empty() {
        speaker.say(FromChild::NotLoaded { why: NotLoaded::Sandbox, detail })?;
        return Ok(None);
    }
    Ok(Some(Enclosed { load, available_bytes }))
}

/// Runs the reader thread, which passes messages on and never waits for the engine.
fn listen(inbox: &SyncSender<ToChild>, stopped: &AtomicU64) {
    let mut from = io::stdin().lock();
    loop {
        match read::<ToChild>(&mut from) {
            Ok(Some(ToChild::Stop { job: JobId(job) })) => {
                // Jobs are numbered upwards, so all jobs before this one have ended.
                stopped.fetch_max(job, Ordering::Relaxed);
            }
            Ok(Some(message)) => {
                if inbox.try_send(message).is_err() {
                    process::exit(1);
                }
            }
            // The server is gone or sent something invalid. The engine may be at work in the other
            // thread, but none of its work is needed any more.
            Ok(None) => process::exit(0),
            Err(_) => process::exit(1),
        }
    }
}

/// Loads the model, and answers until the server asks it to leave.
fn serve(
    speaker: &mut Speaker<'_>,
    enclosed: &Enclosed,
    inbox: &Receiver<ToChild>,
    stopped: &AtomicU64,
) -> Result<(), WireError> {
    let Enclosed { load, available_bytes } = enclosed;
    let began = Instant::now();
    let refused = |(why, detail)| FromChild::NotLoaded { why, detail };
    let (backend, model) = match open(load) {
        Ok(opened) => opened,
        Err(why) => return speaker.say(refused(why)),
    };
    // Loading has taken this much since the system was asked.
    let available_bytes = available_bytes.map(|bytes| bytes.saturating_sub(model.size()));
    let mut session = match Session::new(&backend, &model, load, available_bytes) {
        Ok(session) => session,
        Err(why) => return speaker.say(refused(why)),
    };
    speaker.say(FromChild::Loaded {
        window_tokens: session.window_tokens(),
        conversations: session.conversations(),
        load_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })?;
    while let Ok(ToChild::Generate(asked)) = inbox.recv() {
        session.answer(&asked, &mut Answering { speaker, asked: &asked, stopped })?;
    }
    Ok(())
}

fn open(load: &Load) -> Result<(LlamaBackend, LlamaModel), (NotLoaded, String)> {
    let refused = |error: &dyn ToString| {
        (NotLoaded::Refused, format!("{}: {}", error.to_string(), log::complaints()))
    };
    let backend = LlamaBackend::init().map_err(|error| refused(&error))?;
    // If the file were mapped into memory, cutting it while it is in use would end the process with
    // SIGBUS.
    let params = LlamaModelParams::default().with_use_mmap(false);
    let model = LlamaModel::load_from_file(&backend, Path::new(&load.model_file), &params)
        .map_err(|error| refused(&error))?;
    Ok((backend, model))
}

struct Speaker<'out> {
    to: BufWriter<StdoutLock<'out>>,
}

impl Speaker<'_> {
    fn say(&mut self, message: FromChild) -> Result<(), WireError> {
        write(&mut self.to, &message)
    }
}

/// Sends one answer to the server and checks whether it was stopped.
struct Answering<'a, 'out> {
    speaker: &'a mut Speaker<'out>,
    asked: &'a Generate,
    stopped: &'a AtomicU64,
}

impl Reporter for Answering<'_, '_> {
    fn say(&mut self, message: FromChild) -> Result<(), WireError> {
        self.speaker.say(message)
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) >= self.asked.job.0
    }
}
