//! The messages: unique texts of any length, in several scripts.

use fastrand::Rng;
use protocol::api::SendMessage;

use crate::seed;

/// Words with characters of one to four bytes, including some that are easily mangled.
const WORDS: [&str; 12] = [
    "alpha",
    "naïve",
    "日本語の",
    "🙂",
    "\u{1F469}\u{200D}\u{1F680}",
    "line\nbreak",
    "\"quoted\"",
    "<b>&amp;</b>",
    "tab\there",
    "e\u{301}",
    "x",
    "\u{feff}mark",
];

/// A new message; its text contains its id.
pub(crate) fn message(rng: &mut Rng) -> SendMessage {
    let id = seed::message_id(rng);
    // Most messages are short; some are so long that their answers take many frames.
    let words = if rng.u8(0..10) == 0 { rng.usize(100..800) } else { rng.usize(1..40) };
    let mut text = id.to_string();
    for _ in 0..words {
        text.push(' ');
        text.push_str(WORDS[rng.usize(0..WORDS.len())]);
    }
    SendMessage::new(id, text)
}

/// The complete answer that the scripted upstream streams for a message.
pub(crate) fn answer(text: &str) -> String {
    format!("You said: {text}")
}
