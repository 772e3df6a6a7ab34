//! Code blocks, highlighted by classes so that a style sheet gives the colours.

use std::collections::HashMap;
use std::sync::LazyLock;

use two_face::re_exports::syntect::html::{ClassStyle, ClassedHTMLGenerator};
use two_face::re_exports::syntect::parsing::{SyntaxReference, SyntaxSet};
use two_face::re_exports::syntect::util::LinesWithEndings;

use super::budget::Budget;
use super::escape::escape;
use super::work;

/// Bytes of a message in which code is highlighted; what ends behind them is shown plain, for
/// highlighting takes a while.
pub(super) const BYTES: usize = 64 * 1024;

/// Bytes of one line that are highlighted, for the same reason.
const LINE_BYTES: usize = 2_000;

/// Loaded with the first code that names a language: it is some megabytes.
static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Of every class, so that none is one of the page's own.
const STYLE: ClassStyle = ClassStyle::SpacedPrefixed { prefix: "s-" };

/// The language that a fence names: its first word, if it looks like a name.
pub(super) fn language(info: &str) -> String {
    let word = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '.' | '_');
    let named = word.len() <= 32 && word.chars().all(plain);
    if named { word.to_ascii_lowercase() } else { String::new() }
}

/// What was highlighted: a block that is still coming holds the same code again and again.
#[derive(Default)]
pub(super) struct Highlighted {
    /// By language and code, of the text as it was rendered before, and as it is now.
    before: HashMap<(String, String), Option<String>>,
    now: HashMap<(String, String), Option<String>>,
}

impl Highlighted {
    /// A text is rendered anew. What it does not hold again is forgotten with the one after it.
    pub(super) fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    fn get(&mut self, language: &str, code: &str, budget: &Budget) -> Option<String> {
        let syntax = syntax(language)?;
        let key = (language.to_owned(), code.to_owned());
        if let Some(known) = self.now.get(&key) {
            return known.clone();
        }
        let known = self.before.remove(&key);
        self.now
            .entry(key)
            .or_insert_with(|| known.unwrap_or_else(|| highlight(syntax, code, budget)))
            .clone()
    }
}

/// The block, with its language and what can be done with it above; highlighted, or plain.
///
/// What the buttons are called stands in the page that the block comes into, in the page's
/// language: a block has none.
pub(super) fn block(
    language: &str,
    code: &str,
    highlighted: Option<&mut Highlighted>,
    budget: &Budget,
) -> String {
    let code = highlighted
        .and_then(|highlighted| highlighted.get(language, code, budget))
        .unwrap_or_else(|| escape(code));
    // A parser of HTML would make a line feed of it.
    let code = code.replace('\r', "&#13;");
    let language = escape(language);
    // A block that scrolls has to be reached by the keyboard.
    format!(
        "<div class=\"code\" dir=\"ltr\" data-language=\"{language}\"><div class=\"code-head\">\
         <span>{language}</span>{BUTTONS}</div>\
         <pre tabindex=\"0\"><code>{code}</code></pre></div>"
    )
}

/// For a page with a script, which hears of their clicks.
const BUTTONS: &str = "<button class=\"code-act\" type=\"button\" data-do=\"wrap\" \
    aria-labelledby=\"word-wrap\"></button><button class=\"code-act\" type=\"button\" \
    data-do=\"copy-code\" aria-labelledby=\"word-copy-code\"></button>";

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    if matches!(language, "" | "text" | "txt" | "plain" | "plaintext") {
        return None;
    }
    SYNTAXES.find_syntax_by_token(language)
}

/// None when a line is too long, and when the budget is spent, which ends the whole rendering at
/// its next step.
fn highlight(syntax: &SyntaxReference, code: &str, budget: &Budget) -> Option<String> {
    if code.lines().any(|line| line.len() > LINE_BYTES) {
        return None;
    }
    work::looked_at(code.len());
    let mut generator = ClassedHTMLGenerator::new_with_class_style(syntax, &SYNTAXES, STYLE);
    for line in LinesWithEndings::from(code) {
        if budget.is_spent() {
            return None;
        }
        generator.parse_html_for_line_which_includes_newline(line).ok()?;
    }
    Some(generator.finalize())
}
