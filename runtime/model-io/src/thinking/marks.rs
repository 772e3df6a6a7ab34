//! The marks that models put around their thinking, and looking for them in a text that is not
//! there as a whole.

/// What opens a thought, and what closes it.
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
    // Prompts, and proxies in front of Claude.
    Mark { opener: "<thinking>", closers: &["</thinking>"] },
    Mark { opener: "<reasoning>", closers: &["</reasoning>"] },
    Mark { opener: "<reason>", closers: &["</reason>"] },
    // Gemini behind its OpenAI-compatible door, EXAONE Deep.
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
    // Gemma 4; the word and its line break stand behind the sign.
    Mark { opener: "<|channel>thought", closers: &["<channel|>"] },
    // gpt-oss.
    Mark {
        opener: "<|channel|>analysis<|message|>",
        closers: &["<|end|>", "<|start|>assistant", "<|channel|>final<|message|>"],
    },
];

/// What stands before an answer and is no thought; gpt-oss, whose commentary is for the reader.
const SKIPPED: &[&str] = &[
    "<|start|>assistant",
    "<|channel|>final<|message|>",
    "<|channel|>commentary<|message|>",
    "<|START_RESPONSE|>",
    "<|begin_of_solution|>",
];

/// What stands behind an answer that one of those stood before.
pub(super) const ENDS: &[&str] =
    &["<|return|>", "<|end|>", "<|END_RESPONSE|>", "<|end_of_solution|>"];

/// What closes a thought that the prompt opened.
pub(super) const OPENED: Mark = Mark { opener: "<think>", closers: CLOSERS };

/// What closes a thought by itself.
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

/// Signs that only together are marks; gpt-oss.
const SIGNS: &[&str] = &["<|channel|>", "<|message|>", "<|start|>", "<|end|>"];

/// What closes the thought that a prompt's end opens, if it opens one.
pub fn closer_of(prompt: &str) -> Option<&'static str> {
    let prompt = prompt.trim_end();
    let mark = MARKS.iter().find(|mark| prompt.ends_with(mark.opener))?;
    mark.closers.first().copied()
}

/// Whether a token of this text is a mark of thinking, or a part of one, in a vocabulary that
/// `has` the tokens that it has.
pub fn is_mark(text: &str, has: impl Fn(&str) -> bool) -> bool {
    // Of these some stand in other vocabularies for something else.
    let channels = SIGNS.contains(&text) && SIGNS.iter().all(|sign| has(sign));
    channels || MARKS.iter().any(|mark| mark.opener == text) || CLOSERS.contains(&text)
}

/// What a text begins with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beginning {
    /// A thought, behind a mark of so many bytes.
    Thought { mark: &'static Mark },
    /// A mark of so many bytes that says nothing.
    Skipped { end: usize },
    /// What may become a mark.
    Unsure,
    /// Anything else.
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

/// Whether a text begins with another one, whatever the case of ASCII letters.
fn starts(text: &str, with: &str) -> bool {
    let front = text.as_bytes().get(..with.len());
    front.is_some_and(|front| front.eq_ignore_ascii_case(with.as_bytes()))
}

/// Where a mark is in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Whole {
        at: usize,
        end: usize,
    },
    /// The text ends with what may become one.
    Begun {
        at: usize,
    },
    Nothing,
}

impl Found {
    /// The one that comes first.
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

/// The first of any of these marks.
pub(super) fn find(text: &str, marks: &[&str]) -> Found {
    let firsts: Vec<u8> = marks.iter().filter_map(|mark| mark.bytes().next()).collect();
    let places = text.bytes().enumerate().filter(|(_, byte)| firsts.contains(byte));
    for (at, _) in places {
        // The first byte of a character is never within another one.
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
