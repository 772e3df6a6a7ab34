use Adjustment as A;

use super::*;

fn everything(maximum: Parameter) -> Sent {
    use Parameter::{Effort, Seed, Stream, StreamOptions, Temperature, TopP};
    Sent {
        parameters: vec![Temperature, TopP, Seed, Stream, StreamOptions, maximum, Effort],
        system: true,
        beginning: true,
        answers: Answers::WithReasoning,
    }
}

fn asked_again(body: &str) -> Option<Adjustment> {
    let maximum = if body.contains("'max_tokens'") {
        Parameter::MaxTokens
    } else {
        Parameter::MaxCompletionTokens
    };
    let sent = everything(maximum);
    let said = ErrorReport::from_body(body.as_bytes());
    let refused = of(&said, &sent).filter(|_| !is_range(&said))?;
    adjustment(refused, &sent, &[])
}

/// `{"error": {"message": …, "param": …}}`.
fn error(message: &str, param: Option<&str>) -> String {
    serde_json::json!({ "error": { "message": message, "type": "invalid_request_error", "param": param } }).to_string()
}

#[test]
fn each_refusal_leads_to_its_adjustment() {
    for (message, param, expected) in [
        // o1, gpt-5 (qwen-code#921, vercel/ai#6034); o3-mini (chatblade#100).
        (
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
            Some("temperature"),
            A::WithoutTemperature,
        ),
        (
            "Unsupported parameter: 'temperature' is not supported with this model.",
            None,
            A::WithoutTemperature,
        ),
        // Kimi; Claude.
        ("invalid temperature: only 1 is allowed for this model", None, A::WithoutTemperature),
        ("`temperature` is deprecated for this model", None, A::WithoutTemperature),
        ("The sampling of this model is fixed.", Some("temperature"), A::WithoutTemperature),
        // Claude behind LiteLLM and Bedrock (new-api#5122, ChatterUI#564).
        (
            "litellm.BadRequestError: BedrockException - {\"message\":\"The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model. Please use only one.\"}",
            None,
            A::WithoutTopP,
        ),
        (
            "Unsupported parameter: 'top_p' is not supported with this model.",
            Some("top_p"),
            A::WithoutTopP,
        ),
        // Groq; Gemini.
        ("property 'seed' is unsupported", None, A::WithoutSeed),
        (
            "Invalid JSON payload received. Unknown name \"seed\": Cannot find field.",
            None,
            A::WithoutSeed,
        ),
        // new-api#418; Azure.
        (
            "Unknown parameter: 'stream_options'. (request id: 20240901)",
            Some("stream_options"),
            A::WithoutStreamOptions,
        ),
        ("Unrecognized request argument supplied: stream_options", None, A::WithoutStreamOptions),
        // lobehub#5909; openai-python#1724.
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Some("max_tokens"),
            A::MaxCompletionTokens,
        ),
        ("Unrecognized request argument supplied: max_completion_tokens", None, A::MaxTokens),
        // o1-mini; templates of Gemma; Gemini's API.
        (
            "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
            Some("messages[0].role"),
            A::SystemInUser,
        ),
        ("System role not supported", None, A::SystemInUser),
        ("Only user and assistant roles are supported!", None, A::SystemInUser),
        ("Developer instruction is not enabled for models/gemma-3-27b-it", None, A::SystemInUser),
        // The roles that are sent alternate after the system message, so that one is refused.
        (
            "Conversation roles must alternate user/assistant/user/assistant/...",
            None,
            A::SystemInUser,
        ),
        // llama.cpp; Claude; Mistral; DeepSeek.
        (
            "Assistant response prefill is incompatible with enable_thinking.",
            None,
            A::WithoutBeginning,
        ),
        (
            "This model does not support assistant message prefill. The conversation must end with a user message.",
            None,
            A::WithoutBeginning,
        ),
        (
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
            None,
            A::WithoutBeginning,
        ),
        (
            "The last message of deepseek-reasoner must be a user message, or an assistant message with prefix mode on",
            None,
            A::WithoutBeginning,
        ),
        // OpenAI; xAI (CLIProxyAPI#3968); Groq (pi#1745); Ollama.
        (
            "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
            Some("reasoning_effort"),
            A::WithoutEffort,
        ),
        ("Unrecognized request argument supplied: reasoning_effort", None, A::WithoutEffort),
        ("Model grok-build does not support parameter reasoningEffort.", None, A::WithoutEffort),
        ("reasoning_effort must be one of none or default", None, A::WithoutEffort),
        // ollama#12561, claude-code#30010, TradingAgents#831, vercel/ai#8027.
        ("\"llama3\" does not support thinking", None, A::WithoutEffort),
        ("think value \"medium\" is not supported for this model", None, A::WithoutEffort),
        ("This model does not support the effort parameter.", None, A::WithoutEffort),
        (
            "Reasoning is mandatory for this endpoint and cannot be disabled.",
            None,
            A::WithoutEffort,
        ),
        ("Budget 0 is invalid. This model only works in thinking mode.", None, A::WithoutEffort),
        ("Thinking level is not supported for this model.", None, A::WithoutEffort),
        ("Thinking is not enabled for models/gemini-2.0-flash", None, A::WithoutEffort),
        ("Reasoning effort is not enabled for this model", None, A::WithoutEffort),
        (
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.",
            None,
            A::WithoutTopP,
        ),
        ("Unknown parameter: 'thinking'.", None, A::WithoutEffort),
        // Kimi (CLIProxyAPI#1307); CLIProxyAPI itself (quotio#287).
        (
            "Validation error for `reasoning_effort`: expected one of `'low' | 'high'`, received `'xhigh'`.",
            None,
            A::WithoutEffort,
        ),
        (
            "level \"max\" not supported, valid levels: low, medium, high, xhigh",
            None,
            A::WithoutEffort,
        ),
        // OpenAI for organizations that are not verified (continue#8209); its first o1; others.
        (
            "Your organization must be verified to stream this model. Please go to: https://platform.openai.com/settings/organization/general and click on Verify Organization.",
            Some("stream"),
            A::WithoutStream,
        ),
        (
            "Unsupported value: 'stream' does not support true with this model. Only the default (false) value is supported.",
            Some("stream"),
            A::WithoutStream,
        ),
        ("Your organization must be verified to stream this model.", None, A::WithoutStream),
        ("Error in `stream`: `stream` is not supported for this model", None, A::WithoutStream),
        ("This model does not support streaming.", None, A::WithoutStream),
        ("Unsupported parameter.", Some("reasoning.effort"), A::WithoutEffort),
        // Cerebras.
        ("property 'reasoning_content' is unsupported", None, A::WithoutReasoning),
        // The same in other words.
        (
            "This model takes only the default value of 'temperature'.",
            Some("temperature"),
            A::WithoutTemperature,
        ),
        (
            "An answer that is begun already cannot be continued while thinking is on.",
            None,
            A::WithoutBeginning,
        ),
    ] {
        assert_eq!(asked_again(&error(message, param)), Some(expected), "{message}");
    }
    for (body, expected) in [
        // Mistral (eca#231); openclaude#739; Azure AI (cherry-studio#9214); Codex.
        (
            r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":7}]},"type":"invalid_request_error","param":null,"code":null}"#,
            A::WithoutSeed,
        ),
        (
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}"#,
            A::MaxTokens,
        ),
        (
            r#"{"detail":"Extra parameters ['stream_options'] are not allowed when extra-parameters is not set or set to be 'error'."}"#,
            A::WithoutStreamOptions,
        ),
        (r#"{"detail":"Unsupported parameter: temperature"}"#, A::WithoutTemperature),
        // Mistral (crush#1590).
        (
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",31,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted"}]}"#,
            A::WithoutReasoning,
        ),
        (
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","reasoning_effort"],"msg":"Extra inputs are not permitted"}]}"#,
            A::WithoutEffort,
        ),
    ] {
        assert_eq!(asked_again(body), Some(expected), "{body}");
    }
}

