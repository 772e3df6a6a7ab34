//! The configuration of the local provider.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of the local model. [`LocalConfig::new`] fills in every default.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// The path of the GGUF file. A relative path starts at the server's working directory.
    pub model_file: PathBuf,
    /// The model's name for people; by default the file's name without `.gguf`.
    pub model: String,
    /// A folder of further GGUF files that conversations can choose by name.
    pub model_dir: Option<PathBuf>,
    /// Whether the file is the small model that comes with the product.
    pub bundled: bool,
    /// The window for prompt and answer together, in tokens; at most the one that the model was
    /// trained for.
    pub context_tokens: u32,
    /// The number of conversations whose tokens stay in memory, so that a later turn reads only new
    /// ones. Each takes the memory of a whole window; there are fewer if the memory is short.
    pub cached_conversations: u32,
    /// The tokens of the window that the conversation leaves free for the answer; never more than
    /// half of the window.
    pub reserve_tokens: u32,
    /// The most tokens in one answer, if the request sets no other limit. The answer also ends at
    /// the end of the window.
    pub max_answer_tokens: u32,
    /// Threads that write the answer; `None` derives the number from the cores.
    pub threads: Option<u32>,
    /// Threads that read the prompt; `None` derives the number from the cores.
    pub prompt_threads: Option<u32>,
    /// When the model is loaded.
    pub load: LoadPolicy,
    /// How long the model may stay loaded without work; `None` keeps it.
    pub idle_unload: Option<Duration>,
    /// Whether the model is refused if a wall of the sandbox of the engine's process is missing.
    pub require_sandbox: bool,
    /// The program to start as the engine's process; `None` for this program.
    pub program: Option<PathBuf>,
    /// The program's arguments, which must make it call `engine::run`.
    pub args: Vec<String>,
}

/// When the model is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadPolicy {
    /// With the first message; until then it takes no memory.
    #[default]
    AtFirstUse,
    /// When the server starts.
    AtStart,
}

impl LocalConfig {
    /// The hidden subcommand that makes the server's program the engine's process.
    pub const SUBCOMMAND: &str = "infer";

    /// The default configuration for `model_file`.
    pub fn new(model_file: impl Into<PathBuf>) -> Self {
        let model_file = model_file.into();
        let model = model_file
            .file_stem()
            .map_or_else(|| "local".to_owned(), |stem| stem.to_string_lossy().into_owned());
        Self {
            model_file,
            model,
            model_dir: None,
            bundled: false,
            context_tokens: 4096,
            cached_conversations: 2,
            reserve_tokens: 512,
            max_answer_tokens: 2048,
            threads: None,
            prompt_threads: None,
            load: LoadPolicy::default(),
            idle_unload: None,
            require_sandbox: false,
            program: None,
            args: vec![Self::SUBCOMMAND.to_owned()],
        }
    }
}

/// The number of threads that write the answer and of those that read the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Threads {
    pub(crate) answer: u32,
    pub(crate) prompt: u32,
}

impl Threads {
    /// Uses the numbers that are set, and derives the others from `cores`.
    ///
    /// The engine's threads meet after every step of every layer and spin while they wait, so one
    /// thread that shares its core with other work holds up all of them. Reading a prompt is
    /// arithmetic and worth most of the cores, for a short time. Writing waits for memory more than
    /// for cores: half of them write nearly as fast, and leave the rest to the server. More than
    /// eight gain little, and half of the cores that the system counts are often not physical ones.
    pub(crate) fn new(cores: u32, answer: Option<u32>, prompt: Option<u32>) -> Self {
        let cores = cores.max(1);
        Self {
            answer: answer.unwrap_or((cores / 2).min(8)).max(1),
            prompt: prompt.unwrap_or((cores - cores / 4).min(8)).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_follows_the_cores() {
        let derived = |cores| {
            let threads = Threads::new(cores, None, None);
            (threads.answer, threads.prompt)
        };
        assert_eq!(derived(0), (1, 1));
        assert_eq!(derived(1), (1, 1));
        assert_eq!(derived(2), (1, 2));
        assert_eq!(derived(4), (2, 3));
        assert_eq!(derived(8), (4, 6));
        assert_eq!(derived(128), (8, 8));
    }

    #[test]
    fn a_configured_number_of_threads_wins_and_is_at_least_one() {
        assert_eq!(Threads::new(2, Some(2), None), Threads { answer: 2, prompt: 2 });
        assert_eq!(Threads::new(8, Some(0), Some(3)), Threads { answer: 1, prompt: 3 });
    }

    #[test]
    fn a_model_is_named_after_its_file() {
        let config = LocalConfig::new("/models/SmolLM2-135M-Instruct.Q4_1.gguf");
        assert_eq!(config.model, "SmolLM2-135M-Instruct.Q4_1");
    }
}
