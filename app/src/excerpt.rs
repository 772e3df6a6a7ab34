//! An excerpt as an HTML document: the page of a share, its preview, and a file that opens from a
//! disk. All are written by the same code, so a preview shows what others will see.
//!
//! A document is written message by message, so that only one message's HTML is in memory. It has no
//! script and no link but those in the texts, and the file loads nothing.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::body::Body;
use axum::http::HeaderMap;
use futures::{StreamExt as _, stream};
use leptos::prelude::{Owner, RenderHtml as _, provide_context};
use protocol::{Excerpt, ExcerptMessage, ExcerptParts, MessageId, Role, WorkerId};
use render::Budget;
use runtime::ExcerptExport;

use crate::erase::Erased;
use crate::locale::Locale;
use crate::preferences::Preferences;
use crate::rendering::{self, Answered, Reuse};

mod frame;
mod message;
mod style;

pub(crate) use frame::{Frame, SharedFrame};

/// The Content-Security-Policy of a file, in the file itself: it may use its own style, and load
/// nothing.
const FILE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The parts of an exported file besides the messages: all that its owner has.
pub const EXPORTED: ExcerptParts = ExcerptParts { reasoning: true, prompts: false };

/// The language and theme of a document.
#[derive(Clone, Copy)]
struct Reading {
    preferences: Preferences,
    locale: Locale,
}

impl Reading {
    fn of(headers: &HeaderMap) -> Self {
        let preferences = Preferences::of(headers);
        Self { preferences, locale: preferences.locale(headers) }
    }

    /// Writes a view in this language.
    fn html(self, view: impl FnOnce() -> Erased) -> String {
        Owner::new().with(|| {
            provide_context(self.preferences);
            provide_context(self.locale);
            view().to_html()
        })
    }
}

/// An exported conversation as one file, for its owner.
pub fn file(mut export: ExcerptExport, headers: &HeaderMap) -> Body {
    let source = Source { conversation: WorkerId::from_parts(0, [0; 10]), reuse: Reuse::Never };
    body(export.take(), Frame::File(None), source, headers, export)
}

/// Where the HTML of a document's messages comes from.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// All renderings of a conversation wait in the same line. It is not written into the document.
    pub conversation: WorkerId,
    /// Whether HTML is kept for the next reader.
    pub reuse: Reuse,
}

/// The document. `held` is dropped when it is written, or its reader has gone.
pub(crate) fn body<T: Send + 'static>(
    excerpt: Excerpt,
    frame: Frame,
    source: Source,
    headers: &HeaderMap,
    held: T,
) -> Body {
    let reading = Reading::of(headers);
    let top = reading.html(|| frame.top(&excerpt));
    let head = reading.html(|| frame.head(excerpt.title.as_deref()));
    let lang = leptos_i18n::Locale::as_str(reading.locale);
    let theme = frame.theme(reading.preferences);
    let begin = format!(
        "<!DOCTYPE html><html lang=\"{lang}\"{theme}><head>{head}</head>\
         <body><main class=\"excerpt\">{top}"
    );
    let budget = frame.budget();
    let answered = Answered::of(&budget);
    let messages: VecDeque<_> = excerpt.messages.into();
    let writer = Writer { begin: Some(begin), messages, number: 0, source, reading, budget };
    // The last piece is written once all messages are.
    let pieces = stream::unfold((Some(writer), answered, held), |(writer, answered, held)| async {
        let mut writer = writer?;
        let (piece, rest) = match writer.next().await {
            Some(piece) => (piece, Some(writer)),
            None => ("</main></body></html>\n".to_owned(), None),
        };
        Some((Ok::<_, Infallible>(piece), (rest, answered, held)))
    });
    // The layer that compresses pages asks once more after the end.
    Body::from_stream(pieces.fuse())
}

/// A document that is being written.
struct Writer {
    /// What comes before the messages.
    begin: Option<String>,
    messages: VecDeque<ExcerptMessage>,
    /// The number of the last message that was written, from 1.
    number: u64,
    source: Source,
    reading: Reading,
    budget: Budget,
}

impl Writer {
    async fn next(&mut self) -> Option<String> {
        if let Some(begin) = self.begin.take() {
            return Some(begin);
        }
        let message = self.messages.pop_front()?;
        self.number += 1;
        let html = match message.role {
            Role::Assistant => self.rendered(&message.text).await,
            // A question is shown as it was typed.
            Role::User => String::new(),
        };
        Some(self.reading.html(|| message::view(message, self.number, html)))
    }

    async fn rendered(&self, text: &str) -> String {
        let Source { conversation, reuse } = self.source;
        // The ids of footnotes are made of this. The message's own id would tell when it was
        // written, and be a name for it in the console.
        let id = MessageId::from_parts(self.number, [0; 10]);
        rendering::one(conversation, id, text, &self.budget, reuse).await
    }
}
