//! The model's process for the tests; and, as `runtime-infer server MODEL`, a server that
//! can be killed: it prints its child's number while that writes a long answer.

use std::process::ExitCode;

use protocol::TurnId;
use protocol::api::{InputMessage, InputRole, Sampling};
use runtime::provider::local::{Engine, Local, LocalConfig, child};
use runtime::provider::{Output, Provider, Recorded, Request};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | [LocalConfig::SUBCOMMAND] => child::run(),
        ["server", model_file] => server(model_file),
        _ => ExitCode::from(2),
    }
}

fn server(model_file: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    runtime.block_on(async {
        let local = Local::new(LocalConfig::new(model_file));
        let text = "Tell me a very long story about a lighthouse and the sea.".to_owned();
        let request = Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: String::new(),
            system: String::new(),
            messages: vec![InputMessage::new(InputRole::User, text)],
            sampling: Sampling { temperature: Some(0.0), ..Sampling::default() },
            effort: None,
            send_reasoning: false,
            made: Vec::new(),
            recorded: Recorded::already(),
        };
        let mut outputs = local.generate(request, CancellationToken::new());
        let mut told = false;
        while let Some(output) = outputs.recv().await {
            if let (Output::Text(_), Engine::Ready { pid, .. }, false) =
                (output, *local.engine().borrow(), told)
            {
                println!("{pid}");
                told = true;
            }
        }
        std::future::pending::<()>().await;
    });
    ExitCode::SUCCESS
}
