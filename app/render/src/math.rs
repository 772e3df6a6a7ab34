//! Formulas: converts LaTeX to MathML, which browsers show without a script.
//!
//! Formulas are a model's untrusted output, and their converter is not trusted to escape them:
//! input that it would pass through is refused ([`operator_name`]), and its output is checked
//! ([`output`]). Anything that is not a valid formula is shown as it was written.

use std::panic::catch_unwind;
use std::sync::LazyLock;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use super::escape::escape;

mod deep;
mod operator_name;
mod output;

/// The longest formula in bytes; a longer one is shown as it was written.
const BYTES: usize = 4_000;

/// The longest formula, in bytes, for which every thread has enough stack. The converter recurses
/// for each nested construct, and a formula can consist of nothing but nesting.
const SHORT_BYTES: usize = 64;

/// Commands that models write and the converter does not know, defined by ones that it knows.
const MACROS: [(&str, &str); 2] = [
    ("boxed", r"\begin{array}{|c|}\hline{\displaystyle #1}\\\hline\end{array}"),
    ("textcolor", r"{\color{#1}#2}"),
];

static CONVERTER: LazyLock<Option<LatexToMathML>> = LazyLock::new(|| {
    let macros = MACROS.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
    let config = MathCoreConfig { macros: macros.to_vec(), ..MathCoreConfig::default() };
    LatexToMathML::new(config).ok()
});

/// A formula within a line, shown as it was written if it cannot be converted.
pub(super) fn inline(latex: &str, written: &str) -> String {
    convert(latex, MathDisplay::Inline)
        .unwrap_or_else(|| format!("<code class=\"latex\">{}</code>", escape(written)))
}

/// A formula on lines of its own, shown as it was written if it cannot be converted.
pub(super) fn block(latex: &str, written: &str) -> String {
    convert(latex, MathDisplay::Block)
        .unwrap_or_else(|| format!("<code class=\"latex\" data-display>{}</code>", escape(written)))
}

/// `None` for an invalid formula, such as one that has not fully arrived.
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
        // An equation number is only allowed in an equation, and a display formula is one.
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

    /// Each of these would overflow an ordinary thread's stack, which aborts the process.
    #[test]
    fn deeply_nested_formulas_do_not_overflow_the_stack() {
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
            // A longer formula is not even read.
            let written = latex(100_000 * unit);
            assert!(block(&written, "").starts_with("<code"), "{open}");
        }
        let begin = "\\begin{matrix}".repeat(100) + "x" + &"\\end{matrix}".repeat(100);
        assert!(block(&begin, "").starts_with('<'));
    }

    #[test]
    fn commands_that_models_use_are_converted() {
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
        // A line below the box, and no other.
        let boxed = inline("\\boxed{42}", "");
        assert_eq!(boxed.matches("<mtr>").count(), 1, "{boxed}");
        assert!(boxed.contains("<mtable data-bottom=\"\""), "{boxed}");
        // A formula that cannot be converted is shown whole.
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
        /// If the check of the output refuses a formula, the converter has an unknown fault. Links
        /// are refused on purpose.
        #[test]
        fn the_output_check_refuses_only_links(latex in formula()) {
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
