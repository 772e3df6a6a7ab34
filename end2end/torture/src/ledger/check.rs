//! Compares a transcript with the promises.

use std::collections::{HashMap, HashSet};

use protocol::{Message, MessageId, Role, TurnState, WorkerId};

use super::{Fate, Ledger, Loss, common};
use crate::client::Whole;

impl Ledger {
    /// Compares a whole transcript with all promises for its worker. It must be read when no turn
    /// is running.
    pub fn check(&self, worker: WorkerId, whole: &Whole) -> Vec<Loss> {
        let mut losses = Vec::new();
        self.check_messages(worker, whole, &mut losses);
        self.check_shown(worker, whole, &mut losses);
        self.check_turns(worker, whole, &mut losses);
        losses
    }

    fn check_messages(&self, worker: WorkerId, whole: &Whole, losses: &mut Vec<Loss>) {
        let asked: Vec<_> = whole.messages.iter().filter(|m| m.role == Role::User).collect();
        let (mut by_id, mut by_text) = (HashMap::new(), HashMap::new());
        for message in &whole.messages {
            *by_id.entry(message.id).or_insert(0) += 1;
        }
        for message in &asked {
            // Each text is sent under one id only, so a repeated text is a repeated message.
            *by_text.entry(message.text.as_str()).or_insert(0) += 1;
        }
        let mut told = HashSet::new();
        for message in &whole.messages {
            let texts = by_text.get(message.text.as_str()).filter(|_| message.role == Role::User);
            let times = by_id[&message.id].max(texts.copied().unwrap_or(0));
            if times > 1 && told.insert(&message.text) {
                losses.push(Loss::Repeated(message.id, times));
            }
        }
        for message in &asked {
            match self.sent.get(&message.id).filter(|sent| sent.worker == worker) {
                None => losses.push(Loss::Stranger(message.id)),
                Some(sent) if sent.fate == Fate::Refused => {
                    losses.push(Loss::RefusedStored(message.id));
                }
                Some(sent) if sent.text != message.text => losses.push(Loss::Altered(message.id)),
                Some(_) => {}
            }
        }
        let there: HashMap<_, _> = asked.iter().map(|message| (message.id, message)).collect();
        for (id, sent) in self.sent.iter().filter(|(_, sent)| sent.worker == worker) {
            let Fate::Acknowledged(turn) = sent.fate else { continue };
            match there.get(id) {
                None => losses.push(Loss::Message(*id)),
                Some(message) if message.turn_id != Some(turn) => {
                    losses.push(Loss::OtherTurn(*id, turn));
                }
                Some(_) => {}
            }
        }
    }

    fn check_shown(&self, worker: WorkerId, whole: &Whole, losses: &mut Vec<Loss>) {
        let there: HashMap<_, _> = whole.messages.iter().map(|m| (m.id, m)).collect();
        for (id, shown) in self.shown.iter().filter(|(_, shown)| shown.worker == worker) {
            match there.get(id) {
                None => losses.push(Loss::Shown(*id)),
                Some(message) if !message.text.starts_with(&shown.text) => {
                    let kept = common(&shown.text, &message.text);
                    losses.push(Loss::Bytes(*id, shown.text.len(), kept));
                }
                Some(message) if shown.role == Role::User && message.text != shown.text => {
                    losses.push(Loss::Altered(*id));
                }
                Some(_) => {}
            }
        }
        for (id, (_, state)) in self.over.iter().filter(|(_, (of, _))| *of == worker) {
            let found = whole.turns.iter().find(|turn| turn.turn_id == *id).map(|turn| turn.state);
            if found != Some(*state) {
                losses.push(Loss::Turn(*id, *state, found));
            }
        }
    }

    fn check_turns(&self, worker: WorkerId, whole: &Whole, losses: &mut Vec<Loss>) {
        let there: HashMap<_, _> = whole.messages.iter().map(|m| (m.id, m)).collect();
        for turn in &whole.turns {
            if !turn.state.is_final() {
                losses.push(Loss::Unfinished(turn.turn_id, turn.state));
            }
            let (Some(question), Some(answer)) =
                (there.get(&turn.question), there.get(&turn.answer))
            else {
                losses.push(Loss::Shown(turn.answer));
                continue;
            };
            let Some(sent) = self.sent.get(&question.id).filter(|sent| sent.worker == worker)
            else {
                continue;
            };
            let asked = asked(&there, question, &sent.text);
            let streamed = (self.answer)(&asked);
            let whole_answer = turn.state != TurnState::Completed || answer.text == streamed;
            if !whole_answer || !streamed.starts_with(&answer.text) {
                losses.push(Loss::Answer(answer.id, turn.state));
            }
        }
    }
}

/// The model's last input message: a question, after earlier questions without an answer. Adjacent
/// messages of one role are sent as one.
fn asked(there: &HashMap<MessageId, &Message>, question: &Message, text: &str) -> String {
    let get = |id: Option<MessageId>| id.and_then(|id| there.get(&id)).copied();
    let (mut texts, mut parent) = (vec![text], question.parent);
    while let Some(answer) = get(parent).filter(|message| message.text.trim().is_empty())
        && let Some(before) = get(answer.parent)
    {
        texts.push(&before.text);
        parent = before.parent;
    }
    texts.reverse();
    texts.join("\n\n")
}
