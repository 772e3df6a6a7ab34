//! The length of the text in the message box, which is shown near the limit.

/// The characters of a text if it has nine tenths of `limit` or more. A text with fewer bytes is not
/// counted, since this runs with each key.
pub fn near_limit(text: &str, limit: u32) -> Option<u32> {
    let near = limit - limit / 10;
    if text.len() < near as usize {
        return None;
    }
    let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    (chars >= near).then_some(chars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_near_the_limit_and_beyond_it() {
        let counted = |text: &str, chars: usize| near_limit(&text.repeat(chars), 100);
        assert_eq!(counted("a", 89), None);
        assert_eq!(counted("a", 90), Some(90));
        assert_eq!(counted("a", 130), Some(130));
        assert_eq!(counted("語", 89), None);
        assert_eq!(counted("語", 90), Some(90));
        assert_eq!(near_limit("", 1), None);
        assert_eq!(near_limit("aa", 1), Some(2));
    }
}
