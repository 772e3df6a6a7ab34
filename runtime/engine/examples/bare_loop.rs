//! Compares the local provider with a bare decode loop over the same engine: the same model,
//! threads, window, prompt length and answer length, greedily sampled, alternating in one run.
//!
//! `cargo run --release -p engine --example bare_loop -- MODEL.gguf [ROUNDS THREADS PROMPT_THREADS]`
//!
//! The bare loop reads the prompt in batches of 512, llama.cpp's default. Beside the time it prints
//! the processor time of the process, which other programs on the machine disturb less (with one
//! thread; several threads spin while they wait for each other).

use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use protocol::TurnId;
use protocol::api::{InputMessage, InputRole, Sampling};
use provider::{Output, Provider, Recorded, Request};
use provider_local::{Engine, Local, LocalConfig};
use tokio_util::sync::CancellationToken;

const WINDOW: u32 = 4096;
const BATCH: u32 = 512;
const ANSWER_TOKENS: u32 = 128;
const TEXT: &str = "The lighthouse keeper counted the ships that passed in the night, wrote their \
                    names into his book, and wondered where each of them would be in a month. ";

type Failed = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [LocalConfig::SUBCOMMAND] => engine::run(),
        [file, ref numbers @ ..] => {
            let numbers: Vec<u32> = numbers.iter().filter_map(|text| text.parse().ok()).collect();
            let number = |at: usize, usual: u32| numbers.get(at).copied().unwrap_or(usual);
            match compare(file, number(0, 5), number(1, 1), number(2, 2)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
            }
        }
        [] => ExitCode::from(2),
    }
}

/// The figures of one prompt and its answer.
#[derive(Clone, Copy, Default)]
struct Figures {
    /// Tokens of the prompt that were read, and tokens that were written after the first one.
    read: u32,
    written: u32,
    read_seconds: f64,
    write_seconds: f64,
    cpu_seconds: f64,
}

fn compare(file: &str, rounds: u32, threads: u32, prompt_threads: u32) -> Result<(), Failed> {
    llama_cpp_2::send_logs_to_tracing(llama_cpp_2::LogOptions::default());
    let backend = LlamaBackend::init()?;
    let params = LlamaModelParams::default().with_use_mmap(false);
    let model = LlamaModel::load_from_file(&backend, Path::new(file), &params)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _guard = runtime.enter();
    let mut config = LocalConfig::new(file);
    (config.threads, config.prompt_threads) = (Some(threads), Some(prompt_threads));
    config.context_tokens = WINDOW;
    let local = Local::new(config);
    runtime.block_on(through_provider(&local, "Hello."))?;

    let threads = (i32::try_from(threads)?, i32::try_from(prompt_threads)?);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // The number at the front keeps the cache from having anything but the system prompt.
        let text = format!("Night {round}. {} Continue the story.", TEXT.repeat(30));
        let tokens = model.vocab().tokenize(text.as_bytes(), false, false);
        let run_ours = || runtime.block_on(through_provider(&local, &text));
        let (our, alone) = if round % 2 == 0 {
            let our = run_ours()?;
            (our, bare_loop(&backend, &model, &tokens, our, threads)?)
        } else {
            let like = ours.last().copied().unwrap_or_default();
            let alone = bare_loop(&backend, &model, &tokens, like, threads)?;
            (run_ours()?, alone)
        };
        ours.push(our);
        bare.push(alone);
    }
    runtime.block_on(local.shutdown());
    println!("{rounds} rounds, threads {threads:?}; the median of the ratios of each round");
    let line = |what: &str, figure: &dyn Fn(&Figures) -> f64| {
        let mut ratios: Vec<f64> =
            ours.iter().zip(&bare).map(|(ours, bare)| figure(ours) / figure(bare)).collect();
        let (our, alone) = (median(ours.iter().map(figure)), median(bare.iter().map(figure)));
        ratios.sort_by(f64::total_cmp);
        println!(
            "{what}: provider {our:.2}, bare loop {alone:.2}, ratio {:.3} ({:.3} to {:.3})",
            median(ratios.iter().copied()),
            ratios.first().unwrap_or(&0.0),
            ratios.last().unwrap_or(&0.0),
        );
    };
    line("read tokens/s", &|f| f64::from(f.read) / f.read_seconds);
    line("written tokens/s", &|f| f64::from(f.written) / f.write_seconds);
    line("processor ms/token", &|f| f.cpu_seconds * 1e3 / f64::from(f.read + f.written));
    Ok(())
}

