//! Decides what of a request is sent: what fits the model's window, in the form that the model is
//! known to accept; pure.

use protocol::api::{InputMessage, InputRole, Sampling};
use protocol::{Adjustment, Error};

use super::config::{Api, CONTEXT_TOKENS, OpenaiConfig};
use super::fault;
use super::learned::Habits;
use super::overflow;
use super::refusal::{Parameter, Sent};
use super::said::Said;
use super::tokens::{MESSAGE_TOKENS, REPLY_TOKENS, estimate};
use crate::provider::Request;
use crate::{context, outgoing};

/// What is known of the endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) config: &'a OpenaiConfig,
    /// The model's window according to the endpoint's list.
    pub(super) listed: Option<u32>,
    /// Whether it is OpenAI's own service, or Azure's.
    pub(super) is_openai: bool,
    /// The interface by which the model is asked.
    pub(super) api: Api,
}

/// A request that is ready to be sent.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    /// How many of the oldest messages are left out.
    pub(super) left_out: usize,
    /// The window's size in tokens, where it is known.
    pub(super) window: Option<u32>,
    /// The estimated number of tokens of the prompt.
    pub(super) tokens: u32,
    pub(super) messages: Vec<InputMessage>,
    pub(super) sampling: Sampling,
    /// The adjustments that change this request.
    pub(super) adjustments: Vec<Adjustment>,
    pub(super) sent: Sent,
    pub(super) api: Api,
}

/// Plans a request.
///
/// Error: `context_length` where the newest message alone does not fit the window that the owner
/// configured. Where the window is not configured, the message is sent all the same, because the
/// number of tokens is only an estimate.
pub(super) fn plan(request: &Request, facts: Facts<'_>, habits: &Habits) -> Result<Plan, Error> {
    let configured = facts.config.context_tokens;
    let known = configured.or(habits.window).or(facts.listed);
    let window = known.unwrap_or(CONTEXT_TOKENS);
    let reserve = request.sampling.max_tokens.unwrap_or(facts.config.answer_reserve_tokens);
    let reserve = reserve.min(window / 2);
    let bound = habits.room.map_or(window, |room| room.saturating_add(reserve).min(window));

    let cost = |text: &str| estimate(text).saturating_add(MESSAGE_TOKENS);
    let system = if request.system.is_empty() { 0 } else { cost(&request.system) };
    let fixed = system.saturating_add(REPLY_TOKENS);
    let costs: Vec<_> =
        request.messages.iter().map(|message| (message.role, cost(&message.text))).collect();
    let fitting = |window| context::left_out(&costs, fixed, window, reserve);
    let newest = || context::newest(costs.iter().map(|(role, _)| *role));
    let left_out = match fitting(bound) {
        Ok(left_out) => left_out,
        Err(_) if configured.is_some() && fitting(window).is_err() => {
            return Err(fault::context_length());
        }
        Err(_) => newest(),
    };

    let adjustments = in_force(request, habits, facts);
    let sampling = outgoing::sampling(request.sampling, &adjustments);
    let messages = outgoing::messages(&request.system, &request.messages[left_out..], &adjustments);
    let shown = costs[left_out..].iter().map(|(_, tokens)| tokens);
    Ok(Plan {
        left_out,
        window: known,
        tokens: shown.fold(fixed, |sum, tokens| sum.saturating_add(*tokens)),
        sent: sent(&messages, sampling, &adjustments, facts),
        messages,
        sampling,
        adjustments,
        api: facts.api,
    })
}

/// Learns from the refusal of a request that was too long. Returns whether the next request will
/// have fewer messages.
pub(super) fn learn_length(
    said: &Said,
    request: &Request,
    refused: &Plan,
    facts: Facts<'_>,
    habits: &mut Habits,
) -> bool {
    let fewer = |habits: &Habits| {
        plan(request, facts, habits).is_ok_and(|plan| plan.left_out > refused.left_out)
    };
    let believed = refused.window.unwrap_or(u32::MAX);
    // A size that is not smaller than the known one does not explain the refusal.
    if let Some(told) = overflow::window(said).filter(|told| *told < believed) {
        habits.window = Some(told);
    }
    if fewer(habits) {
        return true;
    }
    // The endpoint counts tokens differently, or tells no size.
    let before = habits.room.replace(refused.tokens / 4 * 3);
    let helps = fewer(habits);
    if !helps {
        habits.room = before;
    }
    helps
}

