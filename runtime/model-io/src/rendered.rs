//! The text that a chat template makes of a conversation, without the conversation.
//!
//! The messages are in the log. What is kept of a rendered prompt is the template's own text and
//! the places where the messages stand in it, so that nothing is kept twice, and a deleted
//! conversation leaves no word of it behind.

use protocol::api::InputMessage;
use serde::{Deserialize, Serialize};

/// Bytes of a template's own text in one prompt that are kept at most; an honest one writes some
/// ten to each message.
const BYTES: usize = 1 << 20;

/// A part of a rendered prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text of the template, control tokens written out.
    Template(String),
    /// The text of a message, counted from the system prompt on where there is one.
    Message(usize),
    /// The thinking of a message.
    Reasoning(usize),
    /// The text of the last message, without the white space at its end: the model goes on from it.
    Beginning(usize),
    /// There is more, which is not kept.
    Cut,
}

/// The parts as they are kept.
pub fn write(mut parts: Vec<Part>) -> String {
    let mut bytes = 0;
    let cost = |part: &Part| match part {
        Part::Template(text) => text.len(),
        _ => 1,
    };
    let fitting = parts.iter().take_while(|part| {
        bytes += cost(part);
        bytes <= BYTES
    });
    let fitting = fitting.count();
    if fitting < parts.len() {
        parts.truncate(fitting);
        parts.push(Part::Cut);
    }
    // Parts are texts and numbers, which JSON always holds.
    serde_json::to_string(&parts).unwrap_or_default()
}

/// The whole text: `messages` are the system prompt, where there is one, and what was in the
/// model's sight. None where what is kept does not fit them.
pub fn expand(kept: &str, messages: &[InputMessage]) -> Option<String> {
    let parts: Vec<Part> = serde_json::from_str(kept).ok()?;
    let mut text = String::new();
    for part in parts {
        let message = |at: usize| messages.get(at);
        match part {
            Part::Template(own) => text.push_str(&own),
            Part::Message(at) => text.push_str(&message(at)?.text),
            Part::Reasoning(at) => text.push_str(&message(at)?.reasoning),
            Part::Beginning(at) => text.push_str(message(at)?.text.trim_end()),
            Part::Cut => text.push('…'),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::api::InputRole;

    #[test]
    fn a_prompt_is_put_together_again() {
        let own = |text: &str| Part::Template(text.into());
        let parts = vec![
            own("<s>"),
            Part::Message(0),
            own("|"),
            Part::Reasoning(1),
            own("|"),
            Part::Beginning(1),
        ];
        let answer = InputMessage {
            reasoning: "Hm.".into(),
            ..InputMessage::new(InputRole::Assistant, "Well \n")
        };
        let messages = [InputMessage::new(InputRole::System, "Be brief."), answer];
        let kept = write(parts);
        assert!(!kept.contains("brief"), "no word of the conversation: {kept}");
        assert_eq!(expand(&kept, &messages).as_deref(), Some("<s>Be brief.|Hm.|Well"));
        assert_eq!(expand(&kept, &messages[..1]), None);
        assert_eq!(expand("{}", &messages), None);
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = Part::Template("x".repeat(BYTES));
        let kept = write(vec![long.clone(), long, Part::Message(0)]);
        let text = expand(&kept, &[]).unwrap();
        assert_eq!((text.len(), text.ends_with("x…")), (BYTES + '…'.len_utf8(), true));
    }
}
