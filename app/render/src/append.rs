//! Detects that a block only grew at its end, so that a long block is not sent again for each
//! piece.

use protocol::HtmlAppend;

/// The text whose insertion at the end of `old` gives `new`; `None` if they differ otherwise.
pub fn between(old: &str, new: &str) -> Option<HtmlAppend> {
    let same = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let (end, rest) = (old.get(same..)?, new.get(same..)?);
    let text = rest.strip_suffix(end)?;
    let fits = is_end_tags(end) && !text.is_empty() && !text.contains('<');
    fits.then(|| HtmlAppend { text: text.to_owned(), before: end.len() })
}

/// Whether a piece of HTML consists of one or more end tags with white space between them.
fn is_end_tags(html: &str) -> bool {
    let end_tag = |html| -> Option<&str> {
        let (name, behind) = str::strip_prefix(html, "</")?.split_once('>')?;
        name.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| behind.trim_start())
    };
    let Some(mut rest) = end_tag(html) else { return false };
    while !rest.is_empty() {
        let Some(behind) = end_tag(rest) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_only_text_was_appended_the_change_is_that_text() {
        for (old, new, text) in [
            ("<p>a</p>", "<p>a b</p>", " b"),
            ("<p>a <em>x</em></p>", "<p>a <em>x</em> b</p>", " b"),
            ("<p>a<br /></p>", "<p>a<br />&lt;</p>", "&lt;"),
            ("<ul>\n<li>a</li>\n</ul>", "<ul>\n<li>a b</li>\n</ul>", " b"),
            ("<pre><code>a\n</code></pre>", "<pre><code>a\n\nb\n</code></pre>", "\nb\n"),
            ("<pre><code></code></pre>", "<pre><code>日</code></pre>", "日"),
        ] {
            let append = between(old, new).unwrap();
            assert_eq!(append.text, text, "{old}");
            let mut block = old.to_owned();
            assert!(append.apply(&mut block), "{old}");
            assert_eq!(block, new);
        }
    }

    #[test]
    fn any_other_change_is_not_an_append() {
        for (old, new) in [
            ("<p>a</p>", "<p>a</p>"),
            ("<p>a</p>", "<p>b</p>"),
            ("<p>a</p>", "<p>a</p><p>b</p>"),
            ("<p>a</p>", "<p>a<em>b</em></p>"),
            ("<p>*a</p>", "<p><em>a</em></p>"),
            ("<p>&amp;l</p>", "<p>&lt;</p>"),
            ("<ul><li>a</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
            ("<p>日</p>", "<p>本</p>"),
            ("", "<p>a</p>"),
        ] {
            assert_eq!(between(old, new), None, "{old}");
        }
    }
}
