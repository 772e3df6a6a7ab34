//! Recognizes errors about the context window, and reads the window's size from them; pure.
//!
//! The texts are those of real providers, as their users report them. The tests have a table of
//! them.

use super::error_report::ErrorReport;

/// Lower-case texts that say that the conversation does not fit the window.
const TELLING: &[&str] = &[
    "context_length",
    "context length",
    "context size",
    "context_size",
    "context window",
    "contextwindowexceeded",
    "context limit",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "prompt 超长",
    "maximum prompt length",
    "maximum context",
    "maximum input length",
    "maximum allowed input length",
    "maximum number of tokens allowed",
    "input token count",
    "range of input length",
    "exceed model maximum",
    "exceeded model token limit",
    "prompt token count",
    "tokens exceed the configured limit",
    "reduce the length of",
    "max_new_tokens` must be",
    "current length is",
    "max_tokens must be at least 1, got -",
    "too many tokens",
    "request too large",
];

/// The lower-case words right before the window's size. The first match counts.
const BEFORE: &[&str] = &[
    "maximum context length is ",
    "context length is only ",
    "context length of only ",
    "maximum context length of ",
    "model's context length (",
    "available context size (",
    "configured context size is ",
    "context window of ",
    "n_ctx: ",
    "maximum prompt length is ",
    "maximum allowed input length of ",
    "maximum number of tokens allowed (",
    "configured limit of ",
    "exceeds the limit of ",
    "exceed model maximum (",
    "exceeded model token limit: ",
    "max_new_tokens` must be <= ",
    "must have less than ",
    "range of input length should be [1, ",
    "context limit of ",
    "limit is ",
    "context length of ",
    "cannot exceed ",
];

/// The words right after it.
const BEHIND: &[&str] = &[" maximum context length", " maximum"];

/// The range of plausible window sizes, in tokens; others are ignored.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 256..=10_000_000;

/// Whether an error says that the conversation does not fit the window.
pub(crate) fn is_told(said: &ErrorReport) -> bool {
    // A limit of tokens per minute is a rate limit, and a limit of the answer's length is about
    // another parameter.
    let other = ["per minute", "(tpm)", "output limit", "completion tokens", "string too long"];
    said.has(TELLING) && (said.has(&["context length", "context_length"]) || !said.has(&other))
}

/// Whether the request alone has more tokens than are allowed per minute, as the free plans of Groq
/// and OpenAI say: "(TPM): Limit 6000, Requested 8000". Waiting does not help then
/// (<https://github.com/continuedev/continue/issues/10218>).
pub(crate) fn is_more_than_a_minute(said: &ErrorReport) -> bool {
    let limits = || {
        let (_, behind) = said.lower.split_once(MINUTE)?;
        Some((number(behind)?, number(behind.split_once("requested ")?.1)?))
    };
    said.says(&["request too large"]) && limits().is_some_and(|(limit, asked)| asked > limit)
}

/// The words before the number of tokens that are allowed per minute.
const MINUTE: &str = "(tpm): limit ";

/// The window's size in tokens, if the error gives a plausible one.
pub(crate) fn window(said: &ErrorReport) -> Option<u32> {
    let text = &said.lower;
    let before = || BEFORE.iter().find_map(|mark| number(text.split_once(mark)?.1));
    // `190000 + 20000 > 200000`, `213462 tokens > 200000 maximum`.
    let compared = || number(text.split_once("> ")?.1);
    let behind = || BEHIND.iter().find_map(|mark| last_number(text.split_once(mark)?.0));
    let minute =
        || is_more_than_a_minute(said).then(|| number(said.lower.split_once(MINUTE)?.1))?;
    let told = said.window.or_else(minute).or_else(before).or_else(behind).or_else(compared);
    told.filter(|tokens| PLAUSIBLE.contains(tokens)).and_then(|tokens| u32::try_from(tokens).ok())
}

/// The number at the beginning, which may have commas between thousands.
fn number(text: &str) -> Option<u64> {
    let digits: String = text
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(|c| *c != ',')
        .collect();
    digits.parse().ok()
}

