//! Recognizes which part of a request an endpoint refuses, and decides how to adjust; pure.
//!
//! A part counts as refused only if it was sent and the error names it: in `param`, in pydantic's
//! `loc`, or in its sentences. The texts are those of real endpoints; the tests name their sources.

use protocol::Adjustment;

use super::error_report::ErrorReport;

pub(crate) mod efforts;

/// A part of a request that can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Parameter(Parameter),
    /// A message with the role `system`.
    System,
    /// An assistant's message at the end, which is to be continued.
    Beginning,
    /// The order of the roles.
    Roles,
    /// The thinking of earlier answers.
    Reasoning,
    /// The lack of the thinking of earlier answers.
    NoReasoning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Temperature,
    TopP,
    Seed,
    /// Streaming of the answer.
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    /// The same for the Responses API.
    MaxOutputTokens,
    /// A summary of the thinking, which only the Responses API has.
    ReasoningSummary,
    /// The reasoning effort, in any form.
    Effort,
}

/// The parts of a request that can be refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) parameters: Vec<Parameter>,
    /// Whether there is a system message.
    pub(crate) system: bool,
    /// Whether the request ends with the beginning of an answer.
    pub(crate) beginning: bool,
    /// Whether there are earlier answers with their thinking.
    pub(crate) answers: Answers,
}

/// How earlier answers are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answers {
    #[default]
    Without,
    WithReasoning,
}

/// The names of each parameter, in all spellings.
const PARAMETERS: [(Parameter, &[&str]); 10] = [
    (Parameter::Temperature, &["temperature"]),
    (Parameter::TopP, &["top_p", "topp", "top-p"]),
    (Parameter::Seed, &["seed"]),
    (Parameter::Stream, &["stream", "streaming"]),
    (Parameter::StreamOptions, &["stream_options", "streamoptions", "include_usage"]),
    (Parameter::MaxTokens, &["max_tokens", "maxtokens"]),
    (Parameter::MaxCompletionTokens, &["max_completion_tokens", "maxcompletiontokens"]),
    (Parameter::MaxOutputTokens, &["max_output_tokens", "maxoutputtokens"]),
    (
        Parameter::ReasoningSummary,
        &[
            "reasoning.summary",
            "reasoning_summary",
            "reasoning summaries",
            "'reasoning'",
            "`reasoning`",
        ],
    ),
    (
        Parameter::Effort,
        &["reasoning_effort", "reasoningeffort", "reasoning.effort", "chat_template_kwargs"],
    ),
];
/// Names of the effort's field that are also ordinary words about language models. They count only
/// as a field's name.
const EFFORT_FIELDS: &[&str] = &["reasoning", "thinking", "enable_thinking"];
/// Sentences about the effort that do not name its field: Ollama
/// (<https://github.com/ollama/ollama/issues/12561>), Anthropic
/// (<https://github.com/anthropics/claude-code/issues/30010>), OpenRouter and Gemini (seen in
/// <https://github.com/TauricResearch/TradingAgents/issues/831>,
/// <https://github.com/vercel/ai/issues/8027>), Mistral.
const EFFORT_SENTENCES: &[&str] = &[
    "not support thinking",
    "think value",
    "the effort parameter",
    "reasoning is mandatory",
    "only works in thinking mode",
    "thinking level is not supported",
    "thinking is not enabled",
    "only enabled when thinking is enabled",
    "reasoning effort is not",
];
/// The field for the thinking of earlier answers.
const REASONING: &str = "reasoning_content";
/// Words that demand it: DeepSeek, whose name for it differs from API to API.
const PASSED_BACK: &[&str] = &["must be passed back", "must be sent back", "must be returned"];

