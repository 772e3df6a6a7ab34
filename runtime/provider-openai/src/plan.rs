//! Decides what is sent for a request: the messages that fit the model's window, in the form that
//! the model is known to accept; pure.

use model_io::{context, outgoing};
use protocol::api::{InputMessage, InputRole, Sampling};
use protocol::{Adjustment, Effort, Error, estimated_tokens, sent_sampling};
use provider::Request;

use super::config::{Api, CONTEXT_TOKENS, OpenaiConfig};
use super::error_report::ErrorReport;
use super::fault;
use super::learned::Habits;
use super::models::{EffortForm, ModelSettings};
use super::overflow;
use super::refusal::{Answers, Parameter, Sent};
use super::tokens::{MESSAGE_TOKENS, REPLY_TOKENS};

/// What is known about the endpoint and the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a OpenaiConfig,
    /// The owner's settings for the model.
    pub(crate) settings: &'a ModelSettings,
    /// The model's window according to the endpoint's list.
    pub(crate) listed: Option<u32>,
    /// Whether it is OpenAI's own service, or Azure's.
    pub(crate) is_openai: bool,
    /// The API by which the model is asked.
    pub(crate) api: Api,
}

/// A request that is ready to be sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    /// How many of the oldest messages are left out.
    pub(crate) left_out: usize,
    /// The window's size in tokens, if it is known.
    pub(crate) window: Option<u32>,
    /// The estimated number of tokens of the prompt.
    pub(crate) tokens: u32,
    pub(crate) messages: Vec<InputMessage>,
    pub(crate) sampling: Sampling,
    /// The effort that is sent, and the form in which it is sent.
    pub(crate) effort: Option<(EffortForm, Effort)>,
    /// Whether the thinking of earlier answers is sent.
    pub(crate) reasoning: bool,
    /// The adjustments that change this request.
    pub(crate) adjustments: Vec<Adjustment>,
    pub(crate) sent: Sent,
    pub(crate) api: Api,
}

impl Plan {
    /// The effort that is sent, if it is not the one that was asked for.
    pub(crate) fn other_effort(&self, asked: &Request) -> Option<Effort> {
        let told = self.effort.as_ref().map(|(_, told)| told);
        told.filter(|told| asked.effort.as_ref() != Some(*told)).cloned()
    }

    /// Whether the answer is streamed.
    pub(crate) fn streams(&self) -> bool {
        self.sent.parameters.contains(&Parameter::Stream)
    }
}

/// Plans a request.
///
/// Error: `context_length` if the newest message alone does not fit the window that the owner
/// configured. If no window is configured, the message is sent nevertheless, because the number of
/// tokens is only an estimate.
pub(crate) fn plan(request: &Request, facts: Facts<'_>, habits: &Habits) -> Result<Plan, Error> {
    let configured = facts.settings.window_tokens.or(facts.config.context_tokens);
    let known = configured.or(habits.window).or(facts.listed);
    let window = known.unwrap_or(CONTEXT_TOKENS);
    let reserve = request.sampling.max_tokens.unwrap_or(facts.config.answer_reserve_tokens);
    let reserve = reserve.min(window / 2);
    let bound = habits.room.map_or(window, |room| room.saturating_add(reserve).min(window));

    let known_adjustments = in_force(request, &facts, habits);
    // The Responses API accepts earlier thinking only in its own encrypted form.
    let reasoning = facts.api == Api::Chat && sends_reasoning(request, &known_adjustments);
    let cost = |text: &str| estimated_tokens(text).saturating_add(MESSAGE_TOKENS);
    let system = if request.system.is_empty() { 0 } else { cost(&request.system) };
    let fixed = system.saturating_add(REPLY_TOKENS);
    let cost_of = |message: &InputMessage| {
        let thinking = if reasoning { estimated_tokens(&message.reasoning) } else { 0 };
        (message.role, cost(&message.text).saturating_add(thinking))
    };
    let costs: Vec<_> = request.messages.iter().map(cost_of).collect();
    let fitting = |window| context::left_out(&costs, fixed, window, reserve);
    let newest = || context::newest(costs.iter().map(|(role, _)| *role));
    let left_out = match fitting(bound) {
        Ok(left_out) => left_out,
        Err(_) if configured.is_some() && fitting(window).is_err() => {
            return Err(fault::context_length());
        }
        Err(_) => newest(),
    };

    let adjustments = known_adjustments;
    let sampling = sent_sampling(request.sampling, &adjustments);
    let effort = effort_sent(request, &facts, habits);
    let shown = &request.messages[left_out..];
    let messages = outgoing::messages(&request.system, shown, &adjustments, reasoning);
    let shown = costs[left_out..].iter().map(|(_, tokens)| tokens);
    Ok(Plan {
        left_out,
        window: known,
        tokens: shown.fold(fixed, |sum, tokens| sum.saturating_add(*tokens)),
        sent: Sent {
            parameters: parameters(sampling, effort.is_some(), &adjustments, &facts),
            ..sent(&messages, reasoning)
        },
        messages,
        sampling,
        effort: effort.map(|effort| (facts.settings.reasoning, effort)),
        reasoning,
        adjustments,
        api: facts.api,
    })
}

