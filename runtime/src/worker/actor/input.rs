//! What happens to the turn next.

use tokio::sync::mpsc;

use super::{Context, Input, Running};
use crate::provider::Output;
use crate::worker::timers::Kind;

/// The turn's next input; forever when none runs.
pub(super) async fn next_input(running: &mut Option<Running>) -> Input {
    let Some(running) = running else { return std::future::pending().await };
    let timer = tokio::select! {
        biased;
        timer = running.timers.elapsed(Kind::Span) => timer,
        output = next_output(&mut running.outputs) => {
            return input_of(output, &running.context);
        }
        timer = running.timers.elapsed(Kind::Silence) => timer,
    };
    running.timers.disarm(timer);
    Input::Elapsed(timer)
}

/// What the provider says next; forever when none is at work.
async fn next_output(outputs: &mut Option<mpsc::Receiver<Output>>) -> Option<Output> {
    let Some(open) = outputs else { return std::future::pending().await };
    let output = open.recv().await;
    // An end is the last that is heard of an attempt.
    let goes_on = matches!(
        output,
        Some(
            Output::Waiting { .. }
                | Output::Loading
                | Output::Began { .. }
                | Output::Text(_)
                | Output::Reasoning(_)
                | Output::TextWasReasoning
                | Output::Alive
        )
    );
    if !goes_on {
        *outputs = None;
    }
    output
}

fn input_of(output: Option<Output>, context: &Context) -> Input {
    match output {
        Some(Output::Waiting { ahead }) => Input::Waiting { ahead },
        Some(Output::Loading) => Input::Loading,
        Some(Output::Began { left_out, window_tokens, model }) => {
            Input::Began { sight: context.sight(left_out, window_tokens), model }
        }
        Some(Output::Text(text)) => Input::Text(text),
        Some(Output::Reasoning(text)) => Input::Reasoning(text),
        Some(Output::TextWasReasoning) => Input::TextWasReasoning,
        Some(Output::Alive) => Input::Alive,
        Some(Output::Finished { finish, usage }) => Input::Finished { finish, usage },
        Some(Output::Failed(error)) => Input::Failed(error),
        Some(Output::Halted) | None => Input::Halted,
    }
}