/// Words that refusals contain, in lower case.
const REFUSING: &[&str] = &[
    "unsupported",
    "not support",
    "n't support",
    "not permitted",
    "not allowed",
    "not accept",
    "not take",
    "not available",
    "not enabled",
    "not implemented",
    "not a valid",
    "not valid",
    "not one of",
    "unrecognized",
    "unrecognised",
    "unknown",
    "unexpected",
    "extra",
    "deprecated",
    "cannot",
    "can not",
    "incompatible",
    "invalid",
    "only",
    "must be",
    "must not",
    "should be",
    "expected one of",
    "supported values",
    "allowed values",
    "accepted values",
    "valid values",
    "valid options",
    "valid levels",
    "refuse",
    "reject",
    "remove",
];
/// Codes and types of refusals.
const REFUSALS: &[&str] = &[
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "unrecognized_parameter",
    "extra_forbidden",
    "not_supported",
];
/// Words about a value that is out of range. Only the person who chose the value can change it.
const RANGE: &[&str] = &[
    "must be between",
    "must be at most",
    "must be at least",
    "must be in the range",
    "range of",
    "too large",
    "too small",
    "too high",
    "too low",
    "above maximum",
    "below minimum",
    "above_max",
    "below_min",
    "less than",
    "greater than",
    "<=",
    ">=",
];
/// Words for an answer that is to be continued.
const BEGINNINGS: &[&str] = &[
    "prefill",
    "prefix",
    "begun",
    "beginning",
    "continu",
    "partial",
    "last role",
    "last message",
    "final message",
    "end with a user",
    "ends with a user",
    "end with user",
    "end of the list",
    "got assistant",
    "assistant message",
];
/// Words that refuse streaming: OpenAI for organizations that are not verified
/// (<https://github.com/continuedev/continue/issues/8209>) and for its first o1
/// (<https://github.com/animalnots/BetterChatGPT-PLUS/issues/62>), Hugging Face
/// (<https://github.com/huggingface/chat-ui/issues/296>).
const NO_STREAM: &[&str] = &[
    "verified to stream",
    "'stream' does not support true",
    "`stream` is not supported",
    "support streaming",
    "streaming is not supported",
    "streaming is not available",
    "streaming is not enabled",
];
const ROLES: &[&str] = &[
    "alternat",
    "successive",
    "interleave",
    "in a row",
    "first message must",
    "start with a user",
];

/// The part that an error refuses. `None` if the error names no part that was sent.
pub(crate) fn of(said: &ErrorReport, sent: &Sent) -> Option<Refused> {
    if let Some(reasoning) = reasoning(said, sent) {
        return Some(reasoning);
    }
    let parameter = parameter(said, sent).map(Refused::Parameter);
    let roles = || said.says(ROLES) || said.says(&["role"]) && said.says(REFUSING);
    parameter
        .or_else(|| refuses_system(said, sent).then_some(Refused::System))
        .or_else(|| (sent.beginning && said.says(BEGINNINGS)).then_some(Refused::Beginning))
        .or_else(|| roles().then_some(Refused::Roles))
}

/// Whether an error is about a value that is out of range. If the parameter may also be left out
/// ("or unset"), the error counts as a refusal instead.
pub(crate) fn is_range(said: &ErrorReport) -> bool {
    said.has(RANGE) && !said.is_named(REFUSALS) && !said.says(&["or unset"])
}

/// The parameter that an error names, refused or out of range.
pub(crate) fn parameter(said: &ErrorReport, sent: &Sent) -> Option<Parameter> {
    let sent = |parameter: &Parameter| sent.parameters.contains(parameter);
    let named = |names: &[&str]| {
        let whole = |param: &str| names.contains(&param);
        let first = |param: &str| names.contains(&param.split('.').next().unwrap_or_default());
        // A field within `reasoning` is not the whole object.
        said.params.iter().any(|p| whole(p) || first(p) && !p.starts_with("reasoning."))
    };
    let field = PARAMETERS.iter().find(|(_, names)| named(names)).map(|(parameter, _)| *parameter);
    // As a word, `reasoning` is used of every model that thinks. As a field, it is the object with
    // the summary or with the effort, whichever was sent.
    let object = if sent(&Parameter::ReasoningSummary) && named(&["reasoning"]) {
        Parameter::ReasoningSummary
    } else {
        Parameter::Effort
    };
    let field = field.or(named(EFFORT_FIELDS).then_some(object));
    if let Some(parameter) = field {
        return Some(parameter).filter(sent);
    }
    if !said.says(REFUSING) {
        return None;
    }
    // If two parameters exclude each other, `top_p` is left out and `temperature` stays.
    let at = |parameter: Parameter, names: &[&str]| match parameter {
        Parameter::Effort => effort(said, names),
        // The name is a common word in APIs that stream.
        Parameter::Stream => said.says(NO_STREAM).then_some(0),
        _ => names.iter().filter_map(|name| mention(&said.lower, name)).min(),
    };
    let mentions: Vec<_> = PARAMETERS
        .iter()
        .filter(|(parameter, _)| sent(parameter))
        .filter_map(|(parameter, names)| Some((at(*parameter, names)?, *parameter)))
        .collect();
    let both = said.says(&["both"]) && mentions.iter().any(|(_, p)| *p == Parameter::TopP);
    let first = mentions.into_iter().min_by_key(|(at, _)| *at).map(|(_, parameter)| parameter);
    if both { Some(Parameter::TopP) } else { first }
}

