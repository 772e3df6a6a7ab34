//! Finds the API key in what an endpoint answers; pure.

use provider::Secret;

/// A key of fewer bytes and without a digit is taken for a placeholder, which is no secret: for
/// servers that need no key, people configure words such as "ollama", "lm-studio", "EMPTY" (vLLM)
/// or "not-needed". Names of models contain such words.
const WORD_BYTES: usize = 12;
/// A key of fewer bytes protects nothing, and would be found in many names by chance.
const SECRET_BYTES: usize = 4;

/// Whether the key must be kept secret. Placeholders need not be.
pub(crate) fn is_secret(key: &Secret) -> bool {
    let key = key.reveal();
    let word = key.len() < WORD_BYTES && !key.contains(|c: char| c.is_ascii_digit());
    !word && key.len() >= SECRET_BYTES
}

/// Whether `text` contains the key, whatever the case of its letters and whatever punctuation is
/// between them. False for keys that are placeholders.
pub(crate) fn tells(text: &str, key: &Secret) -> bool {
    if !is_secret(key) {
        return false;
    }
    let key = key.reveal();
    folded(text).contains(&folded(key)) || text.to_lowercase().contains(&key.to_lowercase())
}

/// The letters and digits of a text in lower case. A text that has none is returned unchanged.
fn folded(text: &str) -> String {
    let folded: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    if folded.is_empty() { text.to_owned() } else { folded.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_any_spelling_and_a_placeholder_key_is_ignored() {
        for (text, key, tells_it) in [
            ("sk-abc-1234", "sk-abc-1234", true),
            ("x/sk-abc-1234:latest", "sk-abc-1234", true),
            ("SK-ABC-1234", "sk-abc-1234", true),
            ("sk abc_1234", "sk-abc-1234", true),
            ("sk-abc-123", "sk-abc-1234", false),
            ("correct horse battery", "correcthorse", true),
            ("ollama/llama3", "ollama", false),
            ("EMPTY", "EMPTY", false),
            ("lm-studio-7b", "lm-studio", false),
            ("a1", "a1", false),
            ("gpt-4o", "", false),
            ("m", "sk-abc-1234", false),
        ] {
            assert_eq!(tells(text, &Secret::new(key)), tells_it, "{text} {key}");
        }
    }
}
