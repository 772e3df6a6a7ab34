//! What goes to an observer, over the WebSocket as text frames and over SSE as events.

use serde::{Deserialize, Serialize};

use crate::{Cursor, Error, Event, MessageId, Progress, RuntimeId, Snapshot, TurnId, WorkerId};

/// An event with where it comes from and the cursor after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    pub cursor: Cursor,
    pub runtime_id: RuntimeId,
    pub worker_id: WorkerId,
    pub event: Event,
    /// What the event changes of a message's HTML, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlPatch>,
}

/// How a message's HTML changes: the blocks from `from` on are these now; or block `from`, the
/// last one, stays and goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HtmlPatch {
    pub message_id: MessageId,
    /// How many blocks stay as they are.
    pub from: usize,
    /// None where a block goes on.
    pub blocks: Vec<String>,
    /// What block `from` goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub append: Option<HtmlAppend>,
}

/// Text at the end of a block, so that a long one is not told again with each piece of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HtmlAppend {
    /// Text as HTML, without any tag.
    pub text: String,
    /// Before so many bytes at the block's end, which are end tags with nothing but white space
    /// between them.
    pub before: usize,
}

impl HtmlPatch {
    /// Makes the change. What does not fit changes nothing.
    pub fn apply(self, blocks: &mut Vec<String>) {
        match self.append {
            None => {
                blocks.truncate(self.from);
                blocks.extend(self.blocks);
            }
            Some(append) => {
                if let Some(block) = blocks.get_mut(self.from) {
                    append.apply(block);
                }
            }
        }
    }
}

impl HtmlAppend {
    /// How a block becomes another one by text at its end; none if that is not all.
    pub fn between(old: &str, new: &str) -> Option<Self> {
        let same = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
        let (end, rest) = (old.get(same..)?, new.get(same..)?);
        let text = rest.strip_suffix(end)?;
        let fits = end_tags(end).is_some() && !text.is_empty() && !text.contains('<');
        fits.then(|| Self { text: text.to_owned(), before: end.len() })
    }

    /// Adds the text to a block; says within how many elements it stands, the block itself
    /// being one. None where the block does not end like that.
    pub fn apply(&self, block: &mut String) -> Option<usize> {
        let at = block.len().checked_sub(self.before)?;
        let depth = end_tags(block.get(at..)?)?;
        block.insert_str(at, &self.text);
        Some(depth)
    }
}

/// How many end tags a piece of HTML is; none if there is anything else in it.
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

/// One frame to an observer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Frame {
    /// Where to begin: the first frame without a cursor, and after a `stale_cursor` notice.
    Snapshot { runtime_id: RuntimeId, worker_id: WorkerId, snapshot: Box<Snapshot> },
    /// The next event.
    Event(Box<Envelope>),
    /// How far the model has come with reading the prompt of the turn that runs. Not in the log,
    /// so there is no cursor; told a few times a second at most, by the local model alone.
    Progress { runtime_id: RuntimeId, worker_id: WorkerId, turn_id: TurnId, progress: Progress },
    /// Something to know; the stream goes on.
    Notice { error: Error },
    /// The last frame.
    Close { reason: CloseReason },
}

/// Why the server ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CloseReason {
    /// The server is going down; come back.
    Shutdown,
    /// The worker was deleted.
    Deleted,
    /// The client sent something that is not allowed.
    InvalidInput,
    /// The log could not be read.
    Internal,
}

impl CloseReason {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::Shutdown => 1001,
            Self::InvalidInput => 1008,
            Self::Internal => 1011,
            Self::Deleted => 4404,
        }
    }

    /// The reason in the close frame: the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::InvalidInput => "invalid_input",
            Self::Internal => "internal",
            Self::Deleted => "deleted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_at_the_end_of_a_block_is_told_alone() {
        for (old, new, text, depth) in [
            ("<p>a</p>", "<p>a b</p>", " b", 1),
            ("<p>a <em>x</em></p>", "<p>a <em>x</em> b</p>", " b", 1),
            ("<p>a<br /></p>", "<p>a<br />&lt;</p>", "&lt;", 1),
            ("<ul>\n<li>a</li>\n</ul>", "<ul>\n<li>a b</li>\n</ul>", " b", 2),
            ("<pre><code>a\n</code></pre>", "<pre><code>a\n\nb\n</code></pre>", "\nb\n", 2),
            ("<pre><code></code></pre>", "<pre><code>日</code></pre>", "日", 2),
        ] {
            let append = HtmlAppend::between(old, new).unwrap();
            assert_eq!(append.text, text, "{old}");
            let mut block = old.to_owned();
            assert_eq!(append.apply(&mut block), Some(depth), "{old}");
            assert_eq!(block, new);
        }
    }

    #[test]
    fn whatever_else_changes_is_none() {
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
            assert_eq!(HtmlAppend::between(old, new), None, "{old}");
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        for (block, before) in
            [("<p>a</p>", 3), ("<p>a</p>", 5), ("<p>a</p>", 0), ("<p>日</p>", 6), ("a", 9)]
        {
            let mut changed = block.to_owned();
            assert_eq!(
                HtmlAppend { text: "b".into(), before }.apply(&mut changed),
                None,
                "{block}"
            );
            assert_eq!(changed, block);
        }
    }
}
