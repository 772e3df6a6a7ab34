use proptest::prelude::*;

use super::plain::MARKDOWN_BYTES;
use super::{Budget, render, render_within};

pub(super) mod corpus;
pub(super) mod hostile;
mod instructions;
mod linear;
mod people;

/// The HTML of a text, without the directions of its blocks.
pub(super) fn html(text: &str) -> String {
    render(text, "m").concat().replace(" dir=\"auto\"", "").replace("<code dir=\"ltr\">", "<code>")
}

#[test]
fn common_markdown_is_rendered() {
    for (text, expected) in [
        ("Hello *there*", "<p>Hello <em>there</em></p>"),
        ("# A", "<h2>A</h2>"),
        ("###### A", "<h6>A</h6>"),
        ("~~a~~", "<del>a</del>"),
        ("- [x] a", "<input disabled=\"\" type=\"checkbox\" checked=\"\"/>"),
        ("|a|b|\n|-|-|\n|1|2|", "<td>1</td>"),
        ("a\\\nb", "a<br />"),
        ("> a", "<blockquote>"),
        ("3. a", "<ol start=\"3\">"),
        ("日本**語**", "日本<strong>語</strong>"),
    ] {
        assert!(html(text).contains(expected), "{text}: {}", html(text));
    }
}

#[test]
fn columns_are_aligned_without_style_attributes() {
    let html = html("> | a | b | c | d |\n> |---|:--|:-:|--:|\n> | 1 | 2 | 3 | 4 |");
    for side in ["left", "center", "right"] {
        let cell = |cell| format!("<{cell} data-align=\"{side}\">");
        assert!(html.contains(&cell("th")) && html.contains(&cell("td")), "{html}");
    }
    assert!(!html.contains("style="), "{html}");
}

#[test]
fn html_in_a_message_is_shown_as_text() {
    for text in [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<div\nonclick=x>\n\n</div>",
        "<!-- a --> <?php ?> <![CDATA[ x ]]>",
        "```\n</code></pre><script>\n```",
        "`<b>`",
        "$<script>$",
        "$$\\text{<b onload=x>}$$",
        "[^<b>]\n\n[^<b>]: x",
    ] {
        let html = html(text);
        for tag in ["<script", "<img", "<div\n", "<!--", "<?", "<b>", "<b "] {
            assert!(!html.contains(tag), "{text}: {html}");
        }
    }
}

#[test]
fn links_have_a_safe_rel_and_disallowed_links_are_text() {
    let good = html("[a](https://x.example \"t\") <https://y.example>");
    assert_eq!(good.matches("rel=\"noopener noreferrer nofollow\"").count(), 2);
    assert_eq!(good.matches("</a>").count(), 2);
    for bad in
        ["[a](javascript:alert(1))", "[a](/c/1)", "<javascript:alert(1)>", "[a]: data:x\n\n[a]"]
    {
        assert!(!html(bad).contains("<a"), "{bad}: {}", html(bad));
    }
}

#[test]
fn images_are_links() {
    let image = html("![a *b*](https://x.example/i.png)");
    assert!(
        image.contains("class=\"image\" href=\"https://x.example/i.png\"")
            && image.contains(">a b</a>")
    );
    assert!(html("![](https://x.example/i.png)").contains(">https://x.example/i.png</a>"));
    assert_eq!(html("![a](data:image/png;base64,x)"), "<p>a</p>");
    let linked = html("[![a](https://x.example/i.png)](https://x.example)");
    assert_eq!(linked.matches("<a ").count(), 1, "{linked}");
}

#[test]
fn code_is_highlighted_by_classes() {
    let rust = html("```rust\nfn main() {}\n```");
    assert!(rust.contains("data-language=\"rust\"") && rust.contains("class=\"s-"), "{rust}");
    for plain in ["```\na < b\n```", "    a < b", "```no-such-language\na < b\n```"] {
        let html = html(plain);
        assert!(html.contains("a &lt; b") && !html.contains("class=\"s-"), "{html}");
    }
    assert!(html("```toml\na = 1\n```").contains("s-"));
    assert!(html(&format!("```rust\n{}\n```", "x".repeat(3_000))).contains("<code>xxx"));
}

/// The text of `<code>` as a browser shows it: without tags, and with entities decoded.
fn text_of_code(html: &str) -> String {
    let (_, code) = html.split_once("<code>").unwrap();
    let (code, _) = code.split_once("</code>").unwrap();
    let text: String = code
        .split('<')
        .enumerate()
        .map(|(n, piece)| if n == 0 { piece } else { piece.split_once('>').unwrap().1 })
        .collect();
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#13;", "\r").replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&")
}

