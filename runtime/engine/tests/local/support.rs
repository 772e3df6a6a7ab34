//! Sends requests, collects their outputs, and finds the model's file and process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use protocol::api::{InputMessage, InputRole, Sampling};
use protocol::{ErrorCode, Progress, TurnId, Usage};
use provider::{Output, Provider, Recorded, Request};
use provider_local::{Engine, Local, LocalConfig};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Nothing in these tests takes that long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn model_file() -> PathBuf {
    let default = || {
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
        let models = cache.expect("HOME is set").join("companion/models");
        models.join("SmolLM2-135M-Instruct.Q4_1.gguf")
    };
    let file = std::env::var_os("COMPANION_MODEL_FILE").map_or_else(default, PathBuf::from);
    assert!(
        file.is_file(),
        "these tests need the default model at {}: run `make model`, or set COMPANION_MODEL_FILE",
        file.display()
    );
    file
}

pub(crate) fn config() -> LocalConfig {
    config_for(&model_file())
}

pub(crate) fn config_for(model_file: &Path) -> LocalConfig {
    let mut config = LocalConfig::new(model_file);
    config.program = Some(env!("CARGO_BIN_EXE_engine").into());
    config.context_tokens = 1024;
    config.reserve_tokens = 64;
    // Tests run in parallel, and two threads that have to meet would wait long for each other.
    config.prompt_threads = Some(1);
    config
}

pub(crate) fn user(text: &str) -> InputMessage {
    InputMessage::new(InputRole::User, text)
}

pub(crate) fn assistant(text: &str) -> InputMessage {
    InputMessage::new(InputRole::Assistant, text)
}

pub(crate) fn request(messages: Vec<InputMessage>, max_tokens: u32) -> Request {
    Request {
        turn_id: TurnId::from_parts(0, [0; 10]),
        model: String::new(),
        system: "You are a helpful companion.".into(),
        messages,
        sampling: Sampling {
            temperature: Some(0.0),
            max_tokens: Some(max_tokens),
            ..Sampling::default()
        },
        effort: None,
        send_reasoning: false,
        made: Vec::new(),
        recorded: Recorded::already(),
    }
}

pub(crate) fn story() -> Request {
    request(vec![user("Tell me a very long story about a lighthouse and the sea.")], 900)
}

/// All outputs of one request.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub waiting: Vec<u32>,
    /// How often `Loading` was sent.
    pub loads: u32,
    pub began: Option<(u32, Option<u32>)>,
    /// The conversation as the chat template rendered it, in the stored form.
    pub rendered: Option<String>,
    /// The progress reports while the prompt was read.
    pub readings: Vec<Progress>,
    pub pieces: Vec<String>,
    pub end: Option<Output>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        self.pieces.concat()
    }

    pub(crate) fn usage(&self) -> Usage {
        match &self.end {
            Some(Output::Finished { usage: Some(usage), .. }) => *usage,
            other => panic!("not finished: {other:?}"),
        }
    }

    pub(crate) fn error(&self) -> &protocol::Error {
        match &self.end {
            Some(Output::Failed(error)) => error,
            other => panic!("not failed: {other:?}"),
        }
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.error().code
    }

    pub(crate) fn halted(&self) -> bool {
        self.end == Some(Output::Halted)
    }
}

/// The next output.
pub(crate) async fn next(outputs: &mut mpsc::Receiver<Output>) -> Option<Output> {
    timeout(PATIENCE, outputs.recv()).await.expect("an output in time")
}

/// Collects the remaining outputs and checks the order that the port promises.
pub(crate) async fn rest(outputs: &mut mpsc::Receiver<Output>) -> Answer {
    let mut answer = Answer::default();
    while let Some(output) = next(outputs).await {
        assert!(answer.end.is_none(), "{output:?} after {:?}", answer.end);
        match output {
            Output::Waiting { ahead } => {
                assert!(answer.loads == 0 && answer.began.is_none());
                answer.waiting.push(ahead);
            }
            Output::Loading => {
                assert!(answer.began.is_none());
                answer.loads += 1;
            }
            Output::Asking(shown) => {
                answer.began = Some((shown.left_out, shown.window_tokens));
                answer.rendered = shown.rendered;
            }
            Output::Began => assert!(answer.began.is_some()),
            Output::Reading(progress) => {
                assert!(answer.pieces.is_empty());
                answer.readings.push(progress);
            }
            Output::Text(text) => {
                assert!(!text.is_empty());
                answer.pieces.push(text);
            }
            end => answer.end = Some(end),
        }
    }
    assert!(answer.end.is_some(), "the stream ended without an end");
    answer
}

pub(crate) async fn ask(local: &Local, request: Request) -> Answer {
    rest(&mut local.generate(request, CancellationToken::new())).await
}

/// Receives outputs up to the first one of the given kind.
pub(crate) async fn until(outputs: &mut mpsc::Receiver<Output>, wanted: fn(&Output) -> bool) {
    while !wanted(&next(outputs).await.expect("it comes before the end")) {}
}

pub(crate) fn is_text(output: &Output) -> bool {
    matches!(output, Output::Text(_))
}

pub(crate) fn is_began(output: &Output) -> bool {
    matches!(output, Output::Began)
}

pub(crate) fn pid(local: &Local) -> u32 {
    match *local.engine().borrow() {
        Engine::Ready { pid, .. } | Engine::Loading { pid } => pid,
        Engine::Off => panic!("there is no child"),
    }
}

/// The number of conversations that the engine keeps.
pub(crate) fn cached_conversations(local: &Local) -> u32 {
    match *local.engine().borrow() {
        Engine::Ready { cached_conversations, .. } => cached_conversations,
        other => panic!("not ready: {other:?}"),
    }
}

pub(crate) async fn wait_for(local: &Local, wanted: fn(&Engine) -> bool) {
    let mut engine = local.engine();
    timeout(PATIENCE, engine.wait_for(wanted)).await.expect("in time").expect("the owner lives");
}

pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// Whether the process exists, even as a zombie.
pub(crate) fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}