#[test]
fn unclear_refusals_lead_to_no_adjustment() {
    for (message, param) in [
        ("boom", None),
        ("The request is invalid.", None),
        ("temperature must be at most 2", None),
        (
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 200 instead.",
            Some("temperature"),
        ),
        (
            "max_completion_tokens is too large: 100000. This model supports at most 16384",
            Some("max_completion_tokens"),
        ),
        ("Unknown parameter: 'temperature_schedule'.", Some("temperature_schedule")),
        ("The stream of this river is not supported.", None),
        ("The operating temperature of this system is high.", None),
    ] {
        assert_eq!(asked_again(&error(message, param)), None, "{message}");
    }
}

#[test]
fn only_parts_that_were_sent_are_left_out() {
    let said =
        ErrorReport::from_body(error("Unsupported parameter: 'seed'", Some("seed")).as_bytes());
    assert_eq!(of(&said, &Sent::default()), None);
    let said = ErrorReport::from_body(
        error("Assistant response prefill is incompatible", None).as_bytes(),
    );
    assert_eq!(of(&said, &Sent { beginning: false, ..everything(Parameter::MaxTokens) }), None);
}

/// DeepSeek V4 (modelparams.dev#29, pi#3636); through another API (9router#2397).
#[test]
fn reasoning_that_an_endpoint_requires_is_sent() {
    let sent = Sent { answers: Answers::Without, ..everything(Parameter::MaxTokens) };
    for message in [
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "The `content[].thinking` in the thinking mode must be passed back to the API.",
    ] {
        let said = ErrorReport::from_body(error(message, None).as_bytes());
        assert_eq!(of(&said, &sent), Some(Refused::NoReasoning), "{message}");
        assert_eq!(adjustment(Refused::NoReasoning, &sent, &[]), Some(A::WithReasoning));
        assert_eq!(adjustment(Refused::NoReasoning, &sent, &[A::WithReasoning]), None);
    }
}

