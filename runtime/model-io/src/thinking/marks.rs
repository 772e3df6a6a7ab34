//! The marks that models put around their thinking, and the search for them in text that is still
//! arriving.

/// The mark that opens a thought, and the marks that close it.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) opener: &'static str,
    pub(super) closers: &'static [&'static str],
}

/// Sources: the chat templates of the models, on their pages at <https://huggingface.co>; for
/// `<|channel|>` <https://cookbook.openai.com/articles/openai-harmony>. Invariant: no opener
/// begins with another one.
const MARKS: &[Mark] = &[
    // DeepSeek-R1, Qwen3, GLM-4.5, Kimi K2, MiniMax-M2, SmolLM3 and most others.
    Mark { opener: "<think>", closers: &["</think>"] },
    // Used by prompts, and by proxies in front of Claude.
    Mark { opener: "<thinking>", closers: &["</thinking>"] },
    Mark { opener: "<reasoning>", closers: &["</reasoning>"] },
    Mark { opener: "<reason>", closers: &["</reason>"] },
    // Gemini by its OpenAI-compatible API, EXAONE Deep.
    Mark { opener: "<thought>", closers: &["</thought>"] },
    // Seed-OSS; MiniMax-M3.
    Mark { opener: "<seed:think>", closers: &["</seed:think>"] },
    Mark { opener: "<mm:think>", closers: &["</mm:think>"] },
    // Magistral, Ministral.
    Mark { opener: "[THINK]", closers: &["[/THINK]"] },
    // Kimi-VL; Apertus.
    Mark { opener: "◁think▷", closers: &["◁/think▷"] },
    Mark { opener: "<|inner_prefix|>", closers: &["<|inner_suffix|>"] },
    // Command A Reasoning.
    Mark { opener: "<|START_THINKING|>", closers: &["<|END_THINKING|>"] },
    // Sky-T1 and OpenThinker.
    Mark { opener: "<|begin_of_thought|>", closers: &["<|end_of_thought|>"] },
    // Gemma 4; the word is followed by a line break.
    Mark { opener: "<|channel>thought", closers: &["<channel|>"] },
    // gpt-oss.
    Mark {
        opener: "<|channel|>analysis<|message|>",
        closers: &["<|end|>", "<|start|>assistant", "<|channel|>final<|message|>"],
    },
];

/// Marks before an answer that open no thought; gpt-oss's commentary is meant for the reader.
const SKIPPED: &[&str] = &[
    "<|start|>assistant",
    "<|channel|>final<|message|>",
    "<|channel|>commentary<|message|>",
    "<|START_RESPONSE|>",
    "<|begin_of_solution|>",
];

/// Marks after an answer that began with one of those.
pub(super) const ENDS: &[&str] =
    &["<|return|>", "<|end|>", "<|END_RESPONSE|>", "<|end_of_solution|>"];

/// The marks that close a thought whose opening mark is in the prompt.
pub(super) const OPENED: Mark = Mark { opener: "<think>", closers: CLOSERS };

/// The marks that close a thought even without an opening mark.
pub(super) const CLOSERS: &[&str] = &[
    "</think>",
    "</thinking>",
    "</reasoning>",
    "</reason>",
    "</thought>",
    "</seed:think>",
    "</mm:think>",
    "[/THINK]",
    "◁/think▷",
    "<|END_THINKING|>",
    "<|end_of_thought|>",
    "<channel|>",
];

/// Tokens that are marks only together; gpt-oss.
const SIGNS: &[&str] = &["<|channel|>", "<|message|>", "<|start|>", "<|end|>"];

/// The mark that closes the thought which the end of the prompt opens, if it opens one.
pub fn closer_of(prompt: &str) -> Option<&'static str> {
    let prompt = prompt.trim_end();
    let mark = MARKS.iter().find(|mark| prompt.ends_with(mark.opener))?;
    mark.closers.first().copied()
}

/// Whether a token with this text is a mark of thinking, or a part of one. `has` tells whether the
/// vocabulary has a token.
pub fn is_mark(text: &str, has: impl Fn(&str) -> bool) -> bool {
    // In other vocabularies, single ones of these tokens mean something else.
    let channels = SIGNS.contains(&text) && SIGNS.iter().all(|sign| has(sign));
    channels || MARKS.iter().any(|mark| mark.opener == text) || CLOSERS.contains(&text)
}

/// How a text begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beginning {
    /// With the opening mark of a thought.
    Thought { mark: &'static Mark },
    /// With a mark that carries no text, `end` bytes long.
    Skipped { end: usize },
    /// With something that may become a mark.
    Unsure,
    /// With anything else.
    Words,
}

pub(super) fn beginning(text: &str) -> Beginning {
    if let Some(mark) = MARKS.iter().find(|mark| starts(text, mark.opener)) {
        return Beginning::Thought { mark };
    }
    if let Some(mark) = SKIPPED.iter().find(|mark| starts(text, mark)) {
        return Beginning::Skipped { end: mark.len() };
    }
    let mut marks = MARKS.iter().map(|mark| mark.opener).chain(SKIPPED.iter().copied());
    if marks.any(|mark| starts(mark, text)) { Beginning::Unsure } else { Beginning::Words }
}

/// Whether `text` begins with `with`, ignoring ASCII case.
fn starts(text: &str, with: &str) -> bool {
    let front = text.as_bytes().get(..with.len());
    front.is_some_and(|front| front.eq_ignore_ascii_case(with.as_bytes()))
}

/// The place of a mark in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Whole {
        at: usize,
        end: usize,
    },
    /// The text ends with something that may become a mark.
    Begun {
        at: usize,
    },
    Nothing,
}

impl Found {
    /// Returns the earlier of the two.
    pub(super) fn or_before(self, other: Self) -> Self {
        match (self.at(), other.at()) {
            (Some(at), Some(others)) if others < at => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    fn at(self) -> Option<usize> {
        match self {
            Self::Whole { at, .. } | Self::Begun { at } => Some(at),
            Self::Nothing => None,
        }
    }
}

/// Finds the first occurrence of any of these marks.
pub(super) fn find(text: &str, marks: &[&str]) -> Found {
    let firsts: Vec<u8> = marks.iter().filter_map(|mark| mark.bytes().next()).collect();
    let places = text.bytes().enumerate().filter(|(_, byte)| firsts.contains(byte));
    for (at, _) in places {
        // The first byte of a UTF-8 character never occurs within another character.
        let rest = &text[at..];
        if let Some(mark) = marks.iter().find(|mark| starts(rest, mark)) {
            return Found::Whole { at, end: at + mark.len() };
        }
        if marks.iter().any(|mark| starts(mark, rest)) {
            return Found::Begun { at };
        }
    }
    Found::Nothing
}
