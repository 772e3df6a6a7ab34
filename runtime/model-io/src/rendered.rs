//! The text that a chat template made of a conversation, stored without the conversation.
//!
//! The messages are in the log already. Of a rendered prompt only the template's own text is
//! stored, with the places of the messages in it, so that nothing is stored twice and a deleted
//! conversation leaves no word behind.

use protocol::api::InputMessage;
use serde::{Deserialize, Serialize};

/// The most bytes of a template's own text that are stored for one prompt. An ordinary template
/// writes about ten to each message.
const BYTES: usize = 1 << 20;

/// A part of a rendered prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text of the template, with control tokens written out.
    Template(String),
    /// The text of the message with this index; the system prompt, if there is one, has index 0.
    Message(usize),
    /// The thinking of the message with this index.
    Reasoning(usize),
    /// The text of the last message without the white space at its end; the model continues it.
    Beginning(usize),
    /// The rest of the prompt, which was too long and is not stored.
    Cut,
}

/// Serializes the parts for the store. Text beyond the limit is cut off and marked by
/// [`Part::Cut`].
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
    // Parts consist of texts and numbers, which JSON can always express.
    serde_json::to_string(&parts).unwrap_or_default()
}

/// Puts the whole text together. `messages` are the system prompt, if there is one, and the
/// messages that the model was shown. Returns `None` if the stored parts do not fit these messages.
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
    fn a_stored_prompt_expands_to_the_original() {
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
    fn a_stored_prompt_that_is_too_long_is_cut_with_a_mark() {
        let long = Part::Template("x".repeat(BYTES));
        let kept = write(vec![long.clone(), long, Part::Message(0)]);
        let text = expand(&kept, &[]).unwrap();
        assert_eq!((text.len(), text.ends_with("x…")), (BYTES + '…'.len_utf8(), true));
    }
}