#[test]
fn code_is_preserved_to_the_byte() {
    for code in [
        "a <b> & \"c\" 'd' &amp;\n",
        "\n\n  x\t\n",
        "fn main() { 日本(\"é\") }\n",
        "a\u{2028}b  \n",
    ] {
        for language in ["", "rust", "html"] {
            let html = html(&format!("```{language}\n{code}```"));
            assert_eq!(text_of_code(&html), code, "{language}: {html}");
            assert!(html.contains("data-do=\"copy-code\""));
        }
    }
    assert!(!html("```\na\r\nb\r\n```").contains('\r'));
}

#[test]
fn formulas_become_mathml_and_other_dollar_signs_stay_text() {
    assert!(html("$x^2$").contains("<math"));
    assert!(html("\\[\\frac{a}{b}\\]").contains("<mfrac"));
    assert!(html("$\\nonsense x$").contains("<code class=\"latex\">$\\nonsense x$</code>"));
    assert_eq!(html("It costs $5 or $10."), "<p>It costs $5 or $10.</p>");
}

/// Formulas whose text would become markup if it were written unescaped.
#[test]
fn a_formula_puts_no_markup_into_the_page() {
    let link = "</math><a/href=https://evil.example/>x</a>";
    let form = "<form\u{c}action=/data\u{c}method=post><button\u{c}name=do>x</button></form>";
    for words in [
        "<textarea>",
        "<script>alert(1)</script>",
        "<script>",
        "<!--",
        "<b>",
        "<img/src=/favicon.svg>",
        "<img src=x onerror=alert(1)>",
        "</mo><mi>x</mi><mo>",
        "&lt;b&gt;",
        "a\" onclick=\"x",
        link,
        form,
    ] {
        for command in [
            "\\operatorname{#}",
            "\\operatorname*{#}",
            "\\operatornamewithlimits{#}",
            "\\operatorname {a #}",
            "\\operatorname{{#}}",
            "\\operatorname\\text{#}",
            "\\operatorname{\\text{#}}",
            "\\text{\\operatorname{#}}",
            "\\mathrm{\\operatorname{#}}",
            "\\pmod{\\operatorname{#}}",
            "\\operatorname%\n{#}",
            "\\operatorname{%}\n#}",
            "\\text{#}",
            "\\mathrm{#}",
            "\\mathbb{#}",
            "\\tag{#}",
            "\\begin{align}x\\tag{#}\\label{#}\\end{align}",
            "\\begin{align}x\\label{#}\\end{align}\\eqref{#}",
            "\\begin{#}x\\end{#}",
            "\\begin{array}{#}x\\end{array}",
            "\\href{#}{x}",
            "\\href{https://a.example}{#}",
            "\\url{#}",
            "\\class{#}{x}",
            "\\style{#}{x}",
            "\\color{#}x",
            "\\textcolor{#}{x}",
            "\\hspace{#}",
            "\\genfrac{#}{#}{0pt}{}{a}{b}",
            "\\newcommand{\\x}{#}\\x",
            "\\unknown{#}",
            "#",
        ] {
            let formula = command.replace('#', words);
            for text in [
                format!("${formula}$"),
                format!("a\n$$\n{formula}\n$$\nb"),
                format!("\\({formula}\\)"),
                format!("\\begin{{align*}}\n{formula}\n\\end{{align*}}"),
            ] {
                is_sound(&text).unwrap();
                let html = html(&text);
                assert!(!html.contains("<a") || !html.contains("href=\"#"), "{text}: {html}");
                assert!(!html.contains("id="), "{text}: {html}");
            }
        }
    }
    // Nothing of it is interpreted, not even elements that a formula could have.
    for words in ["</mo><mi>x</mi><mo>", "&lt;b&gt;"] {
        let shown = html(&format!("$\\operatorname{{{words}}}$"));
        assert!(shown.starts_with("<p><code class=\"latex\">"), "{words}: {shown}");
    }
    let shown = html("$\\operatorname{<textarea>}$");
    assert_eq!(shown, "<p><code class=\"latex\">$\\operatorname{&lt;textarea&gt;}$</code></p>");
}

