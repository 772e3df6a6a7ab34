//! Formulas: LaTeX as MathML, which browsers show without any script.
//!
//! Formulas are a model's words like all others, and their converter is not trusted with them:
//! what it would pass through is refused before ([`operator_name`]), and what it wrote is read
//! again ([`output`]). What is no formula is shown as it was written.

use std::sync::LazyLock;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use super::escape::escape;

mod operator_name;
mod output;

/// Bytes of a formula; a longer one is shown as it was written.
const BYTES: usize = 4_000;

static CONVERTER: LazyLock<Option<LatexToMathML>> =
    LazyLock::new(|| LatexToMathML::new(MathCoreConfig::default()).ok());

/// Within a line.
pub(super) fn inline(latex: &str) -> String {
    convert(latex, MathDisplay::Inline)
        .unwrap_or_else(|| format!("<code class=\"latex\">{}</code>", escape(latex)))
}

/// On lines of its own.
pub(super) fn block(latex: &str) -> String {
    convert(latex, MathDisplay::Block)
        .unwrap_or_else(|| format!("<code class=\"latex\" data-display>{}</code>", escape(latex)))
}

/// None for what is no formula, and while one is still coming.
fn convert(latex: &str, display: MathDisplay) -> Option<String> {
    if latex.len() > BYTES || !operator_name::are_plain(latex) {
        return None;
    }
    let converted = CONVERTER.as_ref()?.convert_with_local_state(latex.trim(), display).ok()?;
    output::checked(&converted.mathml)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::formula;
    use super::*;

    proptest! {
        /// A formula that is refused for what became of it shows a fault of the converter that
        /// is not known yet. Links are refused on purpose.
        #[test]
        fn what_is_converted_is_a_formula(latex in formula()) {
            if !operator_name::are_plain(&latex) {
                return Ok(());
            }
            for display in [MathDisplay::Inline, MathDisplay::Block] {
                let converted = CONVERTER.as_ref().unwrap().convert_with_local_state(&latex, display);
                let Ok(converted) = converted else { continue };
                let checked = output::checked(&converted.mathml);
                let link = converted.mathml.contains("<mtext><a href=\"");
                prop_assert_eq!(checked.is_none(), link, "{}: {}", latex, converted.mathml);
            }
        }
    }
}
