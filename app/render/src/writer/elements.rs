//! The open elements while a text is written: Markdown's, and HTML's among them, which a text may
//! leave open or close too often.

use std::borrow::Cow;

use super::super::source::BlockTag;
use super::{DEPTH, Writer};

/// An open element.
pub(super) struct Element {
    pub(super) kind: Kind,
    end: Cow<'static, str>,
    /// The position of its content.
    pub(super) begins: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A Markdown element.
    Markdown,
    /// A link with an allowed address.
    Link,
    /// A Markdown element with a direction, which its first paragraph inherits.
    Container,
    /// A paragraph. Its tag is written with its first text, because it may turn out to contain only
    /// tags of elements that contain blocks.
    Paragraph {
        inherits: bool,
        written: bool,
    },
    /// An inline HTML element.
    Html(&'static str),
    Details,
    Summary,
}

const DETAILS: &str = "<details>";

impl Writer<'_> {
    /// Opens an element.
    pub(super) fn push(&mut self, kind: Kind, start: &str, end: impl Into<Cow<'static, str>>) {
        self.out.push_str(start);
        self.ends_line = false;
        self.open.push(Element { kind, end: end.into(), begins: self.out.len() });
    }

    /// Opens an inline element.
    pub(super) fn push_inline(&mut self, start: &str, end: &'static str) {
        self.begin_inline();
        self.push(Kind::Markdown, start, end);
    }

    /// Opens an inline HTML element; returns whether it did.
    pub(super) fn push_html(&mut self, name: &'static str) -> bool {
        let fits = self.open.len() <= 2 * DEPTH;
        if fits {
            self.begin_inline();
            self.push(Kind::Html(name), &format!("<{name}>"), format!("</{name}>"));
        }
        fits
    }

    /// Closes an inline HTML element and those within it; returns whether there was one.
    pub(super) fn close_html(&mut self, name: &'static str) -> bool {
        let mut inner =
            self.open.iter().rev().take_while(|open| matches!(open.kind, Kind::Html(_)));
        let Some(above) = inner.position(|open| open.kind == Kind::Html(name)) else {
            return false;
        };
        for _ in 0..=above {
            self.pop();
        }
        true
    }

    /// Closes the last Markdown element and the HTML elements within it.
    pub(super) fn close(&mut self) {
        while let Some(last) = self.open.last() {
            let kind = last.kind;
            self.pop();
            if !matches!(kind, Kind::Html(_) | Kind::Details | Kind::Summary) {
                break;
            }
        }
    }

    /// Closes the innermost element.
    pub(super) fn pop(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match element.kind {
            // Open an unclosed `<details>`, because the author may not have meant to hide the rest.
            Kind::Details => self.out.insert_str(element.begins - 1, " open"),
            Kind::Paragraph { written: false, .. } => return,
            Kind::Link => self.links -= 1,
            _ => {}
        }
        self.out.push_str(&element.end);
        self.ends_line = false;
        let is_block =
            matches!(element.kind, Kind::Container | Kind::Paragraph { .. } | Kind::Summary);
        if is_block && !self.open.is_empty() {
            self.out.push('\n');
        }
    }

    /// Prepares for inline output.
    pub(super) fn begin_inline(&mut self) {
        if let Some(Element { kind: Kind::Paragraph { inherits, written }, end, begins }) =
            self.open.last_mut()
            && !*written
        {
            *written = true;
            *end = Cow::Borrowed("</p>");
            self.out.push_str(if *inherits { "<p>" } else { "<p dir=\"auto\">" });
            *begins = self.out.len();
        }
    }

    /// Ends the paragraph's element, if its tag was written, because what follows is not part of
    /// it.
    fn end_paragraph(&mut self) {
        if let Some(Element { kind: Kind::Paragraph { inherits, written }, .. }) =
            self.open.last_mut()
        {
            if *written {
                self.out.push_str("</p>\n");
            }
            (*inherits, *written) = (false, false);
        }
    }

    /// Handles a tag of an element that contains blocks. Returns whether it is valid here: as a
    /// block among others, and not within inline elements.
    pub(super) fn block_tag(&mut self, tag: BlockTag) -> bool {
        // Inline HTML elements end with their line, so they do not count.
        let html = self.open.iter().rev().take_while(|open| matches!(open.kind, Kind::Html(_)));
        let html = html.count();
        let open = &self.open[..self.open.len() - html];
        let last = open.last().map(|last| last.kind);
        let in_paragraph = matches!(last, Some(Kind::Paragraph { .. }));
        let is_block = in_paragraph || matches!(last, Some(Kind::Container | Kind::Details));
        let around = open[..open.len() - usize::from(in_paragraph)].last();
        let in_details = is_block && around.is_some_and(|around| around.kind == Kind::Details);
        let fits = match tag {
            BlockTag::OpenDetails => is_block && open.len() <= DEPTH,
            BlockTag::CloseDetails => in_details,
            BlockTag::OpenSummary => {
                in_details && around.is_some_and(|around| around.begins == self.out.len())
            }
            BlockTag::CloseSummary => last == Some(Kind::Summary),
        };
        if !fits {
            return false;
        }
        for _ in 0..html {
            self.pop();
        }
        if tag != BlockTag::OpenSummary && tag != BlockTag::CloseSummary {
            self.end_paragraph();
        }
        let at = self.open.len() - usize::from(in_paragraph);
        match tag {
            BlockTag::OpenDetails => {
                self.out.push_str(DETAILS);
                let begins = self.out.len();
                let end = Cow::Borrowed("</details>");
                self.open.insert(at, Element { kind: Kind::Details, end, begins });
            }
            BlockTag::CloseDetails => {
                self.open.remove(at - 1);
                self.out.push_str("</details>");
            }
            BlockTag::OpenSummary => {
                self.push(Kind::Summary, "<summary dir=\"auto\">", "</summary>");
            }
            BlockTag::CloseSummary => self.pop(),
        }
        true
    }
}
