//! Checks which dollar signs begin formulas, with texts whose right reading was written down before
//! the rule was ([`DOLLARS`] and [`FORMULAS`] explain how). Every third text was held out while the
//! rule was developed, so its results show how good the rule is for unforeseen texts.

use proptest::prelude::*;

use super::super::{math, render};

/// Texts without formulas.
const DOLLARS: &str = include_str!("corpus/dollars.txt");

/// Texts with formulas, followed by those formulas.
const FORMULAS: &str = include_str!("corpus/formulas.txt");

/// The cases of a file, each with whether it was held out.
fn cases(file: &str) -> impl Iterator<Item = (String, bool)> {
    let lines = file.lines().filter(|line| !line.starts_with("# ") && *line != "#");
    lines.enumerate().map(|(n, line)| (line.replace('⏎', "\n"), n % 3 == 2))
}

/// Any of the texts.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let dollars = cases(DOLLARS).map(|(text, _)| text);
    let formulas = cases(FORMULAS).map(|(case, _)| case.split(" ⇒ ").next().unwrap().to_owned());
    prop::sample::select(dollars.chain(formulas).collect::<Vec<_>>())
}

fn has_formula(html: &str) -> bool {
    html.contains("<math") || html.contains("class=\"latex\"")
}

fn is_money(text: &str) -> bool {
    let html = render(text, "m").concat();
    !has_formula(&html) && html.matches('$').count() == text.matches('$').count()
}

/// Delimiters of a formula, which are shown with it if it cannot be converted.
const SIGNS: [(&str, &str); 6] =
    [("", ""), ("$", "$"), ("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"), ("$$\n", "\n$$")];

/// Whether a text contains exactly the formulas of its case, in order.
fn has_its_formulas(case: &str) -> bool {
    let mut parts = case.split(" ⇒ ");
    let html = render(parts.next().unwrap(), "m").concat();
    let mut rest = &*html;
    for latex in parts {
        let found = SIGNS.iter().find_map(|(open, close)| {
            let formula = match latex.strip_prefix('!') {
                Some(latex) => math::block(latex, &format!("{open}{latex}{close}")),
                None => math::inline(latex, &format!("{open}{latex}{close}")),
            };
            rest.split_once(&formula)
        });
        let Some((before, behind)) = found else { return false };
        if has_formula(before) {
            return false;
        }
        rest = behind;
    }
    !has_formula(rest)
}

/// The failing cases, of either those held out or the others, and how many there are in total.
fn wrong(file: &str, held_out: bool, is_right: fn(&str) -> bool) -> (Vec<String>, usize) {
    let cases: Vec<String> =
        cases(file).filter(|(_, out)| *out == held_out).map(|(case, _)| case).collect();
    let count = cases.len();
    (cases.into_iter().filter(|case| !is_right(case)).collect(), count)
}

#[test]
fn dollar_signs_are_read_correctly_in_the_development_texts() {
    for (file, is_right) in [(DOLLARS, is_money as fn(&str) -> bool), (FORMULAS, has_its_formulas)]
    {
        let (wrong, count) = wrong(file, false, is_right);
        assert!(count >= 40);
        assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
    }
}

#[test]
fn dollar_signs_are_read_correctly_in_the_held_out_texts() {
    for (file, is_right) in [(DOLLARS, is_money as fn(&str) -> bool), (FORMULAS, has_its_formulas)]
    {
        let (wrong, count) = wrong(file, true, is_right);
        assert!(count >= 20);
        assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
    }
}