#[test]
fn formulas_as_models_write_them_become_mathml() {
    for formula in [
        "\\operatorname{softmax}(x)_i < 1",
        "\\operatorname*{arg\\,max}_{x \\in X} f(x)",
        "\\operatorname{Var}(X) = \\mathbb{E}[X^2] - \\mathbb{E}[X]^2",
        "a < b > c \\& d",
        "\\text{if } x < 0",
        "\\text{a \"b\" \\& c's}",
        "\\begin{align} a &= b \\label{eq:1} \\\\ c &= d \\tag{2} \\end{align}",
        "\\begin{cases} 1 & \\text{\\textbf{a}} \\\\ 0 & b \\end{cases}",
        "\\begin{array}{|c|r|} \\hline a & b \\\\ c & d \\end{array}",
        "\\begin{pmatrix} a & b \\end{pmatrix}",
        "\\color{red} x \\quad \\cancel{y} \\, \\hat{z} \\; \\sum_{i=1}^n \\binom{n}{i}",
        "{}^{14}_6 C \\xrightarrow{a} \\underbrace{b}_{c} \\left( \\frac12 \\right) \\big|",
        "\\texttt{a} \\textsc{b} \\textsf{c} \\underline{d} \\overset{!}{=} \\phantom{x} \\mathcal{L}",
        "3.14 \\text{\\large a} \\hspace{-1em} \\stackrel{a}{b} \\sideset{_a^b}{_c^d}\\sum",
        "\\not= \\ne \\oiint \\vec{F}\\cdot d\\vec{s}' \\pmod{n} \\displaystyle y",
    ] {
        assert!(html(&format!("$${formula}$$")).contains("<math"), "{formula}");
    }
}

#[test]
fn footnotes_of_two_messages_have_different_ids() {
    let text = "a[^1] b[^x]\n\n[^1]: One.\n\n[^x]: Two.";
    let (one, two) = (render(text, "m1").concat(), render(text, "m2").concat());
    assert!(one.contains("href=\"#note-m1-2\"") && one.contains("id=\"note-m1-2\""), "{one}");
    assert!(!one.contains("m2") && two.contains("id=\"note-m2-1\""));
}

#[test]
fn only_the_last_block_changes_while_a_text_streams() {
    let text = "# A\n\nOne *two*.\n\n- a\n- b\n\n```rust\nfn x() {}\n```\n\nLast.";
    let whole = render(text, "m");
    assert_eq!(whole.len(), 5);
    for (end, _) in text.char_indices() {
        let part = render(&text[..end], "m");
        let settled = part.len().saturating_sub(1);
        assert_eq!(part[..settled], whole[..settled], "{:?}", &text[..end]);
    }
}

#[test]
fn very_deep_nesting_is_flattened_to_text() {
    let deep = html(&format!("{}end", "> ".repeat(10_000)));
    assert!(deep.contains("end") && deep.matches("<blockquote>").count() < 30);
    let list = html(&"- ".repeat(5_000));
    assert!(list.matches("<ul>").count() < 30);
}

#[test]
fn text_in_very_deep_nesting_is_kept() {
    let deep = |text: &str| {
        let lines = text.lines().map(|line| format!("{}{line}\n", "> ".repeat(30)));
        html(&(lines.collect::<String>() + "\n[^1]: note"))
    };
    for (text, kept) in [
        ("a <b>c</b>", "a &lt;b&gt;c&lt;/b&gt;"),
        ("<div>x</div>", "&lt;div&gt;x&lt;/div&gt;"),
        ("$x^2$ and $$y$$", "$x^2$ and $$y$$"),
        ("one\ntwo", "one two"),
        ("one  \ntwo", "one two"),
        ("one\n\ntwo", "one two"),
        ("- [x] one\n- two", "[x] one two"),
        ("|a|b|\n|-|-|\n|c|d|", "a b c d"),
        ("```\na <b>\n```\nc", "a &lt;b&gt;\n c"),
        ("a[^1]", "a<sup class=\"footnote\">"),
        ("![i *<b> $x$*](https://a.example) z", "i &lt;b&gt; $x$ z"),
    ] {
        let html = deep(text);
        assert!(html.contains(kept), "{text}: {html}");
    }
    // An image at the deepest level keeps its place.
    let quoted = html(&format!("{}a ![*b* <i> $x$\nc](https://a.example) d", "> ".repeat(22)));
    assert!(quoted.contains("a <a ") && quoted.contains(">b &lt;i&gt; $x$ c</a> d"), "{quoted}");
}

