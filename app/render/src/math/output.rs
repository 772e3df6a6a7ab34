//! Checks the MathML that the converter writes, before it gets into a page.
//!
//! Only a closed list of elements and attributes is allowed, everything must be balanced, and all
//! text escaped. Output that breaks these rules is not shown as a formula.

/// The deepest nesting of elements, because browsers have layout limits of their own.
const DEPTH: usize = 100;

/// The style of a line above a table cell.
const RULE: &str = "border-top: 0.05em solid currentcolor;";

/// An open element.
struct Open<'a> {
    name: &'a str,
    content: Content,
    /// The position of its start tag in the output.
    begins: usize,
    /// For a table: the position of its last row, if that row is nothing but a line.
    rule: Option<usize>,
}

/// The kind of content of an element.
#[derive(Clone, Copy, PartialEq)]
enum Content {
    Nothing,
    /// MathML elements, with white space between them.
    Elements,
    Text,
    /// Text, with HTML elements that style parts of it.
    Styled,
}

/// The kind of content of an element; `None` for an unknown name.
fn content(name: &str) -> Option<Content> {
    Some(match name {
        "math" | "menclose" | "mfrac" | "mmultiscripts" | "mover" | "mpadded" | "mphantom"
        | "mroot" | "mrow" | "msqrt" | "msub" | "msubsup" | "msup" | "mtable" | "mtd" | "mtr"
        | "munder" | "munderover" => Content::Elements,
        "mi" | "mn" | "mo" => Content::Text,
        "mtext" => Content::Styled,
        "mprescripts" | "mspace" => Content::Nothing,
        name if is_style(name) => Content::Styled,
        _ => return None,
    })
}

/// Whether the name is an HTML element that styles text.
fn is_style(name: &str) -> bool {
    matches!(name, "b" | "code" | "em" | "i" | "s" | "span" | "u")
}

fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "accent"
            | "accentunder"
            | "class"
            | "display"
            | "displaystyle"
            | "form"
            | "height"
            | "largeop"
            | "linethickness"
            | "lspace"
            | "mathvariant"
            | "maxsize"
            | "minsize"
            | "movablelimits"
            | "notation"
            | "rspace"
            | "scriptlevel"
            | "stretchy"
            | "style"
            | "symmetric"
            | "width"
    )
}

/// The formula as it may be put into a page; `None` if it contains anything that is not allowed.
pub(super) fn checked(mathml: &str) -> Option<String> {
    let mut out = String::with_capacity(mathml.len());
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut rest = mathml.trim();
    while let Some(tag) = rest.strip_prefix('<') {
        let (tag, behind) = tag.split_once('>')?;
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().filter(|closed| closed.name == name)?;
            if let Some(row) = closed.rule {
                // A row that is only a line at the table's end becomes the table's bottom border.
                out.truncate(row);
                out.insert_str(closed.begins + "<mtable".len(), " data-bottom=\"\"");
            }
            out.push_str("</");
            out.push_str(name);
            out.push('>');
            if let Some(table) = open.last_mut().filter(|_| name == "mtr") {
                table.rule = is_rule(&out[closed.begins..]).then_some(closed.begins);
            }
        } else {
            let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            let content = content(name)?;
            let fits = match open.last().map(|open| open.content) {
                None => name == "math" && out.is_empty(),
                Some(Content::Elements) => name != "math" && !is_style(name),
                Some(Content::Styled) => is_style(name),
                Some(_) => false,
            };
            if !fits || open.len() >= DEPTH || closed != (content == Content::Nothing) {
                return None;
            }
            let begins = out.len();
            out.push('<');
            out.push_str(name);
            write_attributes(attributes, &mut out)?;
            out.push_str(if closed { "/>" } else { ">" });
            if !closed {
                open.push(Open { name, content, begins, rule: None });
            }
        }
        let Some(content) = open.last().map(|open| open.content) else {
            // The formula must be the last element.
            return behind.is_empty().then_some(out);
        };
        let text = &behind[..behind.find('<')?];
        let blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        if !is_escaped(text) || (content == Content::Elements && !blank) {
            return None;
        }
        out.push_str(text);
        rest = &behind[text.len()..];
    }
    None
}

/// Whether a table row consists only of a line above it.
fn is_rule(row: &str) -> bool {
    let cells = row.strip_prefix("<mtr>").and_then(|row| row.strip_suffix("</mtr>"));
    let is_empty = |cell: &str| cell.matches('<').count() == 2 && cell.ends_with("\"></mtd>");
    cells.is_some_and(|cells| {
        let mut cells = cells.split_inclusive("</mtd>");
        cells.next().is_some_and(|cell| is_empty(cell) && cell.contains(RULE))
            && cells.all(|cell| is_empty(cell) && cell.contains(RULE))
    })
}

