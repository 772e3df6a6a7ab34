//! Texts about the adjustments of requests that a provider refused.

#[cfg(feature = "ssr")]
use protocol::api::Interface;
use protocol::{Adjustment, Retry};

use super::{Locale, error_title, prose, tr};
use crate::label;

/// An attempt that failed, and how the request was changed for the next one.
pub fn attempt(number: usize, retry: &Retry) -> String {
    // The server's messages are English.
    let own = matches!(crate::locale::locale(), Locale::en);
    let happened = match own {
        true => prose(&retry.error.message),
        false => error_title(retry.error.code).to_owned(),
    };
    let pause = label::seconds(retry.wait_ms);
    match retry.adjustment {
        None => tr!(attempt, number = number, happened = happened, pause = pause),
        Some(adjustment) => {
            let again = asked_again(adjustment);
            tr!(attempt_adjusted, number = number, happened = happened, again = again)
        }
    }
}

/// Says that the provider was asked again, and with which change.
fn asked_again(adjustment: Adjustment) -> String {
    match parameter(adjustment) {
        Some((name, true)) => tr!(again_without, name = name),
        Some((name, false)) => tr!(again_as, name = name),
        None => match adjustment {
            Adjustment::SystemInUser => tr!(again_system).to_owned(),
            Adjustment::WithoutBeginning => tr!(again_beginning).to_owned(),
            Adjustment::WithReasoning => tr!(again_with_reasoning).to_owned(),
            Adjustment::WithoutReasoning => tr!(again_without_reasoning).to_owned(),
            Adjustment::NearestEffort => tr!(again_nearest_effort).to_owned(),
            _ => tr!(again_fewer).to_owned(),
        },
    }
}

/// The interface by which an endpoint was asked.
#[cfg(feature = "ssr")]
pub fn interface(interface: Interface) -> &'static str {
    match interface {
        Interface::ChatCompletions => tr!(input_json_chat),
        Interface::Responses => tr!(input_json_responses),
    }
}

/// A few words about an adjustment of a request.
#[cfg(feature = "ssr")]
pub fn adjustment(adjustment: Adjustment) -> String {
    match parameter(adjustment) {
        Some((name, true)) => tr!(sent_without, name = name),
        Some((name, false)) => tr!(sent_as, name = name),
        None => match adjustment {
            Adjustment::SystemInUser => tr!(sent_system).to_owned(),
            Adjustment::WithoutBeginning => tr!(sent_beginning).to_owned(),
            Adjustment::WithReasoning => tr!(sent_with_reasoning).to_owned(),
            Adjustment::WithoutReasoning => tr!(sent_without_reasoning).to_owned(),
            Adjustment::NearestEffort => tr!(sent_nearest_effort).to_owned(),
            _ => tr!(sent_fewer).to_owned(),
        },
    }
}

/// The parameter that an adjustment concerns, by its name in the API, and whether it is left out.
fn parameter(adjustment: Adjustment) -> Option<(&'static str, bool)> {
    match adjustment {
        Adjustment::WithoutTemperature => Some(("temperature", true)),
        Adjustment::WithoutTopP => Some(("top_p", true)),
        Adjustment::WithoutSeed => Some(("seed", true)),
        Adjustment::WithoutStream => Some(("stream", true)),
        Adjustment::WithoutStreamOptions => Some(("stream_options", true)),
        Adjustment::WithoutReasoningSummary => Some(("reasoning.summary", true)),
        Adjustment::WithoutEffort => Some(("reasoning_effort", true)),
        Adjustment::WithoutMaxTokens => Some(("max_tokens", true)),
        Adjustment::MaxCompletionTokens => Some(("max_completion_tokens", false)),
        Adjustment::MaxTokens => Some(("max_tokens", false)),
        Adjustment::SystemInUser
        | Adjustment::WithoutBeginning
        | Adjustment::WithReasoning
        | Adjustment::WithoutReasoning
        | Adjustment::NearestEffort
        | Adjustment::FewerMessages => None,
    }
}
