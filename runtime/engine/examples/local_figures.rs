//! Measures the local provider on this machine: loading, reading, writing, stopping and memory.
//!
//! `cargo run --release -p engine --example local_figures -- MODEL.gguf [THREADS PROMPT_THREADS]`

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use protocol::TurnId;
use protocol::api::{InputMessage, InputRole, Sampling};
use provider::{Output, Provider, Recorded, Request};
use provider_local::{Engine, Local, LocalConfig, ModelInfo};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [LocalConfig::SUBCOMMAND] => engine::run(),
        [file, ref threads @ ..] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return ExitCode::FAILURE };
            let threads: Vec<u32> = threads.iter().filter_map(|t| t.parse().ok()).collect();
            runtime.block_on(figures(file, &threads));
            ExitCode::SUCCESS
        }
        [] => ExitCode::from(2),
    }
}

async fn figures(file: &str, threads: &[u32]) {
    let began = Instant::now();
    println!("{:?} in {:?}", ModelInfo::read(file.as_ref()), began.elapsed());
    let mut config = LocalConfig::new(file);
    config.threads = threads.first().copied();
    config.prompt_threads = threads.get(1).copied();
    let local = Local::new(config);
    println!("usable: {:?}", local.usable(""));

    let question = "Why is the sky blue? Explain it to a child.";
    let first =
        answer(&local, vec![(InputRole::User, question.into())], Some(200), None, true).await;
    first.print("first answer, with loading");
    memory(&local, "loaded, window hardly used");
    let history = vec![
        (InputRole::User, question.to_owned()),
        (InputRole::Assistant, first.text.clone()),
        (InputRole::User, "And why is it red in the evening?".into()),
    ];
    answer(&local, history, Some(200), None, false).await.print("second turn");
    let long = "The quick brown fox jumps over the lazy dog and runs away. ".repeat(220);
    let many = answer(&local, vec![(InputRole::User, long.clone())], Some(16), None, false).await;
    many.print("long prompt");
    memory(&local, "loaded, window full");
    let other = format!("Please count these words. {long}");
    let asked = vec![(InputRole::User, other)];
    answer(&local, asked, None, Some(Duration::from_millis(300)), false)
        .await
        .print("stop while reading");
    let asked = vec![(InputRole::User, "Tell me a very long story.".into())];
    answer(&local, asked, None, Some(Duration::from_millis(1500)), false)
        .await
        .print("stop while writing");
    local.shutdown().await;
}

#[derive(Default)]
struct Answer {
    text: String,
    began: Option<Duration>,
    first: Option<Duration>,
    total: Duration,
    stopping: Option<Duration>,
    end: Option<Output>,
}

impl Answer {
    fn print(&self, what: &str) {
        let Self { began, first, total, stopping, end, .. } = self;
        println!(
            "\n## {what}\nbegan {began:.0?}, first text {first:.0?}, total {total:.0?}, stop took {stopping:.0?}\n{end:?}"
        );
        if let (Some(began), Some(first), Some(Output::Finished { usage: Some(usage), .. })) =
            (began, first, end)
        {
            let read = usage.prompt_tokens - usage.cached_tokens.unwrap_or(0);
            let per_second = |tokens: u32, time: Duration| f64::from(tokens) / time.as_secs_f64();
            println!(
                "read {read} tokens at {:.0}/s, wrote {} at {:.1}/s",
                per_second(read, *first - *began),
                usage.completion_tokens,
                per_second(usage.completion_tokens, *total - *first),
            );
        }
    }
}

async fn answer(
    local: &Local,
    messages: Vec<(InputRole, String)>,
    max_tokens: Option<u32>,
    stop_after: Option<Duration>,
    echo: bool,
) -> Answer {
    let messages = messages.into_iter().map(|(role, text)| InputMessage::new(role, text)).collect();
    let request = Request {
        turn_id: TurnId::from_parts(0, [0; 10]),
        model: String::new(),
        system: "You are a helpful companion.".into(),
        messages,
        sampling: Sampling { max_tokens, ..Sampling::default() },
        effort: None,
        send_reasoning: false,
        made: Vec::new(),
        recorded: Recorded::already(),
    };
    let stop = CancellationToken::new();
    let asked = Instant::now();
    let mut outputs = local.generate(request, stop.clone());
    let mut answer = Answer::default();
    let mut stop_at = None;
    loop {
        let output = tokio::select! {
            output = outputs.recv() => output,
            () = tokio::time::sleep(stop_after.unwrap_or(Duration::MAX)), if answer.began.is_some() && stop_at.is_none() && stop_after.is_some() => {
                stop_at = Some(Instant::now());
                stop.cancel();
                continue;
            }
        };
        match output {
            Some(Output::Text(text)) => {
                answer.first.get_or_insert(asked.elapsed());
                if echo {
                    print!("{text}");
                    let _ = std::io::stdout().flush();
                }
                answer.text.push_str(&text);
                if let Some(after) = stop_after
                    && asked.elapsed() > after
                    && stop_at.is_none()
                {
                    stop_at = Some(Instant::now());
                    stop.cancel();
                }
            }
            Some(Output::Asking(_)) => {}
            Some(Output::Began) => answer.began = Some(asked.elapsed()),
            Some(Output::Waiting { .. } | Output::Loading | Output::Reading(_)) => {}
            Some(end) => {
                answer.total = asked.elapsed();
                answer.stopping = stop_at.map(|at| at.elapsed());
                answer.end = Some(end);
                return answer;
            }
            None => return answer,
        }
    }
}

fn memory(local: &Local, when: &str) {
    let pid = match *local.engine().borrow() {
        Engine::Ready { pid, .. } | Engine::Loading { pid } => pid,
        Engine::Off => return,
    };
    let rss = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("").to_owned()
    };
    println!("\nmemory, {when}: child {}, server {}", rss(&pid.to_string()), rss("self"));
}
