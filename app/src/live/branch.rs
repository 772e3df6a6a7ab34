//! Which messages are shown: one branch of the tree that a conversation's messages form.
//!
//! An edit or a retry makes a sibling, and nothing is ever overwritten. A page of the log holds
//! every message after its first one. So if a message is loaded, all of its descendants are loaded,
//! and its siblings too if their parent is.

use std::collections::HashMap;

use protocol::{Message, MessageId};

/// A message of the branch, with its place among its siblings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchNode {
    /// Its index in the messages that the branch was made from.
    pub at: usize,
    pub siblings: Siblings,
}

/// The place of a message among those with the same parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Siblings {
    /// The number of this message, from 1; 0 if the siblings are not known.
    pub number: usize,
    pub count: usize,
    pub before: Option<MessageId>,
    pub after: Option<MessageId>,
}

/// The branch that goes through `chosen` to its newest end, oldest first. Without `chosen`, or if
/// it is not among the messages, the branch that ends with the newest message.
pub fn branch(messages: &[Message], chosen: Option<MessageId>) -> Vec<BranchNode> {
    let places: HashMap<MessageId, usize> =
        messages.iter().enumerate().map(|(at, message)| (message.id, at)).collect();
    let mut children: HashMap<Option<MessageId>, Vec<usize>> = HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        children.entry(message.parent).or_default().push(at);
    }
    let chosen = chosen.and_then(|id| places.get(&id).copied());
    let Some(mut end) = chosen.or_else(|| messages.len().checked_sub(1)) else { return Vec::new() };
    // A child is always newer than its parent, so the loop ends.
    let newest = |at: usize| children.get(&Some(messages[at].id))?.last().filter(|new| **new > at);
    while let Some(new) = newest(end) {
        end = *new;
    }
    let mut branch = Vec::new();
    let mut next = Some(end);
    while let Some(at) = next {
        let parent = messages[at].parent;
        let above = parent.and_then(|parent| places.get(&parent).copied());
        let known = above.is_some() || parent.is_none();
        let all = children.get(&parent).filter(|_| known);
        let siblings = all.map(|all| siblings(messages, all, at)).unwrap_or_default();
        branch.push(BranchNode { at, siblings });
        next = above.filter(|above| *above < at);
    }
    branch.reverse();
    branch
}

fn siblings(messages: &[Message], all: &[usize], at: usize) -> Siblings {
    let index = all.iter().position(|sibling| *sibling == at).unwrap_or_default();
    let id = |index: usize| all.get(index).map(|sibling| messages[*sibling].id);
    Siblings {
        number: index + 1,
        count: all.len(),
        before: index.checked_sub(1).and_then(id),
        after: id(index + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    fn id(n: u8) -> MessageId {
        MessageId::from_parts(1, [n; 10])
    }

    /// Messages by number and parent's number; 0 means no parent.
    fn log(of: &[(u8, u8)]) -> Vec<Message> {
        let parent = |n: u8| (n > 0).then(|| id(n));
        let message =
            |&(n, p): &(u8, u8)| Message { id: id(n), parent: parent(p), ..sample::question() };
        of.iter().map(message).collect()
    }

    /// The numbers of the messages that are shown, and their places among their siblings.
    fn shown(of: &[(u8, u8)], chosen: Option<u8>) -> Vec<(u8, usize, usize)> {
        let messages = log(of);
        let branch = branch(&messages, chosen.map(id));
        branch.iter().map(|p| (of[p.at].0, p.siblings.number, p.siblings.count)).collect()
    }

    #[test]
    fn a_conversation_without_siblings_is_shown_completely() {
        assert_eq!(shown(&[], None), []);
        assert_eq!(shown(&[(1, 0), (2, 1), (3, 2)], None), [(1, 1, 1), (2, 1, 1), (3, 1, 1)]);
    }

    #[test]
    fn the_newest_branch_is_shown_and_any_other_can_be_chosen() {
        // 3 is an edit of 1 with its answer 4; 5 is a second answer to 1, continued by 6.
        let log = [(1, 0), (2, 1), (3, 0), (4, 3), (5, 1), (6, 5)];
        assert_eq!(shown(&log, None), [(1, 1, 2), (5, 2, 2), (6, 1, 1)]);
        assert_eq!(shown(&log, Some(2)), [(1, 1, 2), (2, 1, 2)]);
        assert_eq!(shown(&log, Some(3)), [(3, 2, 2), (4, 1, 1)]);
        assert_eq!(shown(&log, Some(1)), [(1, 1, 2), (5, 2, 2), (6, 1, 1)]);
        assert_eq!(shown(&log, Some(9)), shown(&log, None));
    }

    #[test]
    fn a_message_knows_its_previous_and_next_sibling() {
        let messages = log(&[(1, 0), (2, 1), (3, 1), (4, 1)]);
        let place = branch(&messages, Some(id(3))).pop().unwrap();
        let Siblings { before, after, .. } = place.siblings;
        assert_eq!((before, after), (Some(id(2)), Some(id(4))));
    }

    #[test]
    fn siblings_are_unknown_for_the_first_message_of_a_page() {
        assert_eq!(shown(&[(2, 1), (3, 1), (4, 3)], None), [(3, 0, 0), (4, 1, 1)]);
    }

    #[test]
    fn a_cycle_of_parents_is_not_followed() {
        assert_eq!(shown(&[(1, 2), (2, 1)], None), [(1, 1, 1), (2, 1, 1)]);
    }
}
