//! Reads a prompt in a sequence of the cache, and writes the answer.

use std::time::Instant;

use engine_wire::{Failure, FromChild, Generate, JobId, Load, WireError};
use llama_cpp_2::token::LlamaToken;
use protocol::Finish;

use super::cache::{Cache, EngineError};
use super::cpu_contention::is_contended;
use super::detokenizer::Detokenizer;
use super::prefill::ChunkSizer;
use super::reading::Reading;
use super::sampling::Plan;
use super::session::Reporter;
use super::vocabulary::ModelVocabulary;

/// Why an answer was not written to its end.
pub(crate) enum Broken {
    Halted,
    Failed(Failure),
    /// The pipe to the server failed.
    Wire(WireError),
}

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        Self::Failed(Failure::Engine { detail: error.to_string() })
    }
}

impl From<WireError> for Broken {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// An answer as it was written.
pub(crate) struct Written {
    pub(crate) finish: Finish,
    pub(crate) tokens: u32,
    /// How many of the tokens were thinking.
    pub(crate) thought_tokens: u32,
}

/// Reads and writes for one request.
pub(crate) struct Generator<'a, 'model> {
    pub(crate) cache: &'a mut Cache<'model>,
    pub(crate) vocabulary: &'a ModelVocabulary<'model>,
    pub(crate) chunk_sizer: &'a mut ChunkSizer,
    pub(crate) load: &'a Load,
}

impl Generator<'_, '_> {
    /// Reads `prompt`, of which the cache has the first `kept` tokens.
    pub(crate) fn prefill(
        &mut self,
        prompt: &[LlamaToken],
        kept: usize,
        job: JobId,
        reporter: &mut impl Reporter,
    ) -> Result<(), Broken> {
        // Whether chunks are read by more threads than single tokens.
        let more_threads_read = self.load.prompt_threads > self.load.threads;
        let (mut at, began) = (kept, Instant::now());
        let mut reading = Reading::new(kept, prompt.len());
        while at < prompt.len() {
            if reporter.stopped() {
                return Err(Broken::Halted);
            }
            let crowded = more_threads_read && is_contended(self.load.prompt_threads);
            let chunk = if crowded { 1 } else { self.chunk_sizer.chunk() };
            let end = prompt.len().min(at + chunk);
            self.read(&prompt[at..end])?;
            at = end;
            if let Some(progress) = reading.at(at, began.elapsed()) {
                reporter.say(FromChild::Reading { job, progress })?;
            }
        }
        Ok(())
    }

    /// Writes up to `most` tokens.
    pub(crate) fn decode(
        &mut self,
        asked: &Generate,
        most: u32,
        mut detokenizer: Detokenizer,
        reporter: &mut impl Reporter,
    ) -> Result<Written, Broken> {
        let random = getrandom::u32().map_err(|error| EngineError::new(&error))?;
        let mut sampler = Plan::new(asked.sampling, random).sampler(self.vocabulary.size());
        let mut tokens = 0;
        let finish = loop {
            if reporter.stopped() {
                return Err(Broken::Halted);
            }
            let token = self.cache.next(&mut sampler)?;
            if self.vocabulary.ends(token) {
                break Finish::Stop;
            }
            tokens += 1;
            detokenizer.push(&self.vocabulary.bytes(token), asked.job, reporter)?;
            if tokens >= most || self.cache.is_full() {
                break Finish::Length;
            }
            self.read(&[token])?;
        };
        let thought_tokens = detokenizer.finish(asked.job, reporter)?;
        Ok(Written { finish, tokens, thought_tokens })
    }

    fn read(&mut self, tokens: &[LlamaToken]) -> Result<(), EngineError> {
        let began = Instant::now();
        self.cache.read(tokens)?;
        self.chunk_sizer.learn(tokens.len(), began.elapsed());
        Ok(())
    }
}
