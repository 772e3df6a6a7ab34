use super::super::{render, render_up_to};
use super::*;
use proptest::prelude::*;

/// The page of an observer that receives a text in pieces. Checks after each piece that the page
/// shows the rendering of everything so far, as long as the text is short.
fn follow(pieces: &[&str]) -> Vec<String> {
    let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
    let mut page: Vec<String> = Vec::new();
    let mut apply = |patch: Option<HtmlPatch>| {
        if let Some(patch) = patch {
            assert!(patch.from <= page.len());
            patch.apply(&mut page);
        }
        page.clone()
    };
    let mut so_far = String::new();
    for piece in pieces {
        so_far.push_str(piece);
        let shown = apply(live.push(piece, &Budget::default()));
        if so_far.len() < PIECE_BYTES {
            assert_eq!(shown, up_to(&so_far), "{so_far:?}");
        }
    }
    apply(live.finish(&Budget::default()))
}

/// The rendering of a text that may continue.
fn up_to(text: &str) -> Vec<String> {
    let id = MessageId::from_parts(1, [1; 10]).to_string();
    render_up_to(text, &id, &Budget::default(), End::Open).unwrap()
}

fn whole(text: &str) -> Vec<String> {
    render(text, &MessageId::from_parts(1, [1; 10]).to_string())
}

#[test]
fn a_settled_block_is_not_sent_again() {
    let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
    let mut froms = Vec::new();
    for piece in ["One.\n\nTw", "o.\n\n```rust\nfn ", "a() {}\n", "```\n\nTh", "ree."] {
        froms.extend(live.push(piece, &Budget::default()).map(|patch| patch.from));
    }
    assert_eq!(froms, [0, 1, 2, 2, 3]);
    assert_eq!(live.finish(&Budget::default()), None);
}

#[test]
fn blocks_that_the_end_of_the_text_changes_are_sent_again() {
    let text = "See [a].\n\nMore[^1] and[^2].\n\n[^2]: x\n\n[a]: https://a.example";
    let pieces: Vec<&str> = text.split_inclusive(' ').collect();
    assert_eq!(follow(&pieces), whole(text));
}

#[test]
fn a_text_that_becomes_too_long_streams_as_it_renders_at_once() {
    let text = "Some *words* of \\(x\\).\n\n- a\n- b\n\n".repeat(6_000);
    let pieces: Vec<&str> = text.split_inclusive("b\n\n").collect();
    let pieces: Vec<String> = pieces.chunks(300).map(<[&str]>::concat).collect();
    let id = MessageId::from_parts(1, [1; 10]);
    let mut live = Live::new(id, String::new(), Vec::new());
    let mut froms: Vec<usize> = Vec::new();
    for piece in &pieces {
        froms.extend(live.push(piece, &Budget::default()).map(|patch| patch.from));
    }
    assert!(froms.len() == pieces.len() && froms.is_sorted(), "{froms:?}");
    assert_eq!(live.shown, whole(&text));
    assert_eq!(live.finish(&Budget::default()), None);
}

#[test]
fn code_beyond_the_highlighting_limit_is_plain_while_it_streams_too() {
    let code = "```rust\nfn a() {}\n```\n\n".repeat(50);
    let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
    for _ in 0..80 {
        live.push(&code, &Budget::default());
    }
    live.push("The end.", &Budget::default());
    assert_eq!(live.finish(&Budget::default()), None);
}

#[test]
fn a_long_block_is_not_sent_again_for_each_piece() {
    let told = |lines: usize| {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let mut pieces = vec!["Here:\n\n```rust\n".to_owned()];
        pieces.extend((0..lines).flat_map(|n| [format!("let a{n} = &b[{n}]"), ";\n".into()]));
        let patches = pieces.iter().filter_map(|piece| live.push(piece, &Budget::default()));
        patches.map(|patch| serde_json::to_string(&patch).unwrap().len()).sum::<usize>()
    };
    let (some, many) = (told(100), told(400));
    assert!(many < 5 * some, "{some}, then {many}");
}

