//! The style of a file that opens from a disk: the parts of the site's style sheet that a document
//! needs, as they are in `style/`.
//!
//! They are written in what Sass and browsers have in common, nested rules included; only Sass has
//! comments to the end of a line, so those are left out here.

use std::sync::LazyLock;

const PARTS: [&str; 6] = [
    include_str!("../../../style/_layers.scss"),
    include_str!("../../../style/_reset.scss"),
    include_str!("../../../style/_tokens.scss"),
    include_str!("../../../style/_base.scss"),
    include_str!("../../../style/_prose.scss"),
    include_str!("../../../style/_excerpt.scss"),
];

/// The style sheet.
pub(super) static STYLE: LazyLock<String> = LazyLock::new(|| {
    let lines = PARTS.iter().flat_map(|part| part.lines()).map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold(String::new(), |style, line| style + line + "\n")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_plain_css_and_loads_nothing() {
        let style = STYLE.as_str();
        // Where Sass has more than CSS: comments, variables, mixins, modules.
        for sass in ["//", "$", "@use", "@include", "@mixin", "@extend", "#{"] {
            let found = style.lines().find(|line| line.contains(sass) && !line.contains("data:"));
            assert_eq!(found, None, "{sass}");
        }
        assert!(!style.contains("@import") && !style.contains("</"));
        assert!(style.matches("url(").count() == style.matches("url(\"data:").count());
        assert_eq!(style.matches('{').count(), style.matches('}').count());
    }
}
