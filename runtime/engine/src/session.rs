//! A loaded model that writes answers, one at a time.
//!
//! Makes a prompt of each conversation, has it read in the sequence of the cache that has the most
//! of it, and writes the answer.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use chat_template::ChatTemplate;
use engine_wire::{Failure, FromChild, Generate, Load, NotLoaded, WireError};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use model_io::rendered::{self, Part};
use protocol::api::InputMessage;
use protocol::{Finish, Usage};

use super::cache::{Cache, EngineError};
use super::detokenizer::Detokenizer;
use super::generator::{Broken, Generator};
use super::memory;
use super::prefill::ChunkSizer;
use super::prompt::{Conversation, PromptError, Window, fit};
use super::sequences::{self, Opening, Place};
use super::vocabulary::ModelVocabulary;

/// The most tokens of a prompt and its answer together that make a request a short one, which is
/// answered apart from the cache if it would push a conversation out of it. An ordinary turn is
/// allowed a longer answer.
const SHORT_TOKENS: u32 = 512;

/// Sends messages, and tells whether the answer was stopped.
pub(crate) trait Reporter {
    fn say(&mut self, message: FromChild) -> Result<(), WireError>;
    fn stopped(&self) -> bool;
}

pub(crate) struct Session<'model> {
    backend: &'model LlamaBackend,
    model: &'model LlamaModel,
    load: Load,
    cache: Cache<'model>,
    /// The number of conversations that the cache holds.
    conversations: u32,
    vocabulary: ModelVocabulary<'model>,
    template: ChatTemplate,
    window: Window,
    chunk_sizer: ChunkSizer,
}

impl<'model> Session<'model> {
    /// Makes the context and compiles the template. `available_bytes` is the memory that the system
    /// still has, if it tells. The error's text is for the log.
    pub(crate) fn new(
        backend: &'model LlamaBackend,
        model: &'model LlamaModel,
        load: &Load,
        available_bytes: Option<u64>,
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
        let each = memory::window_bytes(model, asked);
        let wanted = memory::plan(load.conversations, each, available_bytes);
        let make = |conversations| Cache::new(backend, model, load, conversations, asked);
        let (cache, conversations) = match make(wanted) {
            Ok(cache) => (cache, wanted),
            // The plan can only estimate, so the system may refuse what was planned.
            Err(error) if wanted > 1 => {
                tracing::warn!(%error, wanted, "there is no memory to cache several conversations");
                (make(1).map_err(no_context)?, 1)
            }
            Err(error) => return Err(no_context(error)),
        };
        let tokens = cache.window_tokens();
        let reserve = load.reserve_tokens.clamp(1, tokens / 2);
        Ok(Self {
            backend,
            model,
            load: load.clone(),
            cache,
            conversations,
            vocabulary,
            template,
            window: Window { tokens, reserve },
            chunk_sizer: ChunkSizer::default(),
        })
    }

    pub(crate) fn window_tokens(&self) -> u32 {
        self.window.tokens
    }

    pub(crate) fn conversations(&self) -> u32 {
        self.conversations
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
        let most = asked.sampling.max_tokens.unwrap_or(self.load.max_answer_tokens).max(1);
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
        reporter.say(FromChild::Began { job, left_out, rendered, reasoning })?;
        let detokenizer = Detokenizer::of(&asked.messages, prompt.opens_thought);

        let began = Instant::now();
        let bound = count(prompt.tokens.len()).saturating_add(most);
        let request = sequences::Prompt {
            tokens: &prompt.tokens,
            opening: opening(&asked.messages),
            short: bound <= SHORT_TOKENS,
        };
        let place = self.cache.place(request);
        let mut apart = if place == Place::Apart { self.cache_apart() } else { None };
        let (cache, kept) = match &mut apart {
            Some(apart) => (apart, 0),
            None => {
                let kept = self.cache.enter(place, request)?;
                (&mut self.cache, kept)
            }
        };
        let (vocabulary, load) = (&self.vocabulary, &self.load);
        let chunk_sizer = &mut self.chunk_sizer;
        let mut generator = Generator { cache, vocabulary, chunk_sizer, load };
        generator.prefill(&prompt.tokens, kept, job, reporter)?;
        let read = Instant::now();
        let written = generator.decode(asked, most, detokenizer, reporter)?;
        let usage = Usage {
            prompt_tokens: count(prompt.tokens.len()),
            completion_tokens: written.tokens,
            cached_tokens: Some(count(kept)),
            reasoning_tokens: Some(written.thought_tokens).filter(|tokens| *tokens > 0),
        };
        let prompt_ms = read.duration_since(began).as_millis();
        let answer_ms = read.elapsed().as_millis();
        tracing::info!(?usage, prompt_ms, answer_ms, chunk = self.chunk_sizer.chunk(), "answered");
        Ok((written.finish, usage))
    }

    /// A cache for one short request; `None` if there is no memory for it.
    fn cache_apart(&self) -> Option<Cache<'model>> {
        let made = Cache::new(self.backend, self.model, &self.load, 1, SHORT_TOKENS);
        made.inspect_err(|error| tracing::warn!(%error, "a short request takes a cached sequence"))
            .ok()
    }
}

/// The conversation of these messages. Its first message is there even if the window has no room
/// for it any more.
fn opening(messages: &[InputMessage]) -> Opening {
    let mut hasher = DefaultHasher::new();
    messages.first().map(|first| &first.text).hash(&mut hasher);
    Opening(hasher.finish())
}

fn failure(error: &PromptError) -> Failure {
    match error {
        PromptError::TooLong(overflow) => {
            Failure::TooLong { needed: overflow.needed, room: overflow.room }
        }
        PromptError::Template(error) => Failure::Template { detail: chain(error) },
    }
}

fn no_context(error: EngineError) -> (NotLoaded, String) {
    (NotLoaded::Context, error.to_string())
}

/// An error with its sources in one line, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}

fn count(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}