#[test]
fn the_cost_of_a_frame_depends_only_on_unsettled_blocks() {
    let cost = |paragraphs: usize| {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        work::of(|| {
            for n in 0..paragraphs {
                live.push(&format!("Paragraph \\({n}\\) of a long"), &Budget::default());
                live.push(" text.\n\n", &Budget::default());
            }
        })
    };
    let (some, many) = (cost(100), cost(400));
    assert!(many < 5 * some, "{some}, then {many}");
}

/// A list that continues after its code is one block, which is rendered again for each piece.
#[test]
fn code_in_a_growing_block_is_highlighted_once() {
    let code = "  let a = 1;\n".repeat(500);
    // The cost of each piece, without that of reading and comparing the HTML.
    let costs = |language: &str| {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let begin = format!("- a\n  ```{language}\n{code}  ```\n");
        [&begin, "- b", " and c", " and d"].map(|text| {
            let cost = work::of(|| drop(live.push(text, &Budget::default())));
            let shown: usize = live.shown.iter().map(String::len).sum();
            i64::try_from(cost).unwrap() - 2 * i64::try_from(shown).unwrap()
        })
    };
    let (highlighted, plain) = (costs("rust"), costs("text"));
    let bytes = i64::try_from(code.len()).unwrap();
    assert!(highlighted[1] - plain[1] >= bytes / 2, "{highlighted:?} {plain:?}");
    for (piece, plain) in highlighted[2..].iter().zip(&plain[2..]) {
        assert!(piece - plain < bytes / 10, "{highlighted:?} {plain:?}");
    }
}

#[test]
fn a_resumed_rendering_continues_from_the_shown_blocks() {
    let id = MessageId::from_parts(1, [1; 10]);
    let mut live = Live::new(id, "One.\n\nTw".into(), whole("One.\n\nTw"));
    let patch = live.push("o.", &Budget::default()).unwrap();
    assert_eq!((patch.from, patch.append.unwrap().text.as_str()), (1, "o."));
}

/// Splits a text into frames of `bytes` bytes.
fn frames(text: &str, bytes: usize) -> Vec<&str> {
    let (mut frames, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (frame, behind) = rest.split_at(rest.ceil_char_boundary(bytes.min(rest.len())));
        frames.push(frame);
        rest = behind;
    }
    frames
}

/// Streams a block that never ends, and counts the steps of all frames together.
#[test]
fn the_cost_of_an_endless_block_grows_with_the_number_of_frames() {
    for unit in [
        "some words ",
        "- an item\n",
        "| a | b |\n|---|---|\n",
        "**a *b* ",
        "http://a.b/ ",
        "http://-)",
        "[a]: http://a.b/\n",
        "> quoted ",
        "`code` \\(x\\) ",
        "**「あ」**い",
        "```rust\nlet a = 1;\n",
    ] {
        let cost = |bytes: usize| {
            let text = unit.repeat(bytes / unit.len());
            let frames = frames(&text, 200);
            let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
            let work = work::of(|| {
                for frame in &frames {
                    live.push(frame, &Budget::default());
                }
            });
            let bound = 40 * frames.len() * (PIECE_BYTES + 200);
            assert!(work < bound, "{work} of {bound}: {unit}");
            work
        };
        let (some, many) = (cost(16 * 1024), cost(32 * 1024));
        assert!(many <= some * 5 / 2, "{some}, then {many}: {unit}");
    }
}

#[test]
fn a_long_block_is_updated_periodically_and_complete_at_the_end() {
    let text = "Some *words* of a paragraph that never ends. ".repeat(1_500);
    let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
    let (mut page, mut silent, mut longest) = (Vec::<String>::new(), 0, 0);
    let frames = frames(&text, 200);
    for frame in &frames {
        match live.push(frame, &Budget::default()) {
            Some(patch) => {
                patch.apply(&mut page);
                silent = 0;
            }
            None => silent += 1,
        }
        longest = longest.max(silent);
    }
    // A short block is rendered for each frame, a long one less often the longer it is.
    assert!((2..=text.len() / PIECE_BYTES).contains(&longest), "{longest}");
    if let Some(patch) = live.finish(&Budget::default()) {
        patch.apply(&mut page);
    }
    assert_eq!(page, whole(&text));
}

