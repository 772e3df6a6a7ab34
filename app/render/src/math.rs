//! Formulas: LaTeX as MathML, which browsers show without any script.
//!
//! Formulas are a model's words like all others, and their converter is not trusted with them:
//! what it would pass through is refused before ([`operator_name`]), and what it wrote is read
//! again ([`output`]). What is no formula is shown as it was written.

use std::panic::catch_unwind;
use std::sync::LazyLock;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use super::escape::escape;

mod deep;
mod operator_name;
mod output;

/// Bytes of a formula; a longer one is shown as it was written.
const BYTES: usize = 4_000;

/// Bytes of a formula that any thread has the stack for. The converter calls itself for all that
/// is within something else, and a formula can be nothing but that.
const SHORT_BYTES: usize = 64;

/// Commands that models write and the converter does not know, by those that it does.
const MACROS: [(&str, &str); 2] = [
    ("boxed", r"\begin{array}{|c|}\hline{\displaystyle #1}\\\hline\end{array}"),
    ("textcolor", r"{\color{#1}#2}"),
];

static CONVERTER: LazyLock<Option<LatexToMathML>> = LazyLock::new(|| {
    let macros = MACROS.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
    let config = MathCoreConfig { macros: macros.to_vec(), ..MathCoreConfig::default() };
    LatexToMathML::new(config).ok()
});

/// A formula within a line; as it was written, if it cannot be set.
pub(super) fn inline(latex: &str, written: &str) -> String {
    convert(latex, MathDisplay::Inline)
        .unwrap_or_else(|| format!("<code class=\"latex\">{}</code>", escape(written)))
}

/// The same on lines of its own.
pub(super) fn block(latex: &str, written: &str) -> String {
    convert(latex, MathDisplay::Block)
        .unwrap_or_else(|| format!("<code class=\"latex\" data-display>{}</code>", escape(written)))
}

/// None for what is no formula, and while one is still coming.
fn convert(latex: &str, display: MathDisplay) -> Option<String> {
    if latex.len() > BYTES || !operator_name::are_plain(latex) {
        return None;
    }
    let latex = latex.trim();
    let mathml = if latex.len() <= SHORT_BYTES {
        catch_unwind(|| mathml(latex, display)).ok()?
    } else {
        deep::convert(latex, display)
    };
    output::checked(&mathml?)
}

fn mathml(latex: &str, display: MathDisplay) -> Option<String> {
    let converter = CONVERTER.as_ref()?;
    let converted = converter.convert_with_local_state(latex, display).or_else(|error| {
        // A number has its place in an equation, which a formula on lines of its own is.
        if display == MathDisplay::Block && latex.contains("\\tag") {
            let equation = format!("\\begin{{equation*}}{latex}\\end{{equation*}}");
            converter.convert_with_local_state(&equation, display)
        } else {
            Err(error)
        }
    });
    Some(converted.ok()?.mathml)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::formula;
    use super::*;

    /// Each of these would take all of an ordinary thread's stack, and the process with it.
    #[test]
    fn a_formula_can_be_nothing_but_depth() {
        for (open, close, shown) in [
            ("{", "}", "<math"),
            ("x^{", "}", "<code"),
            ("\\left(", "\\right)", "<code"),
            ("\\sqrt ", "", "<code"),
            ("\\frac1", "", "<code"),
        ] {
            let unit = open.len() + close.len();
            let latex = |bytes: usize| {
                format!("{}x{}", open.repeat(bytes / unit), close.repeat(bytes / unit))
            };
            assert!(block(&latex(BYTES - 1), "").starts_with(shown), "{open}");
            assert!(block(&latex(SHORT_BYTES - 1), "").starts_with('<'), "{open}");
            // A longer one is not even read.
            let written = latex(100_000 * unit);
            assert!(block(&written, "").starts_with("<code"), "{open}");
        }
        let begin = "\\begin{matrix}".repeat(100) + "x" + &"\\end{matrix}".repeat(100);
        assert!(block(&begin, "").starts_with('<'));
    }

    #[test]
    fn what_models_write_is_set() {
        for (latex, has) in [
            ("\\boxed{42}", "<mn>42</mn>"),
            ("\\boxed{\\frac{a}{b}}", "<mfrac>"),
            ("x+y=1 \\tag{1}", "<mtext>(1)</mtext>"),
            ("\\begin{aligned} a &= b \\\\ c &= d \\end{aligned} \\tag{2a}", "<mtext>(2a)</mtext>"),
            ("\\textcolor{blue}{y}", "<mrow mathcolor=\"#0000FF\"><mi>y</mi></mrow>"),
        ] {
            let html = block(latex, "");
            assert!(html.starts_with("<math") && html.contains(has), "{latex}: {html}");
        }
        // One line below the box and none besides.
        let boxed = inline("\\boxed{42}", "");
        assert_eq!(boxed.matches("<mtr>").count(), 1, "{boxed}");
        assert!(boxed.contains("<mtable data-bottom=\"\""), "{boxed}");
        // What cannot be set is shown whole.
        for latex in [
            "\\ce{2H2 + O2 -> 2H2O}",
            "x \\tag{1} \\unknown",
            "\\boxed{",
            "\\textcolor{#12ab9f}{y}",
        ] {
            let written = format!("${latex}$");
            let shown = format!("<code class=\"latex\">{}</code>", escape(&written));
            assert_eq!(inline(latex, &written), shown);
        }
    }

    proptest! {
        /// A formula that is refused for what became of it shows a fault of the converter that
        /// is not known yet. Links are refused on purpose.
        #[test]
        fn what_is_converted_is_a_formula(latex in formula()) {
            if !operator_name::are_plain(&latex) {
                return Ok(());
            }
            for display in [MathDisplay::Inline, MathDisplay::Block] {
                let Some(converted) = mathml(&latex, display) else { continue };
                let link = converted.contains("<mtext><a href=\"");
                let refused = output::checked(&converted).is_none();
                prop_assert_eq!(refused, link, "{}: {}", latex, converted);
            }
        }
    }
}
