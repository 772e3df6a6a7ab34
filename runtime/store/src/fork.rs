//! A new conversation out of one branch of another.

use std::collections::{HashMap, HashSet};

use protocol::{Event, EventBody, LogId, MessageId, Timestamp, TurnId, WorkerId};

use super::{ConversationExport, initial_worker};

/// What is new about the copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The copy's id.
    pub worker_id: WorkerId,
    /// The id of its log.
    pub log: LogId,
    /// When the copy is made.
    pub at: Timestamp,
    /// The copy's title.
    pub title: Option<String>,
}

/// Why there is no copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotFork {
    /// The conversation has no such message.
    NoMessage,
    /// The last message is an answer that is still being written.
    Running,
}

/// Copies the branch that ends with `until`, with its turns and their prompts. Messages and turns
/// keep their ids, texts and times, and the copy has the settings that the conversation has now.
///
/// An answer that an answer of the branch continues or edits is copied, too, since its turn refers
/// to it.
/// Invariant: the summary is the fold of the events.
pub fn fork(
    whole: &ConversationExport,
    until: MessageId,
    made: Fork,
) -> Result<ConversationExport, CannotFork> {
    let kept = Kept::of(&whole.events, until)?;
    let Fork { worker_id, log, at, title } = made;
    let now = &whole.worker;
    let created = EventBody::WorkerCreated { title, profile: now.profile.clone() };
    let settings = EventBody::ProfileChanged {
        profile: now.profile.clone(),
        provider: now.provider.clone(),
        model: now.model.clone(),
        effort: now.effort.clone(),
        temperature: now.temperature,
        instructions: now.instructions.clone(),
    };
    let settings = now.departs_from_profile().then_some(settings);
    let first = [created].into_iter().chain(settings).map(|body| (at, body));
    let copied = whole.events.iter().filter_map(|event| Some((event.at, kept.body(&event.body)?)));
    let omitted = now.omitted.iter().filter(|id| kept.messages.contains(id));
    let omitted =
        omitted.map(|&message_id| EventBody::MessageOmitted { message_id, omitted: true });
    let events: Vec<_> = (1..)
        .zip(first.chain(copied).chain(omitted.map(|body| (at, body))))
        .map(|(seq, (at, body))| Event { seq, first_seq: None, at, body })
        .collect();
    let worker = initial_worker::folded(worker_id, at, &events);
    let used: HashSet<_> = events.iter().filter_map(|event| event.body.refers_to()).collect();
    let prompts = whole.prompts.iter().filter(|prompt| used.contains(prompt.digest.as_str()));
    let prompts = prompts.cloned().collect();
    Ok(ConversationExport { worker, log, events, prompts })
}

/// The part of a log that is copied.
struct Kept {
    messages: HashSet<MessageId>,
    turns: HashSet<TurnId>,
    /// The first copied turn of each question.
    asked: HashMap<MessageId, TurnId>,
}

impl Kept {
    fn of(events: &[Event], until: MessageId) -> Result<Self, CannotFork> {
        let mut parents: HashMap<MessageId, Option<MessageId>> = HashMap::new();
        let mut continued: HashMap<MessageId, MessageId> = HashMap::new();
        let mut running = None;
        for event in events {
            match &event.body {
                EventBody::MessageCommitted { message } => {
                    parents.insert(message.id, message.parent);
                }
                EventBody::TurnAccepted { turn } => {
                    parents.insert(turn.answer, Some(turn.question));
                    let before = turn.continues.or(turn.edits);
                    continued.extend(before.map(|before| (turn.answer, before)));
                    running = Some(turn.answer);
                }
                EventBody::TurnEnded { .. } => running = None,
                _ => {}
            }
        }
        if !parents.contains_key(&until) {
            return Err(CannotFork::NoMessage);
        }
        let mut messages = HashSet::new();
        let mut left = vec![until];
        while let Some(id) = left.pop() {
            if messages.insert(id) {
                left.extend(parents.get(&id).copied().flatten());
                left.extend(continued.get(&id));
            }
        }
        if running.is_some_and(|answer| messages.contains(&answer)) {
            return Err(CannotFork::Running);
        }
        let (mut turns, mut asked) = (HashSet::new(), HashMap::new());
        for event in events {
            if let EventBody::TurnAccepted { turn } = &event.body
                && messages.contains(&turn.answer)
            {
                turns.insert(turn.turn_id);
                asked.entry(turn.question).or_insert(turn.turn_id);
            }
        }
        Ok(Self { messages, turns, asked })
    }

    /// The event as it is copied. `None` if it belongs to another branch, or to the conversation
    /// as a whole.
    fn body(&self, body: &EventBody) -> Option<EventBody> {
        let is_kept = match body {
            EventBody::MessageCommitted { message } => {
                let mut message = message.clone();
                message.turn_id = self.asked.get(&message.id).copied();
                let is_kept = self.messages.contains(&message.id);
                return is_kept.then_some(EventBody::MessageCommitted { message });
            }
            EventBody::TurnAccepted { turn } => self.turns.contains(&turn.turn_id),
            EventBody::TurnWaiting { turn_id, .. }
            | EventBody::TurnLoading { turn_id }
            | EventBody::TurnAsked { turn_id, .. }
            | EventBody::TurnGenerating { turn_id, .. }
            | EventBody::TurnRetrying { turn_id, .. }
            | EventBody::TextDelta { turn_id, .. }
            | EventBody::ReasoningDelta { turn_id, .. }
            | EventBody::TextWasReasoning { turn_id, .. }
            | EventBody::TurnEnded { turn_id, .. } => self.turns.contains(turn_id),
            EventBody::WorkerCreated { .. }
            | EventBody::WorkerRenamed { .. }
            | EventBody::WorkerPlaced { .. }
            | EventBody::ProfileChanged { .. }
            | EventBody::MessageOmitted { .. }
            | EventBody::WorkerStopped
            | EventBody::AvailabilityChanged { .. } => false,
        };
        is_kept.then(|| body.clone())
    }
}
