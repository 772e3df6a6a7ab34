//! Learns from the refusal of an effort, and extracts the efforts that the model accepts; pure.

use protocol::{Adjustment, Effort};

use super::super::learned::Habits;
use super::super::models::ModelSettings;
use super::ErrorReport;

/// Lower-case words that are followed by the accepted values.
const BEFORE: &[&str] = &[
    "supported values",
    "supported efforts",
    "supported levels",
    "allowed values",
    "accepted values",
    "permitted values",
    "possible values",
    "valid values",
    "valid options",
    "valid levels",
    "one of",
    "input should be",
    "choose from",
    "only supports",
    "supports only",
    "only accepts",
];
/// Words that end the list of values.
const BEHIND: &[&str] = &["but got", "but received", ", got", "received", "input_value", "'input'"];
/// How many bytes after the words are searched for values; all known lists need 60.
const BYTES: usize = 240;
/// The most values that are read; there are seven known ones.
const MOST: usize = 16;

/// Learns from the refusal of an effort: `told` was sent when `wanted` was asked for. Returns the
/// adjustment that the next request makes.
pub(crate) fn refused(
    said: &ErrorReport,
    (wanted, told): (&Effort, &Effort),
    settings: &ModelSettings,
    habits: &mut Habits,
) -> Adjustment {
    let taken = taken(said, told);
    if taken.is_empty() && !is_value(said) {
        habits.adjust(Adjustment::WithoutEffort);
        return Adjustment::WithoutEffort;
    }
    habits.refuse_effort(told, taken);
    if wanted != told {
        // An effort that the endpoint claimed to accept is refused, too, so that list is discarded.
        habits.refuse_effort(wanted, Vec::new());
        habits.taken_efforts.clear();
    }
    match habits.effort_sent(settings, wanted) {
        Some(_) => Adjustment::NearestEffort,
        None => Adjustment::WithoutEffort,
    }
}

/// The efforts that a refusal names as accepted, in ascending order. Empty if it names none.
fn taken(said: &ErrorReport, refused: &Effort) -> Vec<Effort> {
    let begins = BEFORE.iter().filter_map(|words| Some(said.lower.find(words)? + words.len()));
    let found = begins.map(|at| values(&said.lower[at..], refused));
    let mut taken = found.max_by_key(Vec::len).unwrap_or_default();
    Effort::sort(&mut taken);
    taken
}

/// Whether only a value of the parameter is refused, and another value would be accepted.
fn is_value(said: &ErrorReport) -> bool {
    said.is_named(&["unsupported_value"])
        || said.says(&["supported values", "must be one of", "should be one of", "invalid value"])
}

