//! A loaded model that writes answers, one at a time.
//!
//! Owns the engine's context and knows the tokens in its cache. Calls for which the engine would
//! abort the process are checked before they are made: see [`Session::read`] and [`Session::next`].

use std::num::NonZeroU32;
use std::time::Instant;

use chat_template::ChatTemplate;
use engine_wire::{Failure, FromChild, Generate, JobId, Load, NotLoaded, WireError};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use model_io::rendered::{self, Part};
use protocol::{Finish, Usage};

use super::cpu_contention::is_contended;
use super::detokenizer::Detokenizer;
use super::log;
use super::prefill::{CHUNK, ChunkSizer, kept};
use super::prompt::{Conversation, PromptError, Window, fit};
use super::reading::Reading;
use super::sampling::Plan;
use super::vocabulary::ModelVocabulary;

/// The cache holds a single sequence.
const SEQUENCE: i32 = 0;

/// Sends messages, and tells whether the answer was stopped.
pub(crate) trait Reporter {
    fn say(&mut self, message: FromChild) -> Result<(), WireError>;
    fn stopped(&self) -> bool;
}

pub(crate) struct Session<'model> {
    context: LlamaContext<'model>,
    vocabulary: ModelVocabulary<'model>,
    template: ChatTemplate,
    batch: LlamaBatch<'static>,
    window: Window,
    max_answer_tokens: u32,
    /// The tokens that the context has read. Invariant: exactly those in its cache, in order.
    cached: Vec<LlamaToken>,
    /// The position in the last batch from which the next token can be sampled.
    logits_at: Option<i32>,
    chunk_sizer: ChunkSizer,
    prompt_threads: u32,
    /// Whether chunks are read by more threads than single tokens.
    more_threads_read: bool,
}

/// Why an answer was not written to its end.
enum Broken {
    Halted,
    Failed(Failure),
    /// The pipe to the server failed.
    Wire(WireError),
}

