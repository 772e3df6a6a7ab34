//! Waits for the next input of the running turn.

use model_io::outgoing::Seam;
use provider::Output;

use super::{Input, Outputs, Running};

/// The turn's next input; pending forever if no turn is running.
pub(super) async fn next_input(running: &mut Option<Running>) -> Input {
    let Some(running) = running else { return std::future::pending().await };
    let timer = loop {
        tokio::select! {
            biased;
            timer = running.timers.span.elapsed() => break timer,
            output = next_output(&mut running.outputs) => {
                if let Some(input) = running.input_of(output) {
                    return input;
                }
            }
            timer = running.timers.silence.elapsed() => break timer,
        }
    };
    running.timers.disarm(timer);
    Input::Elapsed(timer)
}

/// The provider's next output; pending forever if no provider is at work.
async fn next_output(outputs: &mut Option<Outputs>) -> Option<Output> {
    let Some(open) = outputs else { return std::future::pending().await };
    let output = open.next().await;
    // These outputs do not end the attempt; all others do.
    let goes_on = matches!(
        output,
        Some(
            Output::Waiting { .. }
                | Output::Loading
                | Output::Asking(_)
                | Output::Began
                | Output::Reading(_)
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

impl Running {
    /// The input for an output; `None` for text that the answer already has.
    fn input_of(&mut self, output: Option<Output>) -> Option<Input> {
        Some(match output {
            Some(Output::Waiting { ahead }) => Input::Waiting { ahead },
            Some(Output::Loading) => Input::Loading,
            Some(Output::Asking(mut shown)) => {
                self.seam = Seam::new(&self.asking.begun, &shown.adjustments);
                self.adjusted.clone_from(&shown.adjustments);
                let model = shown.model.take();
                let kept = shown.rendered.clone().or_else(|| shown.request.clone());
                let sight = self.context.sight(shown);
                self.keeps = kept.zip(sight.rendered.clone().or_else(|| sight.request.clone()));
                Input::Asking { sight, model }
            }
            Some(Output::Began) => Input::Began,
            Some(Output::Reading(progress)) => {
                self.progress = Some(progress);
                Input::Alive
            }
            Some(Output::Text(text)) => {
                let text = self.seam.join(text);
                return (!text.is_empty()).then_some(Input::Text(text));
            }
            Some(Output::Reasoning(text)) => Input::Reasoning(text),
            Some(Output::TextWasReasoning) => {
                // The text so far was reasoning, so the next text follows the committed beginning
                // of the answer.
                self.seam = Seam::new(&self.asking.begun, &self.adjusted);
                Input::TextWasReasoning
            }
            Some(Output::Alive) => Input::Alive,
            Some(Output::Finished { finish, usage }) => Input::Finished { finish, usage },
            Some(Output::Failed(error)) => Input::Failed(error),
            Some(Output::Refused { error, adjustment }) => Input::Refused { error, adjustment },
            Some(Output::Halted) | None => Input::Halted,
        })
    }
}