/// The parameter for the answer's longest allowed length: `max_completion_tokens` at OpenAI and
/// Azure, whose newer models refuse `max_tokens`, and `max_tokens` elsewhere: Ollama knows no
/// other (<https://docs.ollama.com/api/openai-compatibility>), and vLLM, SGLang, llama.cpp and
/// LiteLLM take both. A refusal teaches otherwise.
pub(super) fn maximum(adjustments: &[Adjustment], facts: Facts<'_>) -> Parameter {
    if facts.api == Api::Responses {
        return Parameter::MaxOutputTokens;
    }
    let learned = adjustments.iter().rev().find_map(|adjustment| match adjustment {
        Adjustment::MaxTokens => Some(Parameter::MaxTokens),
        Adjustment::MaxCompletionTokens => Some(Parameter::MaxCompletionTokens),
        _ => None,
    });
    let own = if facts.is_openai { Parameter::MaxCompletionTokens } else { Parameter::MaxTokens };
    learned.unwrap_or(own)
}

/// What the Responses API has nothing for, which is known from the beginning
/// (<https://platform.openai.com/docs/api-reference/responses/create>): an assistant's message at
/// the end is not gone on from.
const NOT_IN_RESPONSES: [Adjustment; 2] = [Adjustment::WithoutSeed, Adjustment::WithoutBeginning];

/// The known adjustments that change this request.
fn in_force(request: &Request, habits: &Habits, facts: Facts<'_>) -> Vec<Adjustment> {
    use Adjustment as A;
    let Sampling { temperature, top_p, seed, max_tokens } = request.sampling;
    let continues = request.messages.last().is_some_and(|last| last.role == InputRole::Assistant);
    let bounded = max_tokens.is_some() && !habits.adjustments.contains(&A::WithoutMaxTokens);
    let (field, is_openai) = (maximum(&habits.adjustments, facts), facts.is_openai);
    let by_responses = facts.api == Api::Responses;
    let changes = |adjustment: &A| match adjustment {
        A::WithoutTemperature => temperature.is_some(),
        A::WithoutTopP => top_p.is_some(),
        A::WithoutSeed => seed.is_some(),
        A::WithoutStreamOptions => !by_responses,
        A::WithoutReasoningSummary => by_responses,
        A::MaxTokens => bounded && is_openai && field == Parameter::MaxTokens,
        A::MaxCompletionTokens => bounded && !is_openai && field == Parameter::MaxCompletionTokens,
        A::WithoutMaxTokens => max_tokens.is_some(),
        A::SystemInUser => !outgoing::is_blank(&request.system),
        A::WithoutBeginning => continues,
        A::FewerMessages => false,
    };
    let known = NOT_IN_RESPONSES.into_iter().filter(|_| by_responses);
    let learned = habits.adjustments.iter().copied();
    let learned = learned.filter(|it| !by_responses || !NOT_IN_RESPONSES.contains(it));
    known.chain(learned).filter(changes).collect()
}

fn sent(
    messages: &[InputMessage],
    sampling: Sampling,
    adjustments: &[Adjustment],
    facts: Facts<'_>,
) -> Sent {
    let by_responses = facts.api == Api::Responses;
    let options = !by_responses && !adjustments.contains(&Adjustment::WithoutStreamOptions);
    let summary = by_responses && !adjustments.contains(&Adjustment::WithoutReasoningSummary);
    let parameters = [
        sampling.temperature.map(|_| Parameter::Temperature),
        sampling.top_p.map(|_| Parameter::TopP),
        sampling.seed.map(|_| Parameter::Seed),
        options.then_some(Parameter::StreamOptions),
        sampling.max_tokens.map(|_| maximum(adjustments, facts)),
        summary.then_some(Parameter::ReasoningSummary),
    ];
    let is = |message: Option<&InputMessage>, role| message.is_some_and(|m| m.role == role);
    Sent {
        parameters: parameters.into_iter().flatten().collect(),
        system: is(messages.first(), InputRole::System),
        beginning: is(messages.last(), InputRole::Assistant),
    }
}

#[cfg(test)]
mod tests;