#[test]
fn text_beyond_the_length_limit_is_shown_as_written() {
    let paragraph = "Some *words* of <b>.\r\n\n";
    let written = paragraph.repeat(8_000);
    let blocks = render(&written, "m");
    let plain =
        blocks.iter().position(|block| block.starts_with("<div class=\"as-written\">")).unwrap();
    let read = plain * paragraph.len();
    assert!(read <= MARKDOWN_BYTES && read > MARKDOWN_BYTES - 100, "{read}");
    let text =
        blocks[plain..].concat().replace("<div class=\"as-written\">", "").replace("</div>", "");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#13;", "\r");
    assert_eq!(text, written[read..]);
    // A character is not cut in two, and a text that is just short enough is not cut at all.
    let letters = format!("a{}", "日".repeat(MARKDOWN_BYTES / 2));
    assert!(render(&letters, "m").concat().matches('日').count() == MARKDOWN_BYTES / 2);
    assert_eq!(render(&"a".repeat(MARKDOWN_BYTES), "m").len(), 1);
    assert_eq!(render(&"a".repeat(MARKDOWN_BYTES + 1), "m").len(), 2);
}

#[test]
fn code_beyond_the_highlighting_limit_is_not_highlighted() {
    let code = "```rust\nfn a() {}\n```\n\n";
    let many = html(&code.repeat(4_000));
    let highlighted = many.matches("class=\"s-source").count();
    assert!((2_500..3_000).contains(&highlighted), "{highlighted}");
    assert_eq!(many.matches("data-language=\"rust\"").count(), 4_000);
}

#[test]
fn a_spent_budget_renders_nothing() {
    let budget = Budget::default();
    assert!(render_within("a", "m", &budget).is_some());
    budget.untimed().cancel();
    assert_eq!(render_within("a", "m", &budget), None);
    let over = Budget::of(std::time::Duration::ZERO);
    assert_eq!(render_within("a", "m", &over), None);
    assert!(render_within("a", "m", &over.untimed()).is_some());
}

#[test]
fn a_table_with_too_many_columns_is_shown_as_text() {
    let row = |columns: usize| "|a".repeat(columns) + "|\n";
    let table = |columns: usize| row(columns) + &row(columns).replace('a', "-") + &row(columns);
    assert!(html(&table(90)).contains("<table"));
    let wide = html(&table(120));
    assert!(!wide.contains("<table") && wide.matches('a').count() >= 240, "{wide}");
    // Short rows are filled with empty cells, but with no more cells than the text has bytes.
    let filled = html(&(row(90) + &row(90).replace('a', "-") + &"b\n".repeat(400)));
    assert_eq!(filled.matches(">b</td>").count(), 400);
    assert!((1_000..1_900).contains(&filled.matches("<td></td>").count()));
}

#[test]
fn cells_stay_in_their_columns_after_the_limit_of_empty_cells() {
    let row = |columns: usize| "|a".repeat(columns) + "|\n";
    let head = row(90) + &row(90).replace('a', "-");
    let html = html(&(head + &"b\n".repeat(400) + "| | | x |\n"));
    let last = html.rsplit("<tr>").next().unwrap();
    assert!(last.starts_with("<td></td><td></td><td>x</td>"), "{last}");
}

#[test]
fn references_are_linked_until_their_addresses_reach_a_total_size() {
    let text = format!("[a]: http://{}\n\n{}", "x".repeat(5_000), "[a] ".repeat(500));
    let html = html(&text);
    assert!(html.len() < 8 * text.len() + 100_000, "{}", html.len());
    assert!(html.matches("<a ").count() >= 3 && html.matches('a').count() > 500);
    let usual = "[a] ".repeat(300) + "\n\n[a]: https://a.example/b";
    assert_eq!(self::html(&usual).matches("<a ").count(), 300);
}

/// Whether a block is one element, because a page replaces blocks by their index.
fn is_one_element(block: &str) -> bool {
    let mut depth = 0;
    for (at, _) in block.match_indices('<') {
        let tag = &block[at..];
        let name = tag[1..].split(['>', ' ', '/']).next().unwrap_or_default();
        if depth == 0 && at != 0 {
            return false;
        }
        match tag.as_bytes().get(1) {
            Some(b'/') => depth -= 1,
            _ if matches!(name, "br" | "hr" | "input" | "mspace") => {}
            _ => depth += 1,
        }
    }
    depth == 0 && block.starts_with('<') && block.ends_with('>')
}

/// The elements that a message can contain.
const ELEMENTS: &str = " a blockquote br button code del details div em h2 h3 h4 h5 h6 hr input kbd \
    li mark ol p pre span strong sub summary sup table tbody td th thead tr ul b i s u \
    math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace \
    msqrt msub msubsup msup mtable mtd mtext mtr munder munderover ";