fn write_attributes(mut attributes: &str, out: &mut String) -> Option<()> {
    loop {
        attributes = attributes.trim_start_matches(' ');
        if attributes.is_empty() {
            return Some(());
        }
        let (name, rest) = attributes.split_once("=\"")?;
        let (value, behind) = rest.split_once('"')?;
        attributes = behind;
        // The anchor of an equation: it could collide with an id of the page.
        if name == "id" {
            continue;
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" #%()+,-.:;".contains(&byte);
        if !is_attribute(name) || !value.bytes().all(plain) {
            return None;
        }
        let own = |class: &str| class.starts_with("math-core-") || class.starts_with("menclose-");
        if name == "class" && !own(value) {
            return None;
        }
        // The page's policy allows no inline styles, so the style sheet matches `data-style`
        // instead. MathML has an attribute for colours.
        if let Some(color) = value.strip_prefix("color:#").filter(|_| name == "style") {
            let digits = color.strip_suffix(';').unwrap_or(color);
            let known = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            out.push_str(&format!(" mathcolor=\"#{}\"", known.then_some(digits)?));
            continue;
        }
        out.push_str(if name == "style" { " data-" } else { " " });
        out.push_str(name);
        out.push_str("=\"");
        out.push_str(value);
        out.push('"');
    }
}

fn is_escaped(text: &str) -> bool {
    let entities = ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"];
    !text.contains('>')
        && text
            .match_indices('&')
            .all(|(at, _)| entities.iter().any(|entity| text[at..].starts_with(entity)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_formula_is_unchanged() {
        for formula in [
            "<math><mi>x</mi></math>",
            "<math display=\"block\">\n <mfrac linethickness=\"0\"><mi>a</mi><mn>1</mn></mfrac></math>",
            "<math><mspace width=\"1em\"/><mo stretchy=\"false\">&lt;</mo></math>",
            "<math><mtext><b><i>a &amp; b</i></b></mtext></math>",
        ] {
            assert_eq!(checked(formula).as_deref(), Some(formula));
        }
    }

    #[test]
    fn an_hline_below_the_last_row_becomes_an_attribute() {
        let cell = format!("<mtd style=\"{RULE}\"></mtd>");
        let table = |last: &str| {
            checked(&format!(
                "<math><mtable><mtr><mtd></mtd></mtr><mtr>{last}</mtr></mtable></math>"
            ))
        };
        let expected = "<math><mtable data-bottom=\"\"><mtr><mtd></mtd></mtr></mtable></math>";
        assert_eq!(table(&cell.repeat(2)).as_deref(), Some(expected));
        for other in
            [format!("{cell}<mtd></mtd>"), cell.replace("></", "><mi>x</mi></"), String::new()]
        {
            assert!(!table(&other).unwrap().contains("data-bottom"), "{other}");
        }
    }

    #[test]
    fn styles_are_renamed_and_ids_are_removed() {
        let formula = "<math><mtd style=\"width: 50%;\" id=\"composer\"></mtd></math>";
        let expected = "<math><mtd data-style=\"width: 50%;\"></mtd></math>";
        assert_eq!(checked(formula).as_deref(), Some(expected));
    }

    #[test]
    fn anything_but_the_allowed_markup_is_refused() {
        for other in [
            "",
            "x",
            "<mi>x</mi>",
            "<math>",
            "<math><mi>x</math></mi>",
            "<math></math><math></math>",
            "<math></math>x",
            "<math><math></math></math>",
            "<math>x</math>",
            "<math><mrow>x</mrow></math>",
            "<math><mo><b>x</b></mo></math>",
            "<math><mo></math><a/href=https://evil.example/>x</a></mo></math>",
            "<math><mo><textarea></mo></math>",
            "<math><mo><!-- --></mo></math>",
            "<math><mo><mi>x</mi></mo></math>",
            "<math><b>x</b></math>",
            "<math><mtext><a href=\"https://a.example\">x</a></mtext></math>",
            "<math><mtext><mi>x</mi></mtext></math>",
            "<math><annotation-xml encoding=\"text/html\"></annotation-xml></math>",
            "<math><mi/></math>",
            "<math><mspace></mspace></math>",
            "<math><mi onclick=\"x\">x</mi></math>",
            "<math><mi href=\"x\">x</mi></math>",
            "<math><mi class=\"composer\">x</mi></math>",
            "<math><mi display=x>x</mi></math>",
            "<math><mi display>x</mi></math>",
            "<math><mi display=\"x\"onclick=\"x\">x</mi></math>",
            "<math><mi display=\"<\">x</mi></math>",
            "<math><mi display=\"a'&quot;\">x</mi></math>",
            "<math><mi\tdisplay=\"x\">x</mi></math>",
            "<math><MI>x</MI></math>",
            "<math><mi>a > b</mi></math>",
            "<math><mi>a & b</mi></math>",
            "<math><mi>&nbsp;</mi></math>",
            "<math><mi>&#60;</mi></math>",
        ] {
            assert_eq!(checked(other), None, "{other}");
        }
    }
}
