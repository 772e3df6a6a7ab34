//! The change that one event, or several in a row, make to an answer's HTML; pure.

use protocol::{HtmlAppend, HtmlPatch, MessageId};

/// A change of the blocks of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Replaces all blocks from the index `from` on.
    Blocks { from: usize, blocks: Vec<String> },
    /// Appends to the last block, whose index is `from`. The result is `block`.
    Append { from: usize, append: HtmlAppend, block: String },
}

impl Change {
    /// The change that a patch describes, where `shown` are the blocks after it.
    pub(super) fn of(patch: HtmlPatch, shown: &[String]) -> Self {
        let from = patch.from;
        match patch.append {
            None => Self::Blocks { from, blocks: patch.blocks },
            Some(append) => {
                Self::Append { from, append, block: shown.get(from).cloned().unwrap_or_default() }
            }
        }
    }

    /// Bytes of HTML in this change.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Blocks { blocks, .. } => blocks.iter().map(String::len).sum(),
            Self::Append { append, block, .. } => append.text.len() + block.len(),
        }
    }

    /// The patch for an observer.
    pub(super) fn patch(self, message_id: MessageId) -> HtmlPatch {
        match self {
            Self::Blocks { from, blocks } => HtmlPatch { message_id, from, blocks, append: None },
            Self::Append { from, append, .. } => {
                HtmlPatch { message_id, from, blocks: Vec::new(), append: Some(append) }
            }
        }
    }

    /// Combines this change and the next one.
    pub(super) fn then(self, next: &Self) -> Self {
        match (self, next) {
            (
                Self::Append { from, append: first, .. },
                Self::Append { from: same, append: second, block },
            ) if from == *same && first.before == second.before => {
                let text = first.text + &second.text;
                let append = HtmlAppend { text, before: first.before };
                Self::Append { from, append, block: block.clone() }
            }
            (first, next) => {
                let (from, mut blocks) = first.into_blocks();
                let (at, new) = match next {
                    Self::Blocks { from, blocks } => (*from, blocks.as_slice()),
                    Self::Append { from, block, .. } => (*from, std::slice::from_ref(block)),
                };
                match at.checked_sub(from) {
                    Some(kept) => {
                        blocks.truncate(kept);
                        blocks.extend_from_slice(new);
                        Self::Blocks { from, blocks }
                    }
                    None => Self::Blocks { from: at, blocks: new.to_vec() },
                }
            }
        }
    }

    fn into_blocks(self) -> (usize, Vec<String>) {
        match self {
            Self::Blocks { from, blocks } => (from, blocks),
            Self::Append { from, block, .. } => (from, vec![block]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patches() -> (Vec<HtmlPatch>, Vec<Vec<String>>) {
        let message_id = MessageId::from_parts(0, [0; 10]);
        let states: [&[&str]; 9] = [
            &[],
            &["<p>a</p>"],
            &["<p>ab</p>"],
            &["<p>abc</p>"],
            &["<p>abc</p>", "<ul><li>d</li></ul>"],
            &["<p>abc</p>", "<ul><li>de</li></ul>"],
            &["<p>abc</p>", "<ul><li>de</li><li>f</li></ul>"],
            &["<h1>abc</h1>"],
            &["<h1>abc</h1>", "<p>g</p>", "<p>h</p>"],
        ];
        let states = states.map(|blocks| blocks.iter().map(|block| (*block).to_owned()).collect());
        let patch = |two: &[Vec<String>]| {
            let (old, new) = (&two[0], &two[1]);
            let from = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            let append = match (&old[from..], &new[from..]) {
                ([old], [new]) => render::append::between(old, new),
                _ => None,
            };
            let blocks = if append.is_some() { Vec::new() } else { new[from..].to_vec() };
            HtmlPatch { message_id, from, blocks, append }
        };
        (states.windows(2).map(patch).collect(), states.to_vec())
    }

    #[test]
    fn several_changes_as_one_do_what_they_do_in_turn() {
        let (patches, states) = patches();
        let changes = patches.iter().zip(&states[1..]);
        let changes: Vec<_> =
            changes.map(|(patch, shown)| Change::of(patch.clone(), shown)).collect();
        assert!(changes.iter().any(|change| matches!(change, Change::Append { .. })));
        for first in 0..changes.len() {
            for last in first..changes.len() {
                let mut change = changes[first].clone();
                for next in &changes[first + 1..=last] {
                    change = change.then(next);
                }
                let mut blocks = states[first].clone();
                change.patch(patches[0].message_id).apply(&mut blocks);
                assert_eq!(blocks, states[last + 1], "{first} to {last}");
            }
        }
        // Two appends to the same block are combined into one append.
        assert!(matches!(changes[1].clone().then(&changes[2]), Change::Append { .. }));
    }
}