/// Checks that tags are balanced, and that only allowed elements occur.
fn is_sound(text: &str) -> Result<(), TestCaseError> {
    for block in render(text, "m") {
        prop_assert!(is_one_element(&block), "{}: {}", text, block);
    }
    let html = html(text);
    let mut open = Vec::new();
    for piece in html.split('<').skip(1) {
        let tag = piece.split(['>', ' ', '/']).next().unwrap_or_default();
        if let Some(closed) = piece.strip_prefix('/') {
            let closed = closed.split('>').next().unwrap_or_default();
            prop_assert_eq!(open.pop(), Some(closed.to_owned()), "{}: {}", text, html);
            continue;
        }
        prop_assert!(ELEMENTS.contains(&format!(" {tag} ")), "{}: {}", text, html);
        if !matches!(tag, "br" | "hr" | "input" | "mspace" | "mprescripts") {
            open.push(tag.to_owned());
        }
        let attributes = piece.split('>').next().unwrap_or_default();
        for name in [" style=", " src=", " on"] {
            prop_assert!(!attributes.contains(name), "{}: {}", text, html);
        }
    }
    prop_assert!(open.is_empty(), "{}: {} leaves {:?}", text, html, open);
    Ok(())
}

/// The building blocks of formulas and Markdown, because random letters hardly ever form a command.
pub(super) const WORDS: [&str; 106] = [
    "\\operatorname",
    "\\operatorname*",
    "\\operatornamewithlimits",
    "\\text",
    "\\textbf",
    "\\textit",
    "\\texttt",
    "\\textsc",
    "\\mbox",
    "\\mathrm",
    "\\mathbb",
    "\\mathbf",
    "\\mathit",
    "\\href",
    "\\url",
    "\\class",
    "\\style",
    "\\color",
    "\\textcolor",
    "\\colorbox",
    "\\tag",
    "\\label",
    "\\eqref",
    "\\ref",
    "\\begin",
    "\\end",
    "{align}",
    "{array}",
    "{cc}",
    "{multline}",
    "{matrix}",
    "\\frac",
    "\\sqrt",
    "\\left",
    "\\right",
    "\\not",
    "\\lt",
    "\\gt",
    "\\&",
    "\\%",
    "\\#",
    "\\$",
    "\\\\",
    "\\hspace",
    "\\rule",
    "\\cancel",
    "\\phantom",
    "\\underset",
    "\\stackrel",
    "\\overline",
    "\\hat",
    "\\big",
    "\\genfrac",
    "\\mathop",
    "\\char",
    "\\newcommand",
    "\\def",
    "\\ensuremath",
    "{",
    "}",
    "{}",
    "[",
    "]",
    "(",
    ")",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "$",
    "$$",
    "^",
    "_",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "%",
    "#",
    "<b>",
    "</math>",
    "<script>",
    "<a href=x>",
    "&lt;",
    "&#60;",
    "red",
    "1em",
    "https://a.example",
    "javascript:x",
    " ",
    "\n",
    "x",
    "日",
    "`",
    "|",
    "<br>",
    "<sub>",
    "</sub>",
    "<kbd class=x>",
    "</kbd>",
    "\n<details>\n",
    "\n</details>\n",
    "<summary>",
    "</summary>",
    "**",
];

/// A few words, usually with formula delimiters around them.
pub(super) fn formula() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(&WORDS[..]), 0..12);
    let command = prop::sample::select(&WORDS[..40]);
    let marks = prop::sample::select(&[("$", "$"), ("$$", "$$"), ("\\(", "\\)"), ("", "")][..]);
    (command, words, words_in_braces(), marks).prop_map(|(command, words, group, (open, close))| {
        format!("{open}{command}{group}{}{close}", words.concat())
    })
}

fn words_in_braces() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::sample::select(&WORDS[..]), 0..3);
    words.prop_map(|words| format!("{{{}}}", words.concat()))
}

proptest! {
    #[test]
    fn any_text_renders_to_well_formed_html(text in "[-a\\n >*_`~\\[\\](){}<!&$\\\\|#:^/\"'x1.]{0,80}") {
        is_sound(&text)?;
    }

    #[test]
    fn any_formulas_render_to_well_formed_html(formulas in prop::collection::vec(formula(), 1..4)) {
        is_sound(&formulas.concat())?;
    }
}
