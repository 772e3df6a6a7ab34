//! A grammar that generates hostile texts: every construct and every delimiter of Markdown, alone,
//! in pairs, in runs, nested, and repeated up to a length. Texts that were once found to be slow
//! are not listed here, because the grammar generates them, too.

use proptest::prelude::*;

/// Complete constructs, the delimiters that begin or end one, and some plain text.
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
    // Plain text, line breaks and the escape.
    "\\",
    "\n",
    "\n\n",
    "  \n",
    "a",
    "日",
];

/// The ways to make a text of about so many bytes from two words.
pub(super) static SHAPES: [fn(&str, &str, usize) -> String; 7] = [
    // The two in turn.
    |a, b, bytes| repeated(&format!("{a}{b}"), bytes),
    // A run of the first, then a run of the second.
    |a, b, bytes| format!("{}{}", repeated(a, bytes / 2), repeated(b, bytes / 2)),
    // The same with some text between the runs.
    |a, b, bytes| format!("{}x y{}", repeated(a, bytes / 2), repeated(b, bytes / 2)),
    // Longer and longer runs of the first, each followed by the second.
    |a, b, bytes| longer(a, b, bytes),
    // A run of the second between two of the first.
    |a, b, bytes| format!("{a}{}{a}", repeated(b, bytes)),
    // The same as the longer and longer runs, each on a line of its own.
    |a, b, bytes| longer(a, &format!("{b}\n"), bytes),
    // Both as words of one paragraph.
    |a, b, bytes| repeated(&format!("{a}x {b} "), bytes),
];

/// Every pair of words, in both orders. Each pair has one shape; neighbours have different ones.
pub(super) fn pairs(bytes: usize) -> impl Iterator<Item = Pair> {
    let words = || WORDS.iter().copied().enumerate();
    words().flat_map(move |(one, a)| {
        words().map(move |(two, b)| {
            let shape = (2 * one + two) % SHAPES.len();
            Pair { a, b, shape, bytes }
        })
    })
}

/// Two words and a shape, which make a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) a: &'static str,
    pub(super) b: &'static str,
    pub(super) shape: usize,
    bytes: usize,
}

impl Pair {
    /// The text, at so many times its first length.
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

/// Random texts of the grammar's words, each of which can be made in any length.
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

/// The parts of a random text, which are nested or repeated up to a length.
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