/// The number at the end.
fn last_number(text: &str) -> Option<u64> {
    let start = text.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    text[start..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> ErrorReport {
        ErrorReport::from_body(
            serde_json::json!({ "error": { "message": text } }).to_string().as_bytes(),
        )
    }

    /// continue#10218, ha-groq-cloud-api#27.
    #[test]
    fn a_request_above_the_tokens_per_minute_limit_is_too_long() {
        let words = |kind: &str, used: &str, asked: u32| {
            said(&format!(
                "{kind} for model `x` on tokens per minute (TPM): Limit 6000, {used}Requested {asked}, please reduce your message size and try again."
            ))
        };
        let large = words("Request too large", "", 8_000);
        assert!(is_more_than_a_minute(&large));
        assert_eq!(window(&large), Some(6_000));
        for other in [
            words("Request too large", "", 5_000),
            words("Rate limit reached", "Used 5500, ", 8_000),
            words("Rate limit reached", "", 2_000),
        ] {
            assert!(!is_more_than_a_minute(&other));
        }
    }

    #[test]
    fn the_window_is_parsed_from_each_providers_error() {
        for (text, tokens) in [
            // OpenAI, Azure, older vLLM, DeepSeek (fast-agent#621); OpenRouter.
            (
                "This model's maximum context length is 131072 tokens. However, you requested 131134 tokens (122942 in the messages, 8192 in the completion).",
                Some(131_072),
            ),
            (
                "This endpoint's maximum context length is 131072 tokens. However, you requested about 150211 tokens",
                Some(131_072),
            ),
            (
                "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens.",
                Some(272_000),
            ),
            // vLLM.
            (
                "You passed 98305 input tokens and requested 32768 output tokens. However, the model's context length is only 131072 tokens, resulting in a maximum input length of 98304 tokens.",
                Some(131_072),
            ),
            // A bug of vLLM: it prints the rest of the window (vllm#33425).
            (
                "This model's maximum context length is 3 tokens. However, your request has 8 input tokens.",
                None,
            ),
            // SGLang, Together.
            (
                "The input (516368 tokens) is longer than the model's context length (262144 tokens).",
                Some(262_144),
            ),
            (
                "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9000 tokens",
                Some(8_192),
            ),
            (
                "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",
                Some(131_040),
            ),
            // llama.cpp; llama-cpp-python (logdetective#193).
            (
                "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
                Some(8_192),
            ),
            ("Requested tokens (2285) exceed context window of 2048", Some(2_048)),
            // LM Studio (dyad#925, openclaude#353).
            (
                "Trying to keep the first 14538 tokens when context the overflows. However, the model is loaded with context length of only 2048 tokens, which is not enough.",
                Some(2_048),
            ),
            (
                "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= n_ctx: 4096).",
                Some(4_096),
            ),
            // Ollama: the number is the excess.
            ("prompt too long; exceeded max context length by 4096 tokens", None),
            (
                "Prompt contains 300000 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
                Some(131_072),
            ),
            // Anthropic and its proxies.
            ("prompt is too long: 213462 tokens > 200000 maximum", Some(200_000)),
            (
                "input length and max_tokens exceed context limit: 190000 + 20000 > 200000",
                Some(200_000),
            ),
            ("prompt tokens (9000) exceed model maximum (8192)", Some(8_192)),
            // Gemini; xAI; TGI; Cerebras; Kimi; DashScope.
            (
                "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
                Some(1_048_575),
            ),
            (
                "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
                Some(131_072),
            ),
            (
                "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 512 `max_new_tokens`",
                Some(4_096),
            ),
            ("Current length is 9000 while limit is 8192", Some(8_192)),
            (
                "Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)",
                Some(262_144),
            ),
            (
                "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 260096]",
                Some(260_096),
            ),
            (
                "Prompt has 300,000 tokens, but the configured context size is 131,072 tokens",
                Some(131_072),
            ),
            // Without a number.
            ("Please reduce the length of the messages or completion.", None),
            ("Your input exceeds the context window of this model.", None),
            ("max_tokens must be at least 1, got -186.", None),
        ] {
            assert!(is_told(&said(text)), "{text}");
            assert_eq!(window(&said(text)), tokens, "{text}");
        }
        let field = br#"{"error":{"code":400,"message":"the request exceeds the available context size. try increasing it","type":"exceed_context_size_error","n_prompt_tokens":14429,"n_ctx":8192}}"#;
        assert_eq!(window(&ErrorReport::from_body(field)), Some(8_192));
    }

    #[test]
    fn other_limits_are_not_taken_for_the_window() {
        for text in [
            "Request too large for model x on tokens per minute (TPM): Limit 6000, Requested 9000",
            "Invalid 'user': string too long. Expected a string with maximum length 64",
            "max_tokens is too large: 20000. This model supports at most 16384 completion tokens",
            "The model `x` does not exist",
        ] {
            assert!(!is_told(&said(text)), "{text}");
        }
    }
}
