//! Decides which conversations stay in the engine's cache, and where a prompt is read. Pure.
//!
//! The cache has a few sequences, each with room for a whole window. A sequence belongs to one
//! conversation, until a newer conversation needs it.

use llama_cpp_2::token::LlamaToken;

/// The fewest common tokens for which a sequence is copied. The copy moves the memory of a whole
/// window, which takes about as long as reading two to four tokens, whatever the model's size.
const COPY_MIN: usize = 8;

/// Tells conversations apart: a digest of a conversation's first message. Two conversations that
/// begin with the same message have the same opening; they only take each other's sequence if no
/// other one is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening(pub(crate) u64);

/// The tokens of a sequence.
#[derive(Clone, Debug, Default)]
struct Sequence {
    /// Invariant: exactly the tokens that the engine has in this sequence, in order.
    tokens: Vec<LlamaToken>,
    opening: Option<Opening>,
    /// When the sequence was used last, by a clock that counts requests.
    used: u64,
    /// Whether its request was a short one, which makes place for any other.
    short: bool,
}

/// A request, as far as the choice of its sequence depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prompt<'a> {
    pub(crate) tokens: &'a [LlamaToken],
    pub(crate) opening: Opening,
    /// Whether prompt and answer together are so short that they can be read apart from the cache.
    pub(crate) short: bool,
}

/// Where a prompt is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a sequence of the cache.
    Sequence {
        index: usize,
        /// The sequence that is copied to it first.
        copied_from: Option<usize>,
        /// How many tokens of the prompt are in the sequence then. All behind them are dropped.
        kept: usize,
    },
    /// Outside of the cache, because a short request must not push a conversation out of it.
    Apart,
}

/// The sequences of the cache.
#[derive(Debug)]
pub(crate) struct Sequences {
    /// Invariant: not empty.
    all: Vec<Sequence>,
    clock: u64,
}

impl Sequences {
    /// `count` empty sequences, at least one.
    pub(crate) fn new(count: usize) -> Self {
        Self { all: vec![Sequence::default(); count.max(1)], clock: 0 }
    }

    /// Chooses where `prompt` is read.
    ///
    /// A prompt goes on in the sequence that it continues. If that would drop tokens of another
    /// branch, or there is no such sequence, it takes an empty sequence, the one that its own
    /// conversation has, or the one whose last use is the longest ago, in this order. The common
    /// beginning, for example the system prompt or the messages before a branch, is copied from the
    /// sequence that has the most of it.
    pub(crate) fn place(&self, prompt: Prompt<'_>) -> Place {
        let longest = |of: &dyn Fn(&Sequence) -> bool| {
            let those = self.all.iter().enumerate().filter(|(_, sequence)| of(sequence));
            let kept = |sequence: &Sequence| kept(&sequence.tokens, prompt.tokens);
            let most = those.max_by_key(|(_, sequence)| {
                let kept = kept(sequence);
                (kept, kept == sequence.tokens.len(), sequence.used)
            });
            most.map(|(index, sequence)| (index, kept(sequence)))
        };
        let source = longest(&|_| true).unwrap_or((0, 0));
        let index = if self.drops_nothing(source) {
            source.0
        } else if let Some(empty) = self.all.iter().position(|other| other.tokens.is_empty()) {
            empty
        } else if let Some((own, _)) = longest(&|own| own.opening == Some(prompt.opening)) {
            own
        } else if prompt.short && self.all.iter().all(|other| !other.short) {
            return Place::Apart;
        } else {
            self.oldest()
        };
        self.with_copy(index, source, prompt)
    }

    /// Whether a prompt continues the sequence at its very end. `kept` tokens of it stay.
    fn drops_nothing(&self, (index, kept): (usize, usize)) -> bool {
        kept > 0 && kept == self.all[index].tokens.len()
    }

    /// The sequence whose last use is the longest ago; those of short requests before all others.
    pub(crate) fn oldest(&self) -> usize {
        let oldest =
            self.all.iter().enumerate().min_by_key(|(_, other)| (!other.short, other.used));
        oldest.map_or(0, |(index, _)| index)
    }

    fn with_copy(&self, index: usize, source: (usize, usize), prompt: Prompt<'_>) -> Place {
        let own = kept(&self.all[index].tokens, prompt.tokens);
        if source.0 != index && source.1 >= own + COPY_MIN {
            Place::Sequence { index, copied_from: Some(source.0), kept: source.1 }
        } else {
            Place::Sequence { index, copied_from: None, kept: own }
        }
    }

    /// Records that a request begins to use the sequence, whose first `kept` tokens stay and are
    /// those of `prompt`.
    pub(crate) fn begin(&mut self, index: usize, kept: usize, prompt: Prompt<'_>) {
        self.clock += 1;
        let sequence = &mut self.all[index];
        sequence.tokens.clear();
        sequence.tokens.extend_from_slice(&prompt.tokens[..kept]);
        // A conversation does not become a short request by a turn with a short answer.
        let is_conversation = sequence.opening == Some(prompt.opening) && !sequence.short;
        sequence.short = prompt.short && !is_conversation;
        sequence.opening = Some(prompt.opening);
        sequence.used = self.clock;
    }

    /// Records that the engine has read `tokens` after those of the sequence.
    pub(crate) fn extend(&mut self, index: usize, tokens: &[LlamaToken]) {
        self.all[index].tokens.extend_from_slice(tokens);
    }

    /// Records that the sequence is empty.
    pub(crate) fn clear(&mut self, index: usize) {
        self.all[index] = Sequence::default();
    }

    /// The tokens in a sequence.
    pub(crate) fn tokens(&self, index: usize) -> &[LlamaToken] {
        &self.all[index].tokens
    }
}

/// How many tokens at the front of `prompt` are in the cache already and can stay. The last token
/// is never counted, because the next token can only be sampled after one was read.
fn kept(cached: &[LlamaToken], prompt: &[LlamaToken]) -> usize {
    let common = cached.iter().zip(prompt).take_while(|(a, b)| a == b).count();
    common.min(prompt.len().saturating_sub(1))
}

#[cfg(test)]
mod tests;
