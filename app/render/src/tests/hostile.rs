//! A grammar that generates hostile texts: every construct and every delimiter of Markdown, alone,
//! in pairs, in runs, nested, and repeated up to a length. Texts that were once found to be slow
//! are not listed, because the grammar generates them, too.

use proptest::prelude::*;

/// Complete constructs, the delimiters that begin or end one, and some plain text.
pub(crate) static WORDS: [&str; 107] = [
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
    "\n```qmd\n",
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
    "<br>",
    "<sub>",
    "</sub>",
    "<details>",
    "\n<details>\n",
    "<summary>",
    "</summary>",
    "\n</details>\n",
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
    "\n$$\n",
    "\n\\[\n",
    "\\begin{align}",
    "\\end{align}",
    "www.a.b",
    "{",
    "}",
    // Plain text, line breaks and the escape.
    "\\",
    "\n",
    "\n\n",
    "  \n",
    "a",
    "日",
    "。",
];

/// The size of a text: enough repetitions for this many bytes, and `more` extra ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) bytes: usize,
    pub(super) more: usize,
}

impl Size {
    fn half(self) -> Self {
        Self { bytes: self.bytes / 2, ..self }
    }
}

/// Ways to make a text of a given size from two words.
pub(super) static SHAPES: [fn(&str, &str, Size) -> String; 7] = [
    // Both alternately.
    |a, b, size| repeated(&format!("{a}{b}"), size),
    // A run of the first, then a run of the second.
    |a, b, size| format!("{}{}", repeated(a, size.half()), repeated(b, size.half())),
    // A run of the first, some text, then a run of the second.
    |a, b, size| format!("{}x y{}", repeated(a, size.half()), repeated(b, size.half())),
    // Growing runs of the first, each followed by the second.
    |a, b, size| longer(a, b, size),
    // A run of the second between two of the first.
    |a, b, size| format!("{a}{}{a}", repeated(b, size)),
    // The growing runs, each on a line of its own.
    |a, b, size| longer(a, &format!("{b}\n"), size),
    // Both as words of a single paragraph.
    |a, b, size| repeated(&format!("{a}x {b} "), size),
];

/// Every pair of words, in both orders. Each pair has one shape; neighbouring pairs have different
/// ones.
pub(super) fn pairs() -> impl Iterator<Item = Pair> {
    let words = || WORDS.iter().copied().enumerate();
    words().flat_map(move |(one, a)| {
        words().map(move |(two, b)| {
            let shape = (2 * one + two) % SHAPES.len();
            Pair { a, b, shape }
        })
    })
}

/// Two words and a shape, which make a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) a: &'static str,
    pub(super) b: &'static str,
    pub(super) shape: usize,
}

impl Pair {
    pub(super) fn text(&self, size: Size) -> String {
        SHAPES[self.shape](self.a, self.b, size)
    }
}

fn repeated(unit: &str, size: Size) -> String {
    unit.repeat(size.bytes.div_ceil(unit.len()) + size.more)
}

fn longer(a: &str, b: &str, size: Size) -> String {
    let mut text = String::new();
    let (mut run, mut more) = (1, size.more);
    while text.len() < size.bytes || more > 0 {
        more -= usize::from(text.len() >= size.bytes);
        text.push_str(&a.repeat(run));
        text.push_str(b);
        run += 1;
    }
    text
}

/// Whether a word begins a code block that is highlighted. The HTML of highlighted nonsense grows
/// faster than the nonsense, up to a limit far beyond these texts.
pub(super) fn is_highlighted(word: &str) -> bool {
    word.contains("```rust")
}

/// Random texts of the grammar's words, each of which can be generated at any length.
pub(super) fn texts() -> impl Strategy<Value = Grown> {
    let plain: Vec<&str> = WORDS.into_iter().filter(|word| !is_highlighted(word)).collect();
    let words = move || prop::collection::vec(prop::sample::select(plain.clone()), 0..4);
    let words = || words().prop_map(|words| words.concat());
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
    pub(super) fn text(&self, size: Size) -> String {
        let Self { prefix, open, middle, close, suffix, nested } = self;
        let times = size.bytes / (open.len() + middle.len() + close.len()).max(1) + size.more;
        if *nested {
            let (open, close) = (open.repeat(times), close.repeat(times));
            format!("{prefix}{open}{}{close}{suffix}", middle.repeat(times))
        } else {
            let repeated = [&**open, middle, close].concat().repeat(times);
            format!("{prefix}{repeated}{suffix}")
        }
    }
}
