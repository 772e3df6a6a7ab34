//! The engine's context: its cache of tokens, and reading and sampling in one sequence of it.
//!
//! Which sequence is used is decided in [`sequences`](super::sequences). Calls for which the engine
//! would abort the process are checked before they are made: see [`Cache::read`] and
//! [`Cache::next`].
//!
//! Each sequence has cells of its own (`kv_unified` is off): attention costs only what the sequence
//! itself holds, and the model sees the size of one window, by which some models choose how they
//! encode positions.

use std::num::NonZeroU32;

use engine_wire::Load;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use super::log;
use super::prefill::CHUNK;
use super::sequences::{Place, Prompt, Sequences};

/// The engine rounds the cells of a sequence up to a multiple of this (`llama_context` in
/// llama-context.cpp).
const CELLS: u32 = 256;

/// The engine reported a fault. The text is its own and meant for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct EngineError(String);

impl EngineError {
    pub(crate) fn new(detail: &impl ToString) -> Self {
        Self(detail.to_string())
    }
}

pub(crate) struct Cache<'model> {
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    sequences: Sequences,
    /// The sequence in which tokens are read and sampled.
    current: usize,
    /// The position in the last batch from which the next token can be sampled.
    logits_at: Option<i32>,
    window_tokens: u32,
}

impl<'model> Cache<'model> {
    /// Makes a context for `conversations` sequences of `window_tokens` each.
    pub(crate) fn new(
        backend: &LlamaBackend,
        model: &'model LlamaModel,
        load: &Load,
        conversations: u32,
        window_tokens: u32,
    ) -> Result<Self, EngineError> {
        let conversations = conversations.max(1);
        let cells = window_tokens.next_multiple_of(CELLS).saturating_mul(conversations);
        let chunk = u32::try_from(CHUNK).unwrap_or(u32::MAX);
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(cells))
            .with_n_seq_max(conversations)
            .with_kv_unified(false)
            .with_n_batch(chunk)
            .with_n_ubatch(chunk)
            .with_n_threads(threads(load.threads))
            .with_n_threads_batch(threads(load.prompt_threads))
            .with_no_perf(true);
        let context = model
            .new_context(backend, params)
            .map_err(|error| EngineError(format!("{error}: {}", log::complaints())))?;
        // The window must not exceed what the engine has allocated.
        let window_tokens = window_tokens.min(context.n_ctx() / conversations);
        Ok(Self {
            context,
            batch: LlamaBatch::new(CHUNK, 1),
            sequences: Sequences::new(conversations as usize),
            current: 0,
            logits_at: None,
            window_tokens,
        })
    }

    pub(crate) fn window_tokens(&self) -> u32 {
        self.window_tokens
    }

    /// Whether the sequence has no room for another token.
    pub(crate) fn is_full(&self) -> bool {
        self.tokens().len() >= self.window_tokens as usize
    }

    /// Where `prompt` is read. Changes nothing.
    pub(crate) fn place(&self, prompt: Prompt<'_>) -> Place {
        self.sequences.place(prompt)
    }

    /// Prepares a sequence as [`place`](Self::place) decided. Returns how many tokens of `prompt`
    /// it has: none, if the model's memory cannot be shortened. [`Place::Apart`] takes the sequence
    /// whose last use is the longest ago.
    pub(crate) fn enter(&mut self, place: Place, prompt: Prompt<'_>) -> Result<usize, EngineError> {
        let (index, copied_from, kept) = match place {
            Place::Sequence { index, copied_from, kept } => (index, copied_from, kept),
            Place::Apart => (self.sequences.oldest(), None, 0),
        };
        self.logits_at = None;
        self.current = index;
        let has = match copied_from {
            Some(source) => {
                self.clear()?;
                let (from, to) = (id(source)?, id(index)?);
                self.context.copy_kv_cache_seq(from, to, None, None).map_err(refused)?;
                self.sequences.tokens(source).len()
            }
            None => self.tokens().len(),
        };
        let kept = if kept == has || self.remove(kept)? { kept } else { 0 };
        if kept == 0 {
            self.clear()?;
        }
        self.sequences.begin(index, kept, prompt);
        Ok(kept)
    }

    /// Reads `tokens` after those in the sequence. The engine would abort the process on a batch
    /// that is empty, larger than its limit, or beyond the window.
    pub(crate) fn read(&mut self, tokens: &[LlamaToken]) -> Result<(), EngineError> {
        self.logits_at = None;
        let has = self.tokens().len();
        let fits = !tokens.is_empty()
            && tokens.len() <= CHUNK.min(self.context.n_batch() as usize)
            && has + tokens.len() <= self.window_tokens as usize;
        if !fits {
            return Err(EngineError(format!("a batch of {} tokens does not fit", tokens.len())));
        }
        self.batch.clear();
        let sequence = [id(self.current)?];
        for (offset, token) in tokens.iter().enumerate() {
            let position = i32::try_from(has + offset).map_err(refused)?;
            let last = offset + 1 == tokens.len();
            self.batch.add(*token, position, &sequence, last).map_err(refused)?;
        }
        if let Err(error) = self.context.decode(&mut self.batch) {
            // It is unknown which part of the batch is in the sequence.
            self.clear()?;
            return Err(EngineError(format!("{error}: {}", log::complaints())));
        }
        self.sequences.extend(self.current, tokens);
        self.logits_at = Some(self.batch.n_tokens() - 1);
        Ok(())
    }

    /// Samples the next token. The engine would abort the process if nothing had been read before.
    pub(crate) fn next(&mut self, sampler: &mut LlamaSampler) -> Result<LlamaToken, EngineError> {
        let at = self.logits_at.ok_or_else(|| refused("no token was read to go on from"))?;
        Ok(sampler.sample(&self.context, at))
    }

    fn tokens(&self) -> &[LlamaToken] {
        self.sequences.tokens(self.current)
    }

    /// Empties the sequence.
    fn clear(&mut self) -> Result<(), EngineError> {
        self.logits_at = None;
        self.sequences.clear(self.current);
        // The removal of a whole sequence cannot fail (`llama_memory_seq_rm` in llama.h).
        self.remove(0).map(drop)
    }

    /// Removes the tokens from position `from` on. Returns whether the model's memory can do that.
    fn remove(&mut self, from: usize) -> Result<bool, EngineError> {
        let sequence = u32::try_from(self.current).map_err(refused)?;
        let from = u32::try_from(from).map_err(refused)?;
        self.context.clear_kv_cache_seq(Some(sequence), Some(from), None).map_err(refused)
    }
}

fn id(index: usize) -> Result<i32, EngineError> {
    i32::try_from(index).map_err(refused)
}

fn refused(error: impl ToString) -> EngineError {
    EngineError(error.to_string())
}

fn threads(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(1).clamp(1, 256)
}