/// The adjustment that avoids a refusal. `None` if it is in `made`, so it was in force already.
pub(crate) fn adjustment(refused: Refused, sent: &Sent, made: &[Adjustment]) -> Option<Adjustment> {
    use Adjustment as A;
    use Parameter as P;
    let adjustment = match refused {
        Refused::Parameter(P::Temperature) => A::WithoutTemperature,
        Refused::Parameter(P::TopP) => A::WithoutTopP,
        Refused::Parameter(P::Seed) => A::WithoutSeed,
        Refused::Parameter(P::Stream) => A::WithoutStream,
        Refused::Parameter(P::StreamOptions) => A::WithoutStreamOptions,
        // A server that refuses one name usually knows the other one.
        Refused::Parameter(P::MaxTokens) if !made.contains(&A::MaxTokens) => A::MaxCompletionTokens,
        Refused::Parameter(P::MaxCompletionTokens) if !made.contains(&A::MaxCompletionTokens) => {
            A::MaxTokens
        }
        Refused::Parameter(P::MaxTokens | P::MaxCompletionTokens | P::MaxOutputTokens) => {
            A::WithoutMaxTokens
        }
        Refused::Parameter(P::ReasoningSummary) => A::WithoutReasoningSummary,
        Refused::Parameter(P::Effort) => A::WithoutEffort,
        Refused::Reasoning => A::WithoutReasoning,
        Refused::NoReasoning => A::WithReasoning,
        // The roles alternate already, so the refusal must be about the system message.
        Refused::System | Refused::Roles if sent.system => A::SystemInUser,
        Refused::Beginning | Refused::Roles if sent.beginning => A::WithoutBeginning,
        Refused::System | Refused::Beginning | Refused::Roles => return None,
    };
    (!made.contains(&adjustment)).then_some(adjustment)
}

/// Finds a refusal of the thinking of earlier answers, or a demand for it.
fn reasoning(said: &ErrorReport, sent: &Sent) -> Option<Refused> {
    match sent.answers {
        Answers::Without => {
            let thinking = said.says(&[REASONING, "thinking"]);
            (thinking && said.says(PASSED_BACK)).then_some(Refused::NoReasoning)
        }
        Answers::WithReasoning => {
            let field = said.params.iter().any(|param| param.ends_with(REASONING));
            let named = mention(&said.lower, REASONING).is_some() && said.says(REFUSING);
            (field || named).then_some(Refused::Reasoning)
        }
    }
}

/// The position at which the effort is mentioned. If a beginning excludes thinking (llama.cpp), the
/// beginning counts as refused and not the effort.
fn effort(said: &ErrorReport, names: &[&str]) -> Option<usize> {
    if said.says(&["prefill"]) {
        return None;
    }
    let quoted = |name: &&str| {
        let quotes =
            ['\'', '`', '"'].map(|quote| said.lower.find(&format!("{quote}{name}{quote}")));
        quotes.into_iter().flatten().min()
    };
    let plain = names.iter().filter_map(|name| mention(&said.lower, name));
    // A proxy in front of several services (https://github.com/nguyenphutrong/quotio/issues/287).
    let level = said.lower.find("not supported, valid levels");
    let told = EFFORT_SENTENCES.iter().filter_map(|sentence| said.lower.find(sentence));
    plain.chain(EFFORT_FIELDS.iter().filter_map(quoted)).chain(level).chain(told).min()
}

fn refuses_system(said: &ErrorReport, sent: &Sent) -> bool {
    let first = said.params.iter().any(|param| param == "messages.0.role");
    let developer = said.says(&["developer instruction", "system instruction"]);
    let words = mention(&said.lower, "system").is_some()
        && said.says(&["role", "message", "prompt"])
        && said.says(REFUSING)
        && !said.says(&["optional system", "(optional) system"]);
    let only = said.says(&["only user and assistant roles"]);
    sent.system && (first || developer || words || only)
}

/// The position of a name that is not part of a longer one.
fn mention(text: &str, name: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests;
