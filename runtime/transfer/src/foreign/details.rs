//! `<details type="…">` blocks, which Open WebUI uses for reasoning and tool calls (its
//! `backend/open_webui/utils/middleware.py`).

const OPENING: &str = "<details ";
const CLOSING: &str = "</details>";
const SUMMARY_END: &str = "</summary>";

/// Removes such blocks from `text` and moves their reasoning to `reasoning`, unless that has some
/// already. Returns the number of tool blocks.
pub(super) fn take(text: &mut String, reasoning: &mut String) -> u64 {
    if !text.contains(OPENING) {
        return 0;
    }
    let known = !reasoning.is_empty();
    let (mut words, mut rest, mut tools) = (String::with_capacity(text.len()), text.as_str(), 0);
    while let Some(at) = rest.find(OPENING) {
        let (before, block) = rest.split_at(at);
        // A tag in the middle of a line is part of a text about such blocks.
        let begins = before.is_empty() || before.ends_with('\n');
        let Some((kind, inside)) = opening(block).filter(|_| begins) else {
            words.push_str(before);
            words.push_str(OPENING);
            rest = &block[OPENING.len()..];
            continue;
        };
        words.push_str(before);
        let (inside, behind) = match inside.find(CLOSING) {
            Some(end) => (&inside[..end], &inside[end + CLOSING.len()..]),
            None => (inside, ""),
        };
        match kind {
            Block::Thinking if !known => {
                let thought = thought(inside);
                if !reasoning.is_empty() && !thought.is_empty() {
                    reasoning.push_str("\n\n");
                }
                reasoning.push_str(&thought);
            }
            Block::Thinking => {}
            Block::Tools => tools += 1,
        }
        rest = behind.trim_start_matches(['\n', '\r']);
    }
    words.push_str(rest);
    *text = words;
    tools
}

enum Block {
    Thinking,
    Tools,
}

/// The kind of a block, and the text after its opening tag.
fn opening(block: &str) -> Option<(Block, &str)> {
    let end = block.find('>')?;
    let (tag, inside) = (&block[..end], &block[end + 1..]);
    let kind = tag.split_once("type=")?.1.trim_start_matches(['"', '\'']);
    let kind = match kind.split(['"', '\'', ' ']).next()? {
        "reasoning" => Block::Thinking,
        "tool_calls" | "code_interpreter" | "code_execution" => Block::Tools,
        _ => return None,
    };
    Some((kind, inside))
}

/// The reasoning in a block, without its summary and its quotation marks (`>`).
fn thought(inside: &str) -> String {
    let inside = inside.find(SUMMARY_END).map_or(inside, |at| &inside[at + SUMMARY_END.len()..]);
    let inside = unescaped(inside);
    let lines = inside
        .trim()
        .lines()
        .map(|line| line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The text with HTML's character references replaced.
fn unescaped(text: &str) -> String {
    const ESCAPES: [(&str, char); 7] = [
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&#x27;", '\''),
        ("&nbsp;", '\u{a0}'),
        ("&amp;", '&'),
    ];
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let found = ESCAPES.iter().find(|(escape, _)| rest[at..].starts_with(escape));
        let (letter, length) = found.map_or(('&', 1), |(escape, letter)| (*letter, escape.len()));
        out.push(letter);
        rest = &rest[at + length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_and_tool_blocks_are_removed_from_the_text() {
        let block = "<details type=\"reasoning\" done=\"true\" duration=\"5\">\n<summary>Thought for 5 \
                     seconds</summary>\n&gt; One &amp; two.\n&gt;\n&gt; Three &lt;b&gt;.\n</details>\n";
        let tool = "<details type=\"tool_calls\"><summary>Done</summary>x</details>\n";
        for (text, before, words, thinking, tools) in [
            (format!("{block}Yes."), "", "Yes.", "One & two.\n\nThree <b>.", 0),
            (format!("{block}{tool}Yes."), "", "Yes.", "One & two.\n\nThree <b>.", 1),
            (
                format!("A.\n{block}B.\n{block}"),
                "",
                "A.\nB.\n",
                "One & two.\n\nThree <b>.\n\nOne & two.\n\nThree <b>.",
                0,
            ),
            (format!("{block}Yes."), "known", "Yes.", "known", 0),
            ("<details type=\"reasoning\">cut".to_owned(), "", "", "cut", 0),
            (format!("Write {tool}"), "", &*format!("Write {tool}"), "", 0),
            ("<details open>\nx</details>".to_owned(), "", "<details open>\nx</details>", "", 0),
        ] {
            let (mut found, mut reasoning) = (text.clone(), before.to_owned());
            assert_eq!(take(&mut found, &mut reasoning), tools, "{text}");
            assert_eq!((found.as_str(), reasoning.as_str()), (words, thinking), "{text}");
        }
    }
}