#[test]
fn a_cut_is_sent_and_later_text_continues_after_the_rest() {
    let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
    let mut page: Vec<String> = vec!["<p>What nobody here knows of.</p>".to_owned()];
    let budget = Budget::default();
    live.push("One.\n\nTwo.\n\nThree", &budget);
    live.cut(6, &budget).unwrap().apply(&mut page);
    assert_eq!((live.bytes(), &page), (6, &whole("One.\n\n")));
    live.push("So.", &budget).unwrap().apply(&mut page);
    if let Some(patch) = live.finish(&budget) {
        patch.apply(&mut page);
    }
    assert_eq!(page, whole("One.\n\nSo."));
}

#[test]
fn a_cancelled_budget_gives_no_change() {
    let budget = Budget::default();
    let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
    assert!(live.push("One.\n\nTwo.", &budget).is_some());
    budget.cancel();
    assert_eq!(live.push(" Three.", &budget), None);
    assert_eq!(live.finish(&budget), None);
}

/// Texts in which a later piece changes the meaning of an earlier one, with reports of such cases.
const CHANGING: [&str; 48] = [
    // https://github.com/cacheplane/threadplane/pull/744
    "Here:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nDone.",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "> | a | b |\n> |---|---|\n> | 1 | 2 |\n",
    "- item\n\n  | a |\n  |---|\n  | 1 |\n",
    "a\n| b |\n|---|\n| c |\n| d |\n",
    // The meaning of a line is known only at its end.
    "One\n#two\n# three",
    "One\n***two***\n***\nthree",
    "One\n```a`b\n```\ncode\n```\n",
    "One\n> two\nthree\n\nfour",
    "- a\n*b*\n* c",
    "- a\n***\n- b",
    "> a\n#b\n# c",
    "One\n<div>x</div>\n<divan>",
    "One\n1. two\n2. three",
    "One\n- two\n\n- three\n\n\nfour",
    "One\n---\nTwo\n===\nThree\n-four",
    "# A\n    code\n\n    more\n\nend",
    // Definitions change the text far above them.
    "See [a] and [b][c].\n\nMore.\n\n[a]: https://a.example\n[c]: https://c.example \"title\"\n\nEnd.",
    "[a]\n\n[a]: https://a.example\n\nx\n\n[a]: https://b.example\n\n[a]",
    "> [a]: https://a.example\n\n[a] and more\n\nx\n\ny",
    "One[^1] two[^b].\n\nThree.\n\n[^b]: B\n\n[^1]: A\n    more\n\nFour[^1].\n\nFive[^b].",
    "[^1]: early\n\nText[^1].\n\nMore[^2].\n\n[^2]: late",
    // Formulas on lines of their own.
    "$$\na\n- b\n= c\n$$\nd",
    "One\n\n\\[\n# a\n\n\\]\n\n\\[\n# b\n\\]",
    "One $$\n> a\n$$ b\n\n$$\n1. c",
    "> $$\n> a\n> $$\n\nb $x$",
    // Elements of HTML.
    "<details><summary>More</summary>\n\nHidden **text**.\n\n- a\n\n</details>\n\nEnd.",
    "<details>\n<summary>**A**</summary>\nText\n</details>\nmore",
    "- <details><summary>a</summary>\n\n  b\n- c\n\nd </details>\n\ne",
    "<details>\n    <summary>A</summary>\n    Text\n\n    code\n</details>\n\nb\n\nc",
    "a<sub>b **c</sub> d**\n\n<kbd>e",
    "# A\n    <details>\n\nx\n\ny",
    "<!-- a\n\nb -->\n\nc\n\n<pre>\n*d*\n\n</pre>\ne",
    // A file in a fence.
    "```markdown\n# A\n```bash\nls\n```\nB\n```\n\nC\n\nD",
    "> ```md\n> ```sh\n> a\nb\n\nc",
    "- ```md\n  ```sh\n  a\n\nb\n\nc $x$",
    // A construct that begins in one block cannot end in another.
    "`\n#\n~(~{`\n\n`\n=\n~b~`",
    "`\n<div>\n~a~`\n\n`\n---\n~b~`\n\n`\n***\n~c~`",
    "`\n[^1]: b\n~a~`\n\n$a\n#\nb$ ~c~",
    "`\nc\n|-|\n~a~`\n\n`\n:-:\n~a~`",
    "x `\r#\n~a~`\n\ny `\n#\r~a~`\n~b~",
    "`\n-\n~a~`\n\n`\n+\n~b~`\n\n`\n1)\n~c~`",
    "# `\n$-$(`\n\n- # `\n  ~a~`\n\n<!-- ` -->\n~b~`",
    "<!--\n`\n-->\n~a~`\n\n<?\n`\n?>\n~b~`\n\n<pre>`</pre>\n~c~`",
    // Others.
    "~~~\na\n~~~\n\n**「b」**c\n\n~1 and ~2\n\n~~d~~",
    "a\r\nb\r\n\r\n# c\rd\r\re\r\n",
    "\u{0}a\u{0}\n\n`\u{0}`\n\n```\n\u{0}\n```\n",
    "a \u{F0000} b\n\n`\u{F0000}` \u{F0001}$x$",
];

