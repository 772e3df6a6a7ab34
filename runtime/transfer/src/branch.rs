//! One branch of a conversation, out of its whole log: what documents for people are made from.

use std::collections::HashMap;

use protocol::{
    Excerpt, ExcerptMessage, ExcerptParts, Message, MessageId, Turn, TurnState, View, Worker,
};
use store::{ConversationExport, Prompt};

use super::salvage::Salvaged;

/// The messages from the first one to an end that was chosen, with what belongs to them.
pub struct Branch {
    /// The conversation's summary; `None` if nothing of it can be read.
    pub worker: Option<Worker>,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The turns by the ids of their answers, of other branches as well.
    pub turns: HashMap<MessageId, Turn>,
    /// How many messages have the same parent.
    pub siblings: HashMap<Option<MessageId>, u32>,
    /// How many messages of other branches there are, or after the end.
    pub elsewhere: usize,
    /// How many entries of the log could not be read; `Some(0)` if all could, and only what is
    /// stored about the conversation as a whole is damaged. `None` if nothing is.
    pub lost: Option<u64>,
    prompts: Vec<Prompt>,
}

impl Branch {
    /// The branch that ends with `until`, or else with the newest message. `None` if there is no
    /// message `until`.
    pub fn of(whole: ConversationExport, until: Option<MessageId>) -> Option<Self> {
        let ConversationExport { worker, events, prompts, .. } = whole;
        let mut view = View::new(worker, 0);
        for event in events {
            view.apply(&event);
        }
        let mut siblings: HashMap<Option<MessageId>, u32> = HashMap::new();
        for message in &view.messages {
            *siblings.entry(message.parent).or_default() += 1;
        }
        let all = view.messages.len();
        let messages = up_to(view.messages, until);
        if until.is_some() && messages.is_empty() {
            return None;
        }
        let turns = view.turns.into_iter().map(|turn| (turn.answer, turn)).collect();
        let elsewhere = all - messages.len();
        let worker = Some(view.worker);
        Some(Self { worker, messages, turns, siblings, elsewhere, lost: None, prompts })
    }

    /// The same of the readable part of a conversation.
    pub fn of_salvaged(salvaged: Salvaged, until: Option<MessageId>) -> Option<Self> {
        let Salvaged { whole, lost, .. } = salvaged;
        let branch = match whole {
            Some(whole) => Self::of(whole, until)?,
            None if until.is_some() => return None,
            None => Self {
                worker: None,
                messages: Vec::new(),
                turns: HashMap::new(),
                siblings: HashMap::new(),
                elsewhere: 0,
                lost: None,
                prompts: Vec::new(),
            },
        };
        Some(Self { lost: Some(lost), ..branch })
    }

    /// Which parts there are besides the messages.
    pub fn parts(&self) -> ExcerptParts {
        ExcerptParts {
            reasoning: self.messages.iter().any(|message| !message.reasoning.is_empty()),
            prompts: self.messages.iter().any(|message| self.prompt_of(message.id).is_some()),
        }
    }

    /// The system prompt that an answer was made with.
    fn prompt_of(&self, answer: MessageId) -> Option<&Prompt> {
        let digest = &self.turns.get(&answer)?.prompt_digest;
        let prompt = self.prompts.iter().find(|prompt| prompt.digest == *digest);
        prompt.filter(|prompt| !prompt.text.trim().is_empty())
    }

    /// A copy for people, with no more than the chosen parts.
    pub fn into_excerpt(self, parts: ExcerptParts) -> Excerpt {
        let mut shown: Vec<String> = Vec::new();
        for message in self.messages.iter().filter(|_| parts.prompts) {
            if let Some(prompt) = self.prompt_of(message.id)
                && !shown.contains(&prompt.text)
            {
                shown.push(prompt.text.clone());
            }
        }
        let Self { worker, messages, turns, lost, .. } = self;
        let copied = messages.into_iter().map(|message| {
            let turn = turns.get(&message.id);
            let state = turn.map(|turn| turn.state);
            ExcerptMessage {
                role: message.role,
                text: message.text,
                reasoning: if parts.reasoning { message.reasoning } else { String::new() },
                model: turn
                    .filter(|turn| turn.edits.is_none())
                    .map(|turn| turn.model.clone())
                    .filter(|model| !model.is_empty()),
                created_at: message.created_at,
                edited: turn.is_some_and(|turn| turn.edits.is_some()),
                incomplete: state.filter(|state| *state != TurnState::Completed),
            }
        });
        let title = worker.and_then(|worker| worker.title);
        Excerpt { title, prompts: shown, messages: copied.collect(), lost: lost.unwrap_or(0) }
    }
}

/// The messages from the first one to the given one, or to the newest. A log's parents come before
/// their children.
fn up_to(mut messages: Vec<Message>, until: Option<MessageId>) -> Vec<Message> {
    let mut branch = Vec::new();
    let mut wanted = until.or_else(|| messages.last().map(|message| message.id));
    while let Some(message) = messages.pop() {
        if wanted == Some(message.id) {
            wanted = message.parent;
            branch.push(message);
        }
    }
    branch.reverse();
    branch
}