/// Learns from the refusal of a request that was too long. Returns whether the next request will
/// have fewer messages.
pub(crate) fn learn_length(
    said: &ErrorReport,
    request: &Request,
    refused: &Plan,
    facts: Facts<'_>,
    habits: &mut Habits,
) -> bool {
    let fewer = |habits: &Habits| {
        plan(request, facts, habits).is_ok_and(|plan| plan.left_out > refused.left_out)
    };
    let believed = refused.window.unwrap_or(u32::MAX);
    // A size that is not smaller than the known one cannot be the reason for the refusal.
    if let Some(told) = overflow::window(said).filter(|told| *told < believed) {
        habits.window = Some(told);
    }
    if fewer(habits) {
        return true;
    }
    // The endpoint counts tokens differently, or gives no size.
    let before = habits.room.replace(refused.tokens / 4 * 3);
    let helps = fewer(habits);
    if !helps {
        habits.room = before;
    }
    helps
}

/// The parameter for the answer's longest allowed length, as learned from refusals or by default.
fn maximum(adjustments: &[Adjustment], facts: &Facts<'_>) -> Parameter {
    if facts.api == Api::Responses {
        return Parameter::MaxOutputTokens;
    }
    let learned = adjustments.iter().rev().find_map(|adjustment| match adjustment {
        Adjustment::MaxTokens => Some(Parameter::MaxTokens),
        Adjustment::MaxCompletionTokens => Some(Parameter::MaxCompletionTokens),
        _ => None,
    });
    learned.unwrap_or_else(|| usual_maximum(facts))
}

/// The default for it: what the owner sets, else `max_completion_tokens` for OpenAI and Azure,
/// whose newer models refuse `max_tokens`, and `max_tokens` elsewhere. Ollama knows only that
/// (<https://docs.ollama.com/api/openai-compatibility>), and vLLM, SGLang, llama.cpp and LiteLLM
/// accept both.
fn usual_maximum(facts: &Facts<'_>) -> Parameter {
    let own = if facts.is_openai { Parameter::MaxCompletionTokens } else { Parameter::MaxTokens };
    facts.settings.maximum().unwrap_or(own)
}

/// The effort that is sent.
fn effort_sent(request: &Request, facts: &Facts<'_>, habits: &Habits) -> Option<Effort> {
    habits.effort_sent(facts.settings, request.effort.as_ref()?)
}

/// Whether the thinking of earlier answers is sent.
fn sends_reasoning(request: &Request, adjustments: &[Adjustment]) -> bool {
    let otherwise = [Adjustment::WithReasoning, Adjustment::WithoutReasoning];
    let otherwise = adjustments.iter().any(|adjustment| otherwise.contains(adjustment));
    request.send_reasoning != otherwise
}

/// The adjustments that the Responses API always needs
/// (<https://platform.openai.com/docs/api-reference/responses/create>): it has no seed, and it does
/// not continue an assistant's message at the end.
const NOT_IN_RESPONSES: [Adjustment; 2] = [Adjustment::WithoutSeed, Adjustment::WithoutBeginning];