impl<'model> Session<'model> {
    /// Makes the context and compiles the template. The error's text is for the log.
    pub(crate) fn new(
        backend: &LlamaBackend,
        model: &'model LlamaModel,
        load: &Load,
    ) -> Result<Self, (NotLoaded, String)> {
        let vocabulary = ModelVocabulary::new(model);
        let source = model
            .chat_template(None)
            .map_err(|error| (NotLoaded::Template, error.to_string()))?
            .to_string()
            .map_err(|error| (NotLoaded::Template, error.to_string()))?;
        let (bos, eos) = vocabulary.begin_and_end();
        let template = ChatTemplate::new(&source, bos, eos)
            .map_err(|error| (NotLoaded::Template, chain(&error)))?;
        let trained = model.n_ctx_train();
        let asked =
            load.context_tokens.clamp(64, if trained == 0 { u32::MAX } else { trained.max(64) });
        let chunk = u32::try_from(CHUNK).unwrap_or(u32::MAX);
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(asked))
            .with_n_batch(chunk)
            .with_n_ubatch(chunk)
            .with_n_threads(threads(load.threads))
            .with_n_threads_batch(threads(load.prompt_threads))
            .with_no_perf(true);
        let context = model
            .new_context(backend, params)
            .map_err(|error| (NotLoaded::Context, format!("{error}: {}", log::complaints())))?;
        // The engine rounds its context size, and neither the window nor a batch may exceed it.
        let tokens = asked.min(context.n_ctx());
        let reserve = load.reserve_tokens.clamp(1, tokens / 2);
        Ok(Self {
            context,
            vocabulary,
            template,
            batch: LlamaBatch::new(CHUNK, 1),
            window: Window { tokens, reserve },
            max_answer_tokens: load.max_answer_tokens.max(1),
            cached: Vec::with_capacity(tokens as usize),
            logits_at: None,
            chunk_sizer: ChunkSizer::default(),
            prompt_threads: load.prompt_threads,
            more_threads_read: load.prompt_threads > load.threads,
        })
    }

    pub(crate) fn window_tokens(&self) -> u32 {
        self.window.tokens
    }

    /// Writes one answer and reports how it ended. Fails only if the pipe is closed.
    pub(crate) fn answer(
        &mut self,
        asked: &Generate,
        reporter: &mut impl Reporter,
    ) -> Result<(), WireError> {
        let job = asked.job;
        let end = match self.write(asked, reporter) {
            Ok((finish, usage)) => FromChild::Finished { job, finish, usage },
            Err(Broken::Halted) => FromChild::Halted { job },
            Err(Broken::Failed(why)) => FromChild::Failed { job, why },
            Err(Broken::Wire(error)) => return Err(error),
        };
        reporter.say(end)
    }

    fn write(
        &mut self,
        asked: &Generate,
        reporter: &mut impl Reporter,
    ) -> Result<(Finish, Usage), Broken> {
        if reporter.stopped() {
            return Err(Broken::Halted);
        }
        let most = asked.sampling.max_tokens.unwrap_or(self.max_answer_tokens).max(1);
        let window = Window { reserve: self.window.reserve.min(most), ..self.window };
        let conversation = Conversation {
            system: &asked.system,
            messages: &asked.messages,
            effort: asked.effort.as_ref(),
            reasoning: asked.send_reasoning,
        };
        let prompt = fit(&self.template, &self.vocabulary, conversation, window)
            .map_err(|error| Broken::Failed(failure(&error)))?;
        let (job, left_out) = (asked.job, prompt.left_out);
        let reasoning = prompt.parts.iter().any(|part| matches!(part, Part::Reasoning(_)));
        let rendered = rendered::write(prompt.parts);
        reporter
            .say(FromChild::Began { job, left_out, rendered, reasoning })
            .map_err(Broken::Wire)?;
        let detokenizer = Detokenizer::of(&asked.messages, prompt.opens_thought);

        let began = Instant::now();
        let cached = self.prefill(&prompt.tokens, job, reporter)?;
        let read = Instant::now();
        let (finish, written, thought) = self.decode(asked, most, detokenizer, reporter)?;
        let usage = Usage {
            prompt_tokens: count(prompt.tokens.len()),
            completion_tokens: written,
            cached_tokens: Some(count(cached)),
            reasoning_tokens: Some(thought).filter(|tokens| *tokens > 0),
        };
        let prompt_ms = read.duration_since(began).as_millis();
        let answer_ms = read.elapsed().as_millis();
        tracing::info!(?usage, prompt_ms, answer_ms, chunk = self.chunk_sizer.chunk(), "answered");
        Ok((finish, usage))
    }

    /// Reads the part of `prompt` that is not in the cache; returns the number of tokens that were.
    fn prefill(
        &mut self,
        prompt: &[LlamaToken],
        job: JobId,
        reporter: &mut impl Reporter,
    ) -> Result<usize, Broken> {
        let kept = self.truncate_cache(kept(&self.cached, prompt))?;
        let (mut at, began) = (kept, Instant::now());
        let mut reading = Reading::new(kept, prompt.len());
        while at < prompt.len() {
            if reporter.stopped() {
                return Err(Broken::Halted);
            }
            let crowded = self.more_threads_read && is_contended(self.prompt_threads);
            let chunk = if crowded { 1 } else { self.chunk_sizer.chunk() };
            let end = prompt.len().min(at + chunk);
            self.read(&prompt[at..end])?;
            at = end;
            if let Some(progress) = reading.at(at, began.elapsed()) {
                reporter.say(FromChild::Reading { job, progress }).map_err(Broken::Wire)?;
            }
        }
        Ok(kept)
    }

    /// Writes up to `most` tokens. Returns how the answer ended, its number of tokens, and how many
    /// of them were thinking.
    fn decode(
        &mut self,
        asked: &Generate,
        most: u32,
        mut detokenizer: Detokenizer,
        reporter: &mut impl Reporter,
    ) -> Result<(Finish, u32, u32), Broken> {
        let random = getrandom::u32().map_err(|error| engine(&error))?;
        let mut sampler = Plan::new(asked.sampling, random).sampler(self.vocabulary.size());
        for written in 0..most {
            if reporter.stopped() {
                return Err(Broken::Halted);
            }
            let token = self.next(&mut sampler)?;
            if self.vocabulary.ends(token) {
                let thought = detokenizer.finish(asked.job, reporter).map_err(Broken::Wire)?;
                return Ok((Finish::Stop, written, thought));
            }
            detokenizer
                .push(&self.vocabulary.bytes(token), asked.job, reporter)
                .map_err(Broken::Wire)?;
            let last = written + 1 == most || self.cached.len() >= self.window.tokens as usize;
            if last {
                let thought = detokenizer.finish(asked.job, reporter).map_err(Broken::Wire)?;
                return Ok((Finish::Length, written + 1, thought));
            }
            self.read(&[token])?;
        }
        Ok((Finish::Length, most, 0))
    }

    /// Drops all but the first `wanted` tokens from the cache. Returns how many are left: none, if
    /// the model's memory cannot be shortened.
    fn truncate_cache(&mut self, wanted: usize) -> Result<usize, Broken> {
        self.logits_at = None;
        if wanted < self.cached.len() {
            let from = u32::try_from(wanted).ok();
            let sequence = u32::try_from(SEQUENCE).ok();
            let shortened = self.context.clear_kv_cache_seq(sequence, from, None);
            if wanted == 0 || !shortened.map_err(|error| engine(&error))? {
                self.forget();
            } else {
                self.cached.truncate(wanted);
            }
        }
        Ok(self.cached.len())
    }

    fn forget(&mut self) {
        self.context.clear_kv_cache();
        self.cached.clear();
        self.logits_at = None;
    }

    /// Reads `tokens` after those in the cache. The engine would abort the process on a batch that
    /// is empty, larger than its limit, or beyond the window.
    fn read(&mut self, tokens: &[LlamaToken]) -> Result<(), Broken> {
        self.logits_at = None;
        let fits = !tokens.is_empty()
            && tokens.len() <= CHUNK.min(self.context.n_batch() as usize)
            && self.cached.len() + tokens.len() <= self.window.tokens as usize;
        if !fits {
            return Err(engine(&format!("a batch of {} tokens does not fit", tokens.len())));
        }
        self.batch.clear();
        for (offset, token) in tokens.iter().enumerate() {
            let position = i32::try_from(self.cached.len() + offset).map_err(|e| engine(&e))?;
            let last = offset + 1 == tokens.len();
            self.batch.add(*token, position, &[SEQUENCE], last).map_err(|e| engine(&e))?;
        }
        let began = Instant::now();
        if let Err(error) = self.context.decode(&mut self.batch) {
            // It is unknown which part of the batch is in the cache.
            self.forget();
            return Err(engine(&format!("{error}: {}", log::complaints())));
        }
        self.chunk_sizer.learn(tokens.len(), began.elapsed());
        self.cached.extend_from_slice(tokens);
        self.logits_at = Some(self.batch.n_tokens() - 1);
        Ok(())
    }

    /// Samples the next token. The engine would abort the process if nothing had been read before.
    fn next(&mut self, sampler: &mut LlamaSampler) -> Result<LlamaToken, Broken> {
        let at = self.logits_at.ok_or_else(|| engine(&"no token was read to go on from"))?;
        Ok(sampler.sample(&self.context, at))
    }
}

fn failure(error: &PromptError) -> Failure {
    match error {
        PromptError::TooLong(overflow) => {
            Failure::TooLong { needed: overflow.needed, room: overflow.room }
        }
        PromptError::Template(error) => Failure::Template { detail: chain(error) },
    }
}

fn engine(detail: &impl ToString) -> Broken {
    Broken::Failed(Failure::Engine { detail: detail.to_string() })
}

/// An error with its sources in one line, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}

fn threads(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(1).clamp(1, 256)
}

fn count(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}
