use proptest::prelude::*;

use super::render;

fn html(text: &str) -> String {
    render(text, "m").concat()
}

#[test]
fn the_usual_things_are_there() {
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
fn html_is_shown_and_never_means_anything() {
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
fn links_open_elsewhere_and_bad_ones_are_text() {
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

/// What a browser makes of the text within `<code>`: tags are nothing, entities are letters.
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
fn code_is_kept_to_the_byte() {
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
fn formulas_are_mathml_and_what_is_none_stays() {
    assert!(html("$x^2$").contains("<math"));
    assert!(html("\\[\\frac{a}{b}\\]").contains("<mfrac"));
    assert!(html("$\\nonsense x$").contains("<code class=\"latex\">\\nonsense x</code>"));
    assert_eq!(html("It costs $5 or $10."), "<p>It costs $5 or $10.</p>");
}

#[test]
fn footnotes_of_two_messages_do_not_meet() {
    let text = "a[^1] b[^x]\n\n[^1]: One.\n\n[^x]: Two.";
    let (one, two) = (render(text, "m1").concat(), render(text, "m2").concat());
    assert!(one.contains("href=\"#note-m1-2\"") && one.contains("id=\"note-m1-2\""), "{one}");
    assert!(!one.contains("m2") && two.contains("id=\"note-m2-1\""));
}

#[test]
fn only_the_last_block_changes_while_a_text_comes() {
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
fn what_lies_very_deep_is_text() {
    let deep = html(&format!("{}end", "> ".repeat(10_000)));
    assert!(deep.contains("end") && deep.matches("<blockquote>").count() < 30);
    let list = html(&"- ".repeat(5_000));
    assert!(list.matches("<ul>").count() < 30);
}

/// A page replaces blocks by their number, so each has to be one element.
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

proptest! {
    /// Whatever the text: tags are balanced, and there are none but those that are meant.
    #[test]
    fn any_text_is_sound_html(text in "[-a\\n >*_`~\\[\\](){}<!&$\\\\|#:^/\"'x1.]{0,80}") {
        for block in render(&text, "m") {
            prop_assert!(is_one_element(&block), "{}: {}", text, block);
        }
        let html = html(&text);
        let mut open = Vec::new();
        for piece in html.split('<').skip(1) {
            let tag = piece.split(['>', ' ', '/']).next().unwrap_or_default();
            if let Some(closed) = piece.strip_prefix('/') {
                let closed = closed.split('>').next().unwrap_or_default();
                prop_assert_eq!(open.pop(), Some(closed.to_owned()), "{}: {}", text, html);
            } else if !matches!(tag, "br" | "hr" | "input") && !piece.starts_with("mspace") {
                open.push(tag.to_owned());
            }
        }
        prop_assert!(open.is_empty(), "{}: {} leaves {:?}", text, html, open);
    }
}
