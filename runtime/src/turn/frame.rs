//! What came from the provider and waits to be committed, and how much was.

/// What a piece of an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Reasoning,
}

/// Pieces in the order in which they came; neighbours of one part are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame(Vec<(Part, String)>);

impl Frame {
    pub(super) fn push(&mut self, part: Part, text: &str) {
        match self.0.last_mut() {
            Some((last, waiting)) if *last == part => waiting.push_str(text),
            _ => self.0.push((part, text.to_owned())),
        }
    }

    pub(super) fn take(&mut self) -> Vec<(Part, String)> {
        std::mem::take(&mut self.0)
    }
}

/// Bytes of the answer that are committed, each part counted by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) text: u64,
    pub(super) reasoning: u64,
}

impl Written {
    /// Adds so many bytes; says where they begin.
    pub(super) fn add(&mut self, part: Part, bytes: usize) -> u64 {
        let end = match part {
            Part::Text => &mut self.text,
            Part::Reasoning => &mut self.reasoning,
        };
        let begin = *end;
        *end += bytes as u64;
        begin
    }
}
