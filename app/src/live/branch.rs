//! Which messages are shown: one branch of the tree that a conversation's messages form.
//!
//! An edit or a retry makes a sibling, and nothing is ever overwritten. A page of the log holds
//! every message after its first one. So if a message is loaded, all of its descendants are loaded,
//! and its siblings too if their parent is.

use std::collections::HashMap;

use protocol::{Message, MessageId};

/// The place of a message among those with the same parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Siblings {
    /// The number of this message, from 1; 0 if the siblings are not known.
    pub number: usize,
    pub count: usize,
    pub before: Option<MessageId>,
    pub after: Option<MessageId>,
}

/// The loaded messages. What it costs to add some does not depend on how many there are.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: HashMap<MessageId, Node>,
    /// The messages with the same parent, in the order of the log.
    children: HashMap<Option<MessageId>, Vec<MessageId>>,
    newest: Option<MessageId>,
    /// How many messages were prepended.
    earlier: i64,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: Option<MessageId>,
    /// Its place in the log: those of prepended messages are negative.
    place: i64,
}

impl Tree {
    /// The tree of these messages, which are in the order of the log.
    pub fn of(messages: &[Message]) -> Self {
        let mut tree = Self::default();
        messages.iter().for_each(|message| tree.append(message));
        tree
    }

    /// Adds a message that is newer than all others.
    pub fn append(&mut self, message: &Message) {
        let Message { id, parent, .. } = *message;
        let place = self.nodes.len() as i64 - self.earlier;
        self.nodes.insert(id, Node { parent, place });
        self.children.entry(parent).or_default().push(id);
        self.newest = Some(id);
    }

    /// Adds messages that are older than all others, in the order of the log.
    pub fn prepend(&mut self, messages: &[Message]) {
        for &Message { id, parent, .. } in messages.iter().rev() {
            self.earlier += 1;
            self.nodes.insert(id, Node { parent, place: -self.earlier });
            self.children.entry(parent).or_default().insert(0, id);
            self.newest.get_or_insert(id);
        }
    }

    /// The branch that goes through `chosen` to its newest end, oldest first. Without `chosen`, or
    /// if it is not loaded, the branch that ends with the newest message.
    pub fn branch(&self, chosen: Option<MessageId>) -> Vec<MessageId> {
        let chosen = chosen.filter(|id| self.nodes.contains_key(id));
        let Some(mut end) = chosen.or(self.newest) else { return Vec::new() };
        while let Some(newer) = self.newest_child(end) {
            end = newer;
        }
        let mut branch: Vec<_> = std::iter::once(end).chain(self.above(end)).collect();
        branch.reverse();
        branch
    }

    /// The loaded messages above a message in its branch, the nearest first.
    pub fn above(&self, id: MessageId) -> impl Iterator<Item = MessageId> {
        std::iter::successors(self.parent(id), |id| self.parent(*id))
    }

    /// The place of a message among those with the same parent.
    pub fn siblings(&self, id: MessageId) -> Siblings {
        let all = self.nodes.get(&id).and_then(|node| {
            let known = node.parent.is_none_or(|parent| self.nodes.contains_key(&parent));
            self.children.get(&node.parent).filter(|_| known)
        });
        let Some(all) = all else { return Siblings::default() };
        let index = all.iter().position(|sibling| *sibling == id).unwrap_or_default();
        let before = index.checked_sub(1).and_then(|before| all.get(before)).copied();
        let after = all.get(index + 1).copied();
        Siblings { number: index + 1, count: all.len(), before, after }
    }

    /// The parent, if it is loaded. A parent is always older than its child, so that no walk
    /// through the tree is endless.
    fn parent(&self, id: MessageId) -> Option<MessageId> {
        let node = self.nodes.get(&id)?;
        let parent = node.parent?;
        (self.nodes.get(&parent)?.place < node.place).then_some(parent)
    }

    fn newest_child(&self, id: MessageId) -> Option<MessageId> {
        let child = *self.children.get(&Some(id))?.last()?;
        (self.parent(child) == Some(id)).then_some(child)
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
        seen(&Tree::of(&log(of)), chosen)
    }

    fn seen(tree: &Tree, chosen: Option<u8>) -> Vec<(u8, usize, usize)> {
        let place = |id: MessageId| {
            let Siblings { number, count, .. } = tree.siblings(id);
            (id.as_bytes()[15], number, count)
        };
        tree.branch(chosen.map(id)).into_iter().map(place).collect()
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
        let tree = Tree::of(&log(&[(1, 0), (2, 1), (3, 1), (4, 1)]));
        let Siblings { before, after, .. } = tree.siblings(id(3));
        assert_eq!((before, after), (Some(id(2)), Some(id(4))));
    }

    #[test]
    fn siblings_are_unknown_for_the_first_message_of_a_page() {
        assert_eq!(shown(&[(2, 1), (3, 1), (4, 3)], None), [(3, 0, 0), (4, 1, 1)]);
    }

    #[test]
    fn messages_that_are_added_later_make_the_same_tree() {
        let of = [(1, 0), (2, 1), (3, 0), (4, 3), (5, 1), (6, 5), (7, 6)];
        let all = log(&of);
        for first in 0..=of.len() {
            for end in first..=of.len() {
                let mut tree = Tree::of(&all[first..end]);
                all[end..].iter().for_each(|message| tree.append(message));
                // Pages of two messages, the last page first.
                all[..first].rchunks(2).for_each(|page| tree.prepend(page));
                for chosen in [None, Some(1), Some(2), Some(3), Some(9)] {
                    assert_eq!(seen(&tree, chosen), shown(&of, chosen), "{first} {end}");
                }
            }
        }
    }

    #[test]
    fn the_messages_above_one_are_those_of_its_branch() {
        let tree = Tree::of(&log(&[(2, 1), (3, 2), (4, 2), (5, 4)]));
        assert_eq!(tree.above(id(5)).collect::<Vec<_>>(), [id(4), id(2)]);
        assert_eq!(tree.above(id(2)).next(), None);
    }

    #[test]
    fn a_cycle_of_parents_is_not_followed() {
        assert_eq!(shown(&[(1, 2), (2, 1)], None), [(1, 1, 1), (2, 1, 1)]);
    }
}