fn values(text: &str, refused: &Effort) -> Vec<Effort> {
    let text = &text[..text.floor_char_boundary(BYTES)];
    let ends = BEHIND.iter().chain(&[". ", ".\n", "\n", "[type"]);
    let end = ends.filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    let mut values = Vec::new();
    let mut before = ' ';
    let mut rest = &text[..end];
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(length.max(first.len_utf8()));
        // In quotes, any word may be a value; otherwise only a known one.
        let is_quoted = matches!(before, '\'' | '"' | '`') && tail.starts_with(before);
        let value = word.parse::<Effort>().ok().filter(|value| is_quoted || value.is_known());
        if let Some(value) = value.filter(|value| value != refused && !values.contains(value)) {
            values.push(value);
        }
        before = first;
        rest = tail;
    }
    values.truncate(MOST);
    values
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(body: &str, refused: &str) -> Vec<String> {
        let said = ErrorReport::from_body(body.as_bytes());
        let taken = super::taken(&said, &refused.parse().unwrap());
        taken.into_iter().map(String::from).collect()
    }

    /// The texts of real endpoints, each with the place where it was reported.
    #[test]
    fn accepted_efforts_are_extracted_from_a_refusal() {
        const LMH: &[&str] = &["low", "medium", "high"];
        for (message, refused, expected) in [
            // OpenAI (https://github.com/Kilo-Org/cloud/pull/3807).
            (
                "Unsupported value: 'reasoning_effort' does not support 'none' with this model. Supported values are: 'minimal', 'low', 'medium', and 'high'.",
                "none",
                &["minimal", "low", "medium", "high"][..],
            ),
            (
                "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'low', 'medium', and 'high'.",
                "minimal",
                LMH,
            ),
            ("reasoning_effort: Supported values are: 'low','medium'", "high", &["low", "medium"]),
            // SGLang, and vLLM behind LiteLLM
            // (https://github.com/router-for-me/CLIProxyAPI/issues/1572,
            // https://github.com/bytedance/deer-flow/issues/1673).
            (
                "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), 'msg': \"Input should be 'low', 'medium' or 'high'\", 'input': 'xhigh', 'ctx': {'expected': \"'low', 'medium' or 'high'\"}}",
                "xhigh",
                LMH,
            ),
            // pydantic (https://github.com/perplexityai/perplexity-py/pull/114).
            (
                "Input should be 'minimal', 'low', 'medium', 'high' or 'xhigh' [type=literal_error, input_value='none']",
                "none",
                &["minimal", "low", "medium", "high", "xhigh"],
            ),
            // Perplexity (the same source).
            ("effort must be one of: low medium high", "none", LMH),
            // Kimi (https://github.com/router-for-me/CLIProxyAPI/issues/1307).
            (
                "Validation error for `reasoning_effort`: expected one of `'low' | 'medium' | 'high'`, received `'xhigh'`.",
                "xhigh",
                LMH,
            ),
            // Groq (https://github.com/earendil-works/pi/issues/1745); "default" is not a known
            // effort.
            ("reasoning_effort must be one of none or default", "high", &["none"]),
            ("`reasoning_effort` must be one of `none` or `default`", "high", &["none", "default"]),
            // Mistral (https://github.com/mistralai/mistral-vibe/issues/1117).
            (
                "reasoning_effort 'medium' is not supported. Supported values: ['low', 'high', 'max']",
                "medium",
                &["low", "high", "max"],
            ),
            // CLIProxyAPI (https://github.com/nguyenphutrong/quotio/issues/287).
            (
                "level \"max\" not supported, valid levels: low, medium, high, xhigh",
                "max",
                &["low", "medium", "high", "xhigh"],
            ),
            // The same in other words.
            ("reasoning_effort must be one of [low medium high]", "xhigh", LMH),
            ("Invalid reasoning_effort. Allowed values: low, medium, high.", "xhigh", LMH),
            (
                "Invalid value for reasoning_effort: Expected one of low, high but got max",
                "max",
                &["low", "high"],
            ),
            // No values are named.
            (
                "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
                "low",
                &[],
            ),
            (
                "One of the parameters is unknown: reasoning_effort. Think of low prices.",
                "high",
                &[],
            ),
            ("", "low", &[]),
        ] {
            let body = serde_json::json!({ "error": { "message": message } }).to_string();
            assert_eq!(taken(&body, refused), expected, "{message}");
        }
        let body = r#"{"detail":[{"type":"literal_error","loc":["body","reasoning_effort"],"msg":"Input should be 'low', 'medium' or 'high'","input":"xhigh"}]}"#;
        assert_eq!(taken(body, "xhigh"), LMH);
    }

    #[test]
    fn a_refused_value_is_distinguished_from_a_refused_parameter() {
        for (message, code, value) in [
            (
                "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'low', 'medium', and 'high'.",
                "unsupported_value",
                true,
            ),
            ("reasoning_effort must be one of none or default", "x", true),
            ("Unsupported parameter: 'reasoning_effort'", "unsupported_parameter", false),
        ] {
            let body = serde_json::json!({ "error": { "message": message, "code": code } });
            assert_eq!(
                is_value(&ErrorReport::from_body(body.to_string().as_bytes())),
                value,
                "{message}"
            );
        }
    }
}
