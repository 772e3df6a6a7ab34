//! Which dollar signs are formulas: texts with what is right, written down before the rule was
//! ([`DOLLARS`] and [`FORMULAS`] say how). Every third text was held out while the rule was worked
//! on, so what is known of those is what the rule is worth for texts that nobody thought of.

use proptest::prelude::*;

use super::super::{math, render};

/// Texts without a formula.
const DOLLARS: &str = include_str!("corpus/dollars.txt");

/// Texts with formulas, and those.
const FORMULAS: &str = include_str!("corpus/formulas.txt");

/// The cases of a file, each with whether it is held out.
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

/// What stands around a formula, which is shown where the formula cannot be set.
const SIGNS: [(&str, &str); 6] =
    [("", ""), ("$", "$"), ("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"), ("$$\n", "\n$$")];

/// Whether the formulas of a case are those of its text, in their order, and all of them.
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

/// The cases that are not read rightly, of those that are held out or of the others.
fn wrong(file: &str, held_out: bool, is_right: fn(&str) -> bool) -> (Vec<String>, usize) {
    let cases: Vec<String> =
        cases(file).filter(|(_, out)| *out == held_out).map(|(case, _)| case).collect();
    let count = cases.len();
    (cases.into_iter().filter(|case| !is_right(case)).collect(), count)
}

#[test]
fn dollars_are_money_and_formulas_are_formulas() {
    for (file, is_right) in [(DOLLARS, is_money as fn(&str) -> bool), (FORMULAS, has_its_formulas)]
    {
        let (wrong, count) = wrong(file, false, is_right);
        assert!(count >= 40);
        assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
    }
}

#[test]
fn so_they_are_in_the_texts_that_were_held_out() {
    for (file, is_right) in [(DOLLARS, is_money as fn(&str) -> bool), (FORMULAS, has_its_formulas)]
    {
        let (wrong, count) = wrong(file, true, is_right);
        assert!(count >= 20);
        assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
    }
}