/// The adjustments that change this request: those that were learned, and those that the owner's
/// settings and a refused effort ask for.
fn in_force(request: &Request, facts: &Facts<'_>, habits: &Habits) -> Vec<Adjustment> {
    use Adjustment as A;
    let Sampling { temperature, top_p, seed, max_tokens } = request.sampling;
    let continues = request.messages.last().is_some_and(|last| last.role == InputRole::Assistant);
    let bounded = max_tokens.is_some() && !habits.adjustments.contains(&A::WithoutMaxTokens);
    let (field, usual) = (maximum(&habits.adjustments, facts), usual_maximum(facts));
    let by_responses = facts.api == Api::Responses;
    let answers = request.messages.iter().any(|message| message.role == InputRole::Assistant);
    let mut known = habits.adjustments.clone();
    // An empty stream concerns only this turn, so that is not remembered.
    if request.made.contains(&A::WithoutStream) && !known.contains(&A::WithoutStream) {
        known.push(A::WithoutStream);
    }
    let streams = !known.contains(&A::WithoutStream);
    if by_responses {
        known.retain(|learned| !NOT_IN_RESPONSES.contains(learned));
        known.splice(0..0, NOT_IN_RESPONSES);
    }
    if !facts.settings.temperature && !known.contains(&A::WithoutTemperature) {
        known.push(A::WithoutTemperature);
    }
    known.retain(|learned| *learned != A::WithoutEffort);
    match (&request.effort, effort_sent(request, facts, habits)) {
        (Some(_), None) => known.push(A::WithoutEffort),
        (Some(asked), Some(told)) if *asked != told => known.push(A::NearestEffort),
        _ => {}
    }
    let changes = |adjustment: &A| match adjustment {
        A::WithoutTemperature => temperature.is_some(),
        A::WithoutTopP => top_p.is_some(),
        A::WithoutSeed => seed.is_some(),
        A::WithoutStreamOptions => !by_responses && streams,
        A::WithoutReasoningSummary => by_responses,
        A::MaxTokens => bounded && field != usual && field == Parameter::MaxTokens,
        A::MaxCompletionTokens => {
            bounded && field != usual && field == Parameter::MaxCompletionTokens
        }
        A::WithoutMaxTokens => max_tokens.is_some(),
        A::SystemInUser => !outgoing::is_blank(&request.system),
        A::WithoutBeginning => continues,
        A::WithoutEffort | A::NearestEffort => request.effort.is_some(),
        A::WithoutStream => true,
        A::WithReasoning => answers && !request.send_reasoning,
        A::WithoutReasoning => answers && request.send_reasoning,
        A::FewerMessages => false,
    };
    known.retain(changes);
    known
}

/// The parameters that are sent, without what the adjustments leave out.
fn parameters(
    sampling: Sampling,
    effort: bool,
    adjustments: &[Adjustment],
    facts: &Facts<'_>,
) -> Vec<Parameter> {
    let by_responses = facts.api == Api::Responses;
    let streams = !adjustments.contains(&Adjustment::WithoutStream);
    let options =
        !by_responses && streams && !adjustments.contains(&Adjustment::WithoutStreamOptions);
    let summary = by_responses && !adjustments.contains(&Adjustment::WithoutReasoningSummary);
    let parameters = [
        sampling.temperature.map(|_| Parameter::Temperature),
        sampling.top_p.map(|_| Parameter::TopP),
        sampling.seed.map(|_| Parameter::Seed),
        streams.then_some(Parameter::Stream),
        options.then_some(Parameter::StreamOptions),
        sampling.max_tokens.map(|_| maximum(adjustments, facts)),
        summary.then_some(Parameter::ReasoningSummary),
        effort.then_some(Parameter::Effort),
    ];
    parameters.into_iter().flatten().collect()
}

/// The other parts of the request that can be refused.
fn sent(messages: &[InputMessage], reasoning: bool) -> Sent {
    let is = |message: Option<&InputMessage>, role| message.is_some_and(|m| m.role == role);
    let answers = messages.iter().any(|message| message.role == InputRole::Assistant);
    Sent {
        parameters: Vec::new(),
        answers: if reasoning && answers { Answers::WithReasoning } else { Answers::Without },
        system: is(messages.first(), InputRole::System),
        beginning: is(messages.last(), InputRole::Assistant),
    }
}

#[cfg(test)]
mod tests;
