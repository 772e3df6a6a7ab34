//! Formulas: LaTeX as MathML, which browsers show without any script.

use std::sync::LazyLock;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use super::escape::escape;

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
    if latex.len() > BYTES {
        return None;
    }
    let converted = CONVERTER.as_ref()?.convert_with_local_state(latex.trim(), display).ok()?;
    // A page allows no styles but those of its style sheet, which goes by this name.
    Some(converted.mathml.replace(" style=\"", " data-style=\""))
}
