//! What owners call their tokens and passkeys.

/// The text without spaces around it, if it has 1 to `max_chars` characters and no control characters.
pub(crate) fn parse(text: &str, max_chars: usize) -> Option<String> {
    let text = text.trim();
    let is_label = !text.is_empty()
        && text.chars().nth(max_chars).is_none()
        && !text.chars().any(char::is_control);
    is_label.then(|| text.to_owned())
}