async fn through_provider(local: &Local, text: &str) -> Result<Figures, Failed> {
    let request = Request {
        turn_id: TurnId::from_parts(0, [0; 10]),
        model: String::new(),
        system: "You tell stories.".into(),
        messages: vec![InputMessage::new(InputRole::User, text)],
        sampling: Sampling {
            temperature: Some(0.0),
            max_tokens: Some(ANSWER_TOKENS),
            ..Sampling::default()
        },
        effort: None,
        send_reasoning: false,
        made: Vec::new(),
        recorded: Recorded::already(),
    };
    let mut outputs = local.generate(request, CancellationToken::new());
    let (mut began, mut first, mut cpu) = (None, None, 0.0);
    while let Some(output) = outputs.recv().await {
        match output {
            Output::Began => {
                began = Some(Instant::now());
                cpu = process_seconds(&pid(local))?;
            }
            Output::Text(_) => {
                first.get_or_insert_with(Instant::now);
            }
            Output::Failed(error) => return Err(error.to_string().into()),
            Output::Finished { usage: Some(usage), .. } => {
                let (Some(began), Some(first)) = (began, first) else { break };
                return Ok(Figures {
                    read: usage.prompt_tokens - usage.cached_tokens.unwrap_or(0),
                    written: usage.completion_tokens.saturating_sub(1),
                    read_seconds: (first - began).as_secs_f64(),
                    write_seconds: first.elapsed().as_secs_f64(),
                    cpu_seconds: process_seconds(&pid(local))? - cpu,
                });
            }
            _ => {}
        }
    }
    Err("the answer has no text".into())
}

/// Reads and writes as many tokens as `like`.
fn bare_loop(
    backend: &LlamaBackend,
    model: &LlamaModel,
    tokens: &[LlamaToken],
    like: Figures,
    (threads, prompt_threads): (i32, i32),
) -> Result<Figures, Failed> {
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(WINDOW))
        .with_n_batch(BATCH)
        .with_n_ubatch(BATCH)
        .with_n_threads(threads)
        .with_n_threads_batch(prompt_threads)
        .with_no_perf(true);
    let mut context = model.new_context(backend, params)?;
    let mut batch = LlamaBatch::new(BATCH as usize, 1);
    let mut sampler = LlamaSampler::greedy();
    let prompt: Vec<_> = tokens.iter().cycle().take(like.read as usize).collect();
    let (began, cpu) = (Instant::now(), process_seconds("self")?);
    let mut position = 0;
    for chunk in prompt.chunks(BATCH as usize) {
        batch.clear();
        for token in chunk {
            position += 1;
            batch.add(**token, position - 1, &[0], position == i32::try_from(prompt.len())?)?;
        }
        context.decode(&mut batch)?;
    }
    let mut next = sampler.sample(&context, batch.n_tokens() - 1);
    let first = Instant::now();
    for _ in 0..like.written {
        batch.clear();
        batch.add(next, position, &[0], true)?;
        position += 1;
        context.decode(&mut batch)?;
        next = sampler.sample(&context, 0);
    }
    Ok(Figures {
        read_seconds: (first - began).as_secs_f64(),
        write_seconds: first.elapsed().as_secs_f64(),
        cpu_seconds: process_seconds("self")? - cpu,
        ..like
    })
}

fn pid(local: &Local) -> String {
    match *local.engine().borrow() {
        Engine::Ready { pid, .. } | Engine::Loading { pid } => pid.to_string(),
        Engine::Off => String::new(),
    }
}

/// The processor time of a process: utime and stime in ticks of 10 ms (proc_pid_stat(5)).
fn process_seconds(pid: &str) -> Result<f64, Failed> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|tick| tick.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = of.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
