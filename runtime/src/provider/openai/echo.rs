//! Whether an endpoint says the key back; pure.

use crate::Secret;

/// A key that is shorter and has no digit is a word that servers without keys ask for: "ollama",
/// "lm-studio", "EMPTY" (vLLM), "not-needed". Names of models have such words in them, and there is
/// nothing to keep secret.
const WORD_BYTES: usize = 12;
/// A still shorter one keeps nobody out, and any name may have it in it.
const SECRET_BYTES: usize = 4;

/// Whether `text` has the key in it, in capitals or not, with other signs between its own or not.
pub(super) fn tells(text: &str, key: &Secret) -> bool {
    let key = key.reveal();
    let word = key.len() < WORD_BYTES && !key.contains(|c: char| c.is_ascii_digit());
    if word || key.len() < SECRET_BYTES {
        return false;
    }
    folded(text).contains(&folded(key)) || text.to_lowercase().contains(&key.to_lowercase())
}

/// Letters and digits alone. A key that has none is found as it stands.
fn folded(text: &str) -> String {
    let folded: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    if folded.is_empty() { text.to_owned() } else { folded.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_however_it_is_spelled_and_a_mere_word_is_not() {
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
