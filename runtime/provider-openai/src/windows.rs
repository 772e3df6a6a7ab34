//! Reads the size of a model's context window from the endpoint's list; pure.

use std::collections::BTreeMap;

use serde_json::Value;

/// The fields for the window. Fields with the size in force come before fields with a possible
/// size: vLLM and SGLang; llama.cpp; LM Studio for a loaded model; OpenRouter for the preferred
/// host, and for the model; Groq; Novita; Mistral; the limit of a prompt at Anthropic and GitHub;
/// and last the size that the model was trained for, of which a server may offer less.
const FIELDS: &[&[&str]] = &[
    &["max_model_len"],
    &["meta", "n_ctx"],
    &["n_ctx"],
    &["loaded_context_length"],
    &["top_provider", "context_length"],
    &["context_length"],
    &["context_window"],
    &["context_size"],
    &["max_context_length"],
    &["metadata", "context_length"],
    &["max_input_tokens"],
    &["meta", "n_ctx_train"],
];

/// The range of plausible window sizes, in tokens; others are ignored.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 256..=10_000_000;

/// The window of one entry of the list, in tokens.
pub(crate) fn listed(entry: &Value) -> Option<u32> {
    let found = FIELDS.iter().filter_map(|path| {
        let value = path.iter().try_fold(entry, |value, field| value.get(field))?;
        tokens(value).filter(|tokens| PLAUSIBLE.contains(tokens))
    });
    found.map(|tokens| u32::try_from(tokens).ok()).next().flatten()
}

/// The window of a model by its name. Gemini lists its models with `models/` before the name and
/// Ollama lists them with a tag, and both accept the name alone.
pub(crate) fn of(windows: &BTreeMap<String, u32>, model: &str) -> Option<u32> {
    let names = [model.to_owned(), format!("models/{model}"), format!("{model}:latest")];
    names.iter().find_map(|name| windows.get(name)).copied()
}

/// Reads a number, which may be written as a text.
fn tokens(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        // The cast saturates; NaN becomes 0.
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().map(|n| n as u64)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_window_in_use_comes_before_the_possible_one() {
        for (entry, expected) in [
            (json!({ "max_model_len": 2048, "context_length": 8192 }), Some(2048)),
            // An entry from llama.cpp's server.
            (
                json!({ "meta": { "vocab_type": 2, "n_ctx": 32768, "n_ctx_train": 262144 } }),
                Some(32768),
            ),
            (json!({ "meta": { "n_ctx_train": 131072 } }), Some(131072)),
            (
                json!({ "state": "loaded", "max_context_length": 32768, "loaded_context_length": 16384 }),
                Some(16384),
            ),
            (
                json!({ "context_length": 200000, "top_provider": { "context_length": 131072 } }),
                Some(131072),
            ),
            (json!({ "context_window": 8192 }), Some(8192)),
            (json!({ "max_context_length": "32768" }), Some(32768)),
            (json!({ "context_length": 32768.0 }), Some(32768)),
            // Values that cannot be windows are ignored.
            (json!({ "max_model_len": 0, "context_length": -1, "context_window": 1e30 }), None),
            (json!({ "max_model_len": null, "meta": 7, "context_length": "many" }), None),
            (json!({ "max_tokens": 4096 }), None),
        ] {
            assert_eq!(listed(&entry), expected, "{entry}");
        }
    }

    #[test]
    fn a_model_is_found_by_each_of_its_names() {
        let windows = BTreeMap::from([("models/a".to_owned(), 1), ("b:latest".to_owned(), 2)]);
        assert_eq!(
            (of(&windows, "a"), of(&windows, "b"), of(&windows, "c")),
            (Some(1), Some(2), None)
        );
    }
}
