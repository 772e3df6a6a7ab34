//! A grammar of hostile texts: every construct of Markdown, and every delimiter alone, in pairs,
//! in runs, nested, before and behind each other, and repeated up to a length. Not a list of
//! texts that were found to be bad: those are somewhere among these.

use proptest::prelude::*;

/// Whole constructs, what begins or ends one, and what stands between.
pub(super) static WORDS: [&str; 92] = [
    // Emphasis.
    "*",
    "**",
    "_",
    "__",
    "~",
    "~~",
    "*a*",
    "**a** ",
    "_a_ ",
    "~~a~~",
    "**「a」**x",
    "*a ",
    " *",
    // Links, references, images, footnotes, addresses.
    "[",
    "]",
    "(",
    ")",
    "![",
    "](",
    "[a](b)",
    "[a](http://b)",
    "![a](http://b)",
    "[a][b]",
    "[b]",
    "[b]:",
    "\n[b]: http://x\n",
    "[^a]",
    "\n[^a]: ",
    "[[",
    "<http://a>",
    "<a@b.c>",
    "http://a.b/ ",
    "http://",
    "https://a",
    "http://-",
    ".",
    ":",
    "@",
    // Code.
    "`",
    "``",
    "`a`",
    "\n```\n",
    "\n~~~\n",
    "\n```rust\n",
    "\n    a",
    // Blocks.
    "- ",
    "\n- a",
    "1. ",
    "\n1. a",
    "+ ",
    "\n- [x] a",
    "> ",
    "\n> a",
    "# ",
    "\n# a\n",
    "\na\n===\n",
    "\n---\n",
    "|",
    "|a|b|\n",
    "\n|a|b|\n|-|-|\n",
    "|-",
    ":-:|",
    // HTML and entities.
    "<",
    ">",
    "<a b=\"c\">",
    "<!--",
    "-->",
    "<?",
    "<![CDATA[",
    "]]>",
    "</a>",
    "\n<div>\n",
    "&",
    ";",
    "&amp;",
    "&#x41;",
    // Formulas.
    "$",
    "$$",
    "$a$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\\(a\\)",
    "{",
    "}",
    // What stands between.
    "\\",
    "\n",
    "\n\n",
    "  \n",
    "a",
    "日",
];

/// How two words make a text.
pub(super) static SHAPES: [fn(&str, &str, usize) -> String; 7] = [
    // In turns.
    |a, b, bytes| repeated(&format!("{a}{b}"), bytes),
    // A run of the one behind a run of the other.
    |a, b, bytes| format!("{}{}", repeated(a, bytes / 2), repeated(b, bytes / 2)),
    // The same around something.
    |a, b, bytes| format!("{}x y{}", repeated(a, bytes / 2), repeated(b, bytes / 2)),
    // Runs that become longer.
    |a, b, bytes| longer(a, b, bytes),
    // One before, one behind.
    |a, b, bytes| format!("{a}{}{a}", repeated(b, bytes)),
    // On lines of their own, with the one deeper and deeper before the other.
    |a, b, bytes| longer(a, &format!("{b}\n"), bytes),
    // In one paragraph's words.
    |a, b, bytes| repeated(&format!("{a}x {b} "), bytes),
];

/// Every word with every other, in both orders and in one shape after the other.
pub(super) fn pairs(bytes: usize) -> impl Iterator<Item = Pair> {
    let words = || WORDS.iter().copied().enumerate();
    words().flat_map(move |(one, a)| {
        words().map(move |(two, b)| {
            let shape = (2 * one + two) % SHAPES.len();
            Pair { a, b, shape, bytes }
        })
    })
}

/// A text of two words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) a: &'static str,
    pub(super) b: &'static str,
    pub(super) shape: usize,
    bytes: usize,
}

impl Pair {
    /// The text, so many times as long.
    pub(super) fn text(&self, times: usize) -> String {
        SHAPES[self.shape](self.a, self.b, self.bytes * times)
    }
}

fn repeated(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes.div_ceil(unit.len()))
}

fn longer(a: &str, b: &str, bytes: usize) -> String {
    let mut text = String::new();
    for run in 1.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&a.repeat(run));
        text.push_str(b);
    }
    text
}

/// A text that grows with a number: words, nested and in runs, around one another.
pub(super) fn texts() -> impl Strategy<Value = Grown> {
    let words = || prop::collection::vec(prop::sample::select(&WORDS[..]), 0..4);
    let words = move || words().prop_map(|words| words.concat());
    (words(), words(), words(), words(), words(), any::<bool>()).prop_map(
        |(prefix, open, middle, close, suffix, nested)| Grown {
            prefix,
            open,
            middle,
            close,
            suffix,
            nested,
        },
    )
}

/// A text of any length.
#[derive(Clone, Debug)]
pub(super) struct Grown {
    prefix: String,
    open: String,
    middle: String,
    close: String,
    suffix: String,
    nested: bool,
}

impl Grown {
    pub(super) fn text(&self, bytes: usize) -> String {
        let Self { prefix, open, middle, close, suffix, nested } = self;
        let times = bytes / (open.len() + middle.len() + close.len()).max(1);
        if *nested {
            let (open, close) = (open.repeat(times), close.repeat(times));
            format!("{prefix}{open}{}{close}{suffix}", middle.repeat(times))
        } else {
            let repeated = [&**open, middle, close].concat().repeat(times);
            format!("{prefix}{repeated}{suffix}")
        }
    }
}
