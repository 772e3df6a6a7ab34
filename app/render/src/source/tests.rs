use super::*;

fn source(text: &str) -> Source<'_> {
    read(text, State::default())
}

/// The text for the parser, with a letter in place of each placeholder.
fn seen(text: &str) -> String {
    let source = source(text);
    let sign = |c| match source.placeholders.get(c) {
        Some((_, Meaning::Formula { display: true, .. })) => 'F',
        Some((_, Meaning::Formula { .. })) => 'f',
        Some((_, Meaning::Inline(_))) => 't',
        Some((_, Meaning::Block(_))) => 'T',
        Some((_, Meaning::Address)) => 'A',
        Some((_, Meaning::Words)) => 'w',
        Some((_, Meaning::Joint)) => '+',
        None => c,
    };
    source.text.chars().map(sign).collect()
}

#[test]
fn formulas_are_replaced_by_placeholders() {
    for (text, expected) in [
        (r"so \( x^2 \) is", "so f is"),
        ("\\[\n a\n b\n\\]\nand", "F\nand"),
        (r"`\(x\)` and \(y\)", r"`\(x\)` and f"),
        (r"``a`\(x\)`` \(y\)", r"``a`\(x\)`` f"),
        ("```\n\\(x\\)\n```\n\\(y\\)", "```\n\\(x\\)\n```\nf"),
        ("~~~\n\\(x\\)\n", "~~~\n\\(x\\)\n"),
        ("> ```\n> $x$\ny $x$", "> ```\n> $x$\ny f"),
        ("- ```\n  $x$\n\ny $x$", "- ```\n  $x$\n\ny f"),
        (r"never \( ends", r"never \( ends"),
        (r"a \\(b\\) c", r"a \\(b\\) c"),
        (r"\(\)", r"\(\)"),
        ("\\(a\n\nb\\)", "\\(a\n\nb\\)"),
        (r"\日\(x\)", r"\日f"),
        ("\\", "\\"),
        ("a `b\n- c` $x$", "a `b\n- c` f"),
        ("$a\n- b$", "$a\n- b$"),
        ("|a `|` $x$|\n|-|-|\n|`b|c` $y$|", "|a `|` f|\n|-|-|\n|`b|c` f|"),
        ("x<br>y<b>z</b>", "xty<b>z</b>"),
        ("<b>\n<http://a>\n<pre>", "wb>\n<http://a>\n<pre>"),
        ("これは**「あ」**と", "これは**+「あ」+**と"),
        ("see http://a.b/~c, ~1", "see A, w1"),
        ("a\n<details><summary>b</summary>c</details>d", "a\n\nT\n\nTbT\n\nc\n\nT\n\nd"),
        ("```md\n```sh\na\n```\n```\nb", "````md\n```sh\na\n```\n````\nb"),
    ] {
        assert_eq!(seen(text), expected, "{text}");
    }
}

#[test]
fn positions_are_mapped_back_to_the_written_text() {
    let text = "a\n\n\\(  x \\) b\n\n`c` \\[y\\]\n\nd\n<details>e\n\nf</details>\n```\n\\(\n```\ng";
    let source = source(text);
    let seen = source.text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic());
    let letters: Vec<char> = seen
        .map(|(at, c)| (text[source.written(at)..].starts_with(c), c))
        .map(|(same, c)| {
            assert!(same, "{c}");
            c
        })
        .collect();
    assert_eq!(letters.iter().collect::<String>(), "abcdefg");
}

#[test]
fn an_unclosed_formula_at_the_end_is_reported() {
    for (text, open) in [
        ("a\n\n$$\nb", Some(3)),
        ("a\n\\[ b\n- c\n  ", Some(2)),
        ("a\n\n$$\nb\n\nc", None),
        ("$$a$$", None),
        ("```\n$$\n```\n", None),
    ] {
        assert_eq!(source(text).open, open, "{text}");
    }
}

#[test]
fn the_number_of_steps_is_linear_in_the_text() {
    let ticks = |count: usize| (1..count).map(|n| "`".repeat(n) + "a").collect::<String>();
    let cost = |text: &str| {
        let looked = work::of(|| drop(source(text)));
        assert!(looked <= 12 * text.len(), "{looked} of {}: {:.20}", text.len(), text);
    };
    for text in [
        |n: usize| "\\(a ".repeat(n),
        |n| "\\(a$ ".repeat(n) + "\\)",
        |n| "\\[a \\(b$ ".repeat(n) + "\\) \\]",
        |n| "\\( ".repeat(n) + &" ".repeat(n) + "\\)",
        |n| "\\(a\\)".repeat(n),
        |n| "$a".repeat(n),
        |n| "$$a ".repeat(n),
        |n| "$a `".repeat(n),
        |n| "`a ``b ".repeat(n),
        |n| "\\(a `\n".repeat(n),
        |n| "\\(a\n\n".repeat(n),
        |n| "|a `b `c".repeat(n) + "\n|-|\n" + &"|a `b `c".repeat(n),
        |n| "<a".repeat(n),
        |n| "<details ".repeat(n),
        |n| "```md\n> ".repeat(n),
        |n| "**「a」**x".repeat(n),
        |n| "http://a(".repeat(n),
        |n| "http://-".repeat(n / 4) + &")".repeat(n),
        |n| "http://-".repeat(n),
        |n| "http://a.b/ ".repeat(n),
    ] {
        cost(&text(2_000));
    }
    cost(&(ticks(200) + "\\("));
}