#[test]
fn no_adjustment_is_made_twice() {
    let sent = everything(Parameter::MaxTokens);
    let next = |refused, made: &[Adjustment]| adjustment(refused, &sent, made);
    let temperature = Refused::Parameter(Parameter::Temperature);
    assert_eq!(next(temperature, &[A::WithoutTemperature]), None);
    // The endpoint knows neither name.
    let maximum = Refused::Parameter(Parameter::MaxTokens);
    assert_eq!(next(maximum, &[]), Some(A::MaxCompletionTokens));
    assert_eq!(next(maximum, &[A::MaxTokens]), Some(A::WithoutMaxTokens));
    let without_system = Sent { system: false, ..sent.clone() };
    assert_eq!(adjustment(Refused::Roles, &without_system, &[]), Some(A::WithoutBeginning));
    assert_eq!(adjustment(Refused::System, &without_system, &[]), None);
}

/// The Responses API: OpenAI (continue#12031, openai-python#2194), and servers that do not know the
/// `reasoning` object.
#[test]
fn a_refused_reasoning_summary_is_left_out() {
    let parameters = vec![Parameter::Temperature, Parameter::ReasoningSummary];
    let sent = Sent { parameters, ..Sent::default() };
    let refused = |message: &str, param: Option<&str>| {
        of(&ErrorReport::from_body(error(message, param).as_bytes()), &sent)
    };
    let summary = Some(Refused::Parameter(Parameter::ReasoningSummary));
    for (message, param, expected) in [
        (
            "Your organization must be verified to generate reasoning summaries.",
            Some("reasoning.summary"),
            summary,
        ),
        ("Your organization must be verified to generate reasoning summaries.", None, summary),
        ("Unsupported parameter: 'reasoning.summary' is not supported.", None, summary),
        ("Unknown parameter: 'reasoning'.", None, summary),
        ("Extra inputs are not permitted", Some("reasoning"), summary),
        // Another field of the object, and the word `reasoning`.
        (
            "Unsupported parameter: 'reasoning.effort' is not supported.",
            Some("reasoning.effort"),
            None,
        ),
        (
            "A reasoning model does not support temperature.",
            None,
            Some(Refused::Parameter(Parameter::Temperature)),
        ),
    ] {
        assert_eq!(refused(message, param), expected, "{message}");
    }
}