#[test]
fn blocks_that_a_later_piece_changes_are_sent_again_at_once() {
    for text in CHANGING {
        let chars: Vec<String> = text.chars().map(String::from).collect();
        for bytes in [1, 2, 3, 7] {
            let pieces: Vec<String> = chars.chunks(bytes).map(<[String]>::concat).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            assert_eq!(follow(&pieces), whole(text), "{text:?}");
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        assert_eq!(follow(&lines), whole(text), "{text:?}");
    }
}

/// Some of the texts above, joined, and cut at arbitrary positions.
fn pieces() -> impl Strategy<Value = Vec<String>> {
    let words = prop_oneof![
        2 => prop::sample::select(&CHANGING[..]).prop_map(str::to_owned),
        1 => super::super::tests::corpus::any_text(),
        1 => prop::sample::select(&super::super::tests::hostile::WORDS[..]).prop_map(str::to_owned),
    ];
    let between = prop::sample::select(&["", "\n", "\n\n", "\n\n", " ", "\n  ", "\n> "][..]);
    let text = prop::collection::vec((words, between), 1..5);
    let cuts = prop::collection::vec(1..12_usize, 1..40);
    (text, cuts).prop_map(|(words, cuts)| {
        let text: String =
            words.iter().flat_map(|(word, between)| [word.as_str(), between]).collect();
        let chars: Vec<char> = text.chars().collect();
        let (mut pieces, mut rest, mut cut) = (Vec::new(), &chars[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
            pieces.push(piece.iter().collect());
            rest = behind;
        }
        pieces
    })
}

proptest! {
    // Each case is rendered once for each of its pieces.
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_text_cut_anywhere_renders_like_the_whole_text(pieces in pieces()) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        prop_assert_eq!(follow(&pieces), whole(&pieces.concat()));
    }
}

proptest! {
    #[test]
    fn pieces_of_formulas_render_like_the_whole_text(
        pieces in prop::collection::vec(super::super::tests::formula(), 0..8),
    ) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        prop_assert_eq!(follow(&pieces), whole(&pieces.concat()));
    }

    #[test]
    fn random_pieces_render_like_the_whole_text(
        pieces in prop::collection::vec("[-a\\n >*_`~\\[\\](){}<!&$\\\\|#:^1.]{0,8}", 0..30),
    ) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        prop_assert_eq!(follow(&pieces), whole(&pieces.concat()));
    }
}
