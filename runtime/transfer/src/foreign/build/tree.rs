//! The tree of another program's conversation: parents, children, and their order.

use std::collections::HashMap;

use protocol::Role;

use super::{Foreign, Node};

/// The nodes by their index. Parents and children skip nodes that are not imported.
pub(super) struct Tree<'a> {
    nodes: &'a [Node],
    /// The role of each imported node; `None` if it is not imported.
    roles: Vec<Option<Role>>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    roots: Vec<usize>,
    /// The user's message that each node follows.
    questions: Vec<Option<usize>>,
    /// Whether each node is on the branch that was shown last.
    shown: Vec<bool>,
}

impl<'a> Tree<'a> {
    pub(super) fn of(foreign: &'a Foreign) -> Result<Self, String> {
        let nodes = &foreign.nodes;
        let count = nodes.len();
        let mut known: HashMap<&str, usize> = HashMap::with_capacity(count);
        for (index, node) in nodes.iter().enumerate() {
            if known.insert(&node.id, index).is_some() {
                return Err("a message's id is there twice".to_owned());
            }
        }
        let find = |id: &Option<String>| id.as_deref().and_then(|id| known.get(id).copied());
        // A node whose parent is not in the file begins a branch.
        let raw: Vec<Option<usize>> = nodes.iter().map(|node| find(&node.parent)).collect();
        let order = parents_first(&raw).ok_or("its messages go in a circle")?;
        let mut tree = Self {
            nodes,
            roles: nodes.iter().map(kept).collect(),
            parents: vec![None; count],
            children: vec![Vec::new(); count],
            roots: Vec::new(),
            questions: vec![None; count],
            shown: vec![false; count],
        };
        for &index in &order {
            let parent = raw[index];
            // The parent's own nearest ancestor is known by now.
            tree.parents[index] = match parent {
                Some(parent) if tree.roles[parent].is_some() => Some(parent),
                Some(parent) => tree.parents[parent],
                None => None,
            };
            tree.questions[index] = tree.parents[index].and_then(|above| match tree.roles[above] {
                Some(Role::User) => Some(above),
                _ => tree.questions[above],
            });
        }
        for index in 0..count {
            if tree.roles[index].is_some() {
                match tree.parents[index] {
                    Some(parent) => tree.children[parent].push(index),
                    None => tree.roots.push(index),
                }
            }
        }
        let mut next = find(&foreign.current);
        while let Some(index) = next {
            tree.shown[index] = true;
            next = raw[index];
        }
        Ok(tree)
    }

    pub(super) fn role(&self, index: usize) -> Option<Role> {
        self.roles[index]
    }

    /// The parent of a message in the log; `None` below an answer without a question, because that
    /// answer is not imported.
    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        let parent = self.parents[index]?;
        (self.role(parent) == Some(Role::User) || self.question(parent).is_some()).then_some(parent)
    }

    pub(super) fn question(&self, index: usize) -> Option<usize> {
        self.questions[index]
    }

    /// Whether an answer has children, and all of them are answers that continue it.
    pub(super) fn is_continued(&self, index: usize) -> bool {
        let children = &self.children[index];
        !children.is_empty()
            && children.iter().all(|&child| self.role(child) == Some(Role::Assistant))
    }

    /// The nodes that form one answer, the last first.
    pub(super) fn answer(&self, index: usize) -> Vec<usize> {
        let mut pieces = vec![index];
        let mut next = self.parents[index];
        while let Some(parent) = next.filter(|&parent| self.role(parent) == Some(Role::Assistant)) {
            pieces.push(parent);
            next = self.parents[parent];
        }
        pieces
    }

    /// All imported nodes: parents before their children, siblings by time, and the branch that was
    /// shown last at the end.
    pub(super) fn order(&self) -> Vec<usize> {
        let sorted = |siblings: &[usize]| {
            let mut siblings = siblings.to_vec();
            siblings.sort_by_key(|&index| (self.shown[index], self.nodes[index].at, index));
            siblings.reverse();
            siblings
        };
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut stack = sorted(&self.roots);
        while let Some(index) = stack.pop() {
            order.push(index);
            stack.extend(sorted(&self.children[index]));
        }
        order
    }
}

/// The role with which a node is imported, if it has content. A question may consist of an image
/// only.
fn kept(node: &Node) -> Option<Role> {
    let image = node.role == Some(Role::User) && node.left_out.attachments > 0;
    node.role.filter(|_| !node.text.is_empty() || !node.reasoning.is_empty() || image)
}

/// All nodes, parents first; `None` if they form a cycle.
fn parents_first(parents: &[Option<usize>]) -> Option<Vec<usize>> {
    let mut children = vec![Vec::new(); parents.len()];
    let mut order = Vec::with_capacity(parents.len());
    for (index, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => children[*parent].push(index),
            None => order.push(index),
        }
    }
    let mut done = 0;
    while let Some(&index) = order.get(done) {
        order.extend_from_slice(&children[index]);
        done += 1;
    }
    (order.len() == parents.len()).then_some(order)
}
