//! Appends text to a block's HTML, and finds the element that it belongs to.

use protocol::HtmlAppend;

/// Adds the text to a block. Returns how many elements deep it was inserted, the block itself being
/// one; `None`, without a change, if the block does not end with the expected end tags.
pub(super) fn add(append: &HtmlAppend, block: &mut String) -> Option<usize> {
    let at = block.len().checked_sub(append.before)?;
    let depth = end_tags(block.get(at..)?)?;
    append.apply(block).then_some(depth)
}

/// How many end tags a piece of HTML consists of; `None` if it contains anything else.
fn end_tags(html: &str) -> Option<usize> {
    let (mut count, mut rest) = (0, html);
    while !rest.is_empty() {
        let (tag, behind) = rest.strip_prefix("</")?.split_once('>')?;
        if !tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        count += 1;
        rest = behind.trim_start();
    }
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_appended_inside_the_elements_that_end_after_it() {
        for (block, before, after, depth) in [
            ("<p>a</p>", 4, "<p>ab</p>", 1),
            ("<p>a <em>x</em></p>", 4, "<p>a <em>x</em>b</p>", 1),
            ("<ul>\n<li>a</li>\n</ul>", 11, "<ul>\n<li>ab</li>\n</ul>", 2),
            ("<pre><code></code></pre>", 13, "<pre><code>b</code></pre>", 2),
        ] {
            let mut changed = block.to_owned();
            let append = HtmlAppend { text: "b".into(), before };
            assert_eq!(add(&append, &mut changed), Some(depth), "{block}");
            assert_eq!(changed, after);
        }
    }

    #[test]
    fn an_append_at_an_invalid_position_changes_nothing() {
        for (block, before) in
            [("<p>a</p>", 3), ("<p>a</p>", 5), ("<p>a</p>", 0), ("<p>日</p>", 6), ("a", 9)]
        {
            let mut changed = block.to_owned();
            let append = HtmlAppend { text: "b".into(), before };
            assert_eq!(add(&append, &mut changed), None, "{block}");
            assert_eq!(changed, block);
        }
    }
}
