//! Code blocks, highlighted with CSS classes; the style sheet gives the colours.

use std::collections::HashMap;
use std::sync::LazyLock;

use syntect::html::{ClassStyle, ClassedHTMLGenerator};
use syntect::parsing::{SyntaxReference, SyntaxSet};
use syntect::util::LinesWithEndings;

use super::budget::Budget;
use super::escape::escape;
use super::work;

/// The number of bytes of a message in which code is highlighted. Code that ends after them is
/// shown plain, because highlighting is slow.
pub(super) const BYTES: usize = 64 * 1024;

/// The longest line that is highlighted, in bytes, for the same reason.
const LINE_BYTES: usize = 2_000;

/// Loaded with the first code block that names a language, because they take some megabytes.
static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// A prefix for every class, so that it cannot be one of the page's own.
const STYLE: ClassStyle = ClassStyle::SpacedPrefixed { prefix: "s-" };

/// The language in a fence's info string: its first word, if it looks like a name.
pub(super) fn language(info: &str) -> String {
    let word = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#' | '.' | '_');
    let named = word.len() <= 32 && word.chars().all(plain);
    if named { word.to_ascii_lowercase() } else { String::new() }
}

/// A cache of highlighted code, because a block that streams in is rendered with the same code
/// again and again.
#[derive(Default)]
pub(super) struct Highlighted {
    /// HTML by language and code, of the previous rendering of the text and of the current one.
    before: HashMap<(String, String), Option<String>>,
    now: HashMap<(String, String), Option<String>>,
}

impl Highlighted {
    /// Starts another rendering of the text. Code that it does not use is dropped with the next
    /// one.
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

/// A code block, highlighted or plain, with its language and buttons above it.
///
/// The block refers to the buttons' labels by id: the page around it has them in its language,
/// which the block does not know.
pub(super) fn block(
    language: &str,
    code: &str,
    highlighted: Option<&mut Highlighted>,
    budget: &Budget,
) -> String {
    let code = highlighted
        .and_then(|highlighted| highlighted.get(language, code, budget))
        .unwrap_or_else(|| escape(code));
    // An HTML parser would turn it into a line feed.
    let code = code.replace('\r', "&#13;");
    let language = escape(language);
    // The block scrolls, so it needs a `tabindex` to be reached by keyboard.
    format!(
        "<div class=\"code\" dir=\"ltr\" data-language=\"{language}\"><div class=\"code-head\">\
         <span>{language}</span>{BUTTONS}</div>\
         <pre tabindex=\"0\"><code>{code}</code></pre></div>"
    )
}

/// Buttons for a page with a script, which handles their clicks.
const BUTTONS: &str = "<button class=\"code-act\" type=\"button\" data-do=\"wrap\" \
    aria-labelledby=\"word-wrap\"></button><button class=\"code-act\" type=\"button\" \
    data-do=\"copy-code\" aria-labelledby=\"word-copy-code\"></button>";

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    if matches!(language, "" | "text" | "txt" | "plain" | "plaintext") {
        return None;
    }
    SYNTAXES.find_syntax_by_token(language)
}

/// `None` if a line is too long, or if the budget is spent, which ends the whole rendering at its
/// next step.
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
