//! Estimates how many tokens a text has, without the model's tokenizer.
//!
//! The estimate is too high rather than too low. English has about 4 bytes per token in today's
//! tokenizers and is counted with 3. Chinese, Japanese and Korean text has at most one token per
//! character in vocabularies of 100,000 tokens and more. Older vocabularies of 32,000 may need two
//! for a rare character.

/// The estimated number of tokens of `text`.
pub fn estimated_tokens(text: &str) -> u32 {
    let (mut wide, mut other_bytes) = (0usize, 0usize);
    for character in text.chars() {
        if is_wide(character) {
            wide += 1;
        } else {
            other_bytes += character.len_utf8();
        }
    }
    u32::try_from(wide + other_bytes.div_ceil(3)).unwrap_or(u32::MAX)
}

/// Whether a character belongs to a script with about one token per character: Hangul, CJK symbols
/// and kana, ideographs, compatibility and full-width forms (Unicode blocks).
fn is_wide(character: char) -> bool {
    matches!(u32::from(character),
        0x1100..=0x11FF | 0x2E80..=0xA4CF | 0xA960..=0xA97F | 0xAC00..=0xD7FF
        | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_estimates_are_high_rather_than_low() {
        assert_eq!(estimated_tokens(""), 0);
        assert_eq!(estimated_tokens("The quick brown fox jumps over the lazy dog."), 15);
        assert_eq!(estimated_tokens("今日はいい天気ですね。"), 11);
        assert_eq!(estimated_tokens("🙂🙂"), 3);
    }
}
