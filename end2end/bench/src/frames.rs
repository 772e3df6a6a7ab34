//! The forms in which a stream reaches an observer, and how each is read.
//!
//! This is the only place that knows the frames. A further form needs a variant of [`Form`] with
//! its query, and a branch in [`Received::take`].

use std::borrow::Cow;

use anyhow::{Context as _, Result, bail, ensure};
use protocol::{HtmlAppend, HtmlPatch};
use serde::Deserialize;

/// What an observer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Form {
    /// JSON frames with text.
    Json,
    /// JSON frames with text and HTML, as the console follows.
    Html,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// The query of the stream's address.
    pub fn query(self) -> &'static str {
        match self {
            Self::Json => "",
            Self::Html => "?html=true",
        }
    }

    /// Whether the frames contain HTML.
    fn has_html(self) -> bool {
        self == Self::Html
    }
}

/// What an observer was given so far of one answer.
#[derive(Debug, Default)]
pub struct Received {
    /// The answer's text.
    pub text: Vec<u8>,
    /// Bytes of text that came again.
    pub repeated: u64,
    /// The answer's HTML.
    blocks: Vec<String>,
    /// Whether the answer has ended, and in order.
    pub ended: Option<bool>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    frame: &'a str,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event: Option<Event<'a>>,
    html: Option<Patch<'a>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    offset: usize,
    #[serde(borrow)]
    state: Option<&'a str>,
}

/// [`HtmlPatch`] without the message's id, which a short frame does not have.
#[derive(Deserialize)]
struct Patch<'a> {
    from: usize,
    #[serde(borrow, default)]
    blocks: Vec<Cow<'a, str>>,
    append: Option<HtmlAppend>,
}

impl Received {
    /// Reads one frame.
    pub fn take(&mut self, form: Form, frame: &str) -> Result<()> {
        match form {
            Form::Json | Form::Html => self.json(frame),
        }
    }

    fn json(&mut self, frame: &str) -> Result<()> {
        let parsed: Frame = serde_json::from_str(frame).with_context(|| frame.to_owned())?;
        match parsed.frame {
            "snapshot" | "progress" => return Ok(()),
            // The text continues what this observer was given last.
            "more" => {
                let text = parsed.text.context("a short frame without text")?;
                self.piece(self.text.len(), text.as_bytes())?;
                parsed.html.into_iter().for_each(|patch| self.patch(patch));
                return Ok(());
            }
            "event" => {}
            other => bail!("a frame {other}: {frame}"),
        }
        let event = parsed.event.context("a frame without its event")?;
        match event.r#type {
            "text_delta" => {
                let text = event.text.context("a delta without text")?;
                self.piece(event.offset, text.as_bytes())?;
            }
            "turn_ended" => self.ended = Some(event.state == Some("completed")),
            "text_was_reasoning" | "reasoning_delta" => bail!("text became thinking: {frame}"),
            _ => {}
        }
        if let Some(patch) = parsed.html {
            self.patch(patch);
        }
        Ok(())
    }

    /// Adds a piece of text that follows what was given last.
    pub fn append(&mut self, piece: &str) {
        self.text.extend_from_slice(piece.as_bytes());
    }

    /// Adds a piece of text at its byte offset. Errors if there is a gap before it, or if it is not
    /// what was given before.
    fn piece(&mut self, offset: usize, piece: &[u8]) -> Result<()> {
        let known = self.text.len();
        ensure!(offset <= known, "text is missing between {known} and {offset}");
        let repeated = piece.len().min(known - offset);
        let again = &self.text[offset..offset + repeated];
        ensure!(again == &piece[..repeated], "other text than before at {offset}");
        self.repeated += repeated as u64;
        self.text.extend_from_slice(&piece[repeated..]);
        Ok(())
    }

    fn patch(&mut self, patch: Patch) {
        let blocks = patch.blocks.into_iter().map(Cow::into_owned).collect();
        // The product's own code applies the change; the id is not used by it.
        let message_id = protocol::MessageId::from_parts(0, [0; 10]);
        let patch = HtmlPatch { message_id, from: patch.from, blocks, append: patch.append };
        patch.apply(&mut self.blocks);
    }

    /// Errors unless the observer has what the endpoint sent, in the text and in the HTML.
    pub fn check(&self, form: Form, sent: &str) -> Result<()> {
        ensure!(self.ended == Some(true), "the answer did not end in order: {:?}", self.ended);
        let same = self.text.iter().zip(sent.as_bytes()).take_while(|(a, b)| a == b).count();
        ensure!(
            self.text == sent.as_bytes(),
            "{} bytes were sent and {} given, of which the first {same} are the same",
            sent.len(),
            self.text.len(),
        );
        if form.has_html() {
            let shown = words(&without_tags(&self.blocks.join(" ")));
            ensure!(shown == words(sent), "the HTML shows other words than the text");
        }
        Ok(())
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of HTML in which no attribute contains a bracket.
fn without_tags(html: &str) -> String {
    let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(offset: usize, text: &str, html: &str) -> String {
        format!(
            r#"{{"frame":"event","cursor":"x","event":{{"seq":1,"type":"text_delta","offset":{offset},"text":"{text}"}}{html}}}"#
        )
    }

    const END: &str =
        r#"{"frame":"event","event":{"seq":9,"type":"turn_ended","state":"completed"}}"#;

    #[test]
    fn text_is_compared_with_what_was_sent() {
        let mut received = Received::default();
        for frame in [&delta(0, "one ", ""), &delta(4, "two", ""), &delta(0, "one two three", "")] {
            received.take(Form::Json, frame).unwrap();
        }
        assert!(received.check(Form::Json, "one two three").is_err(), "it has not ended");
        received.take(Form::Json, END).unwrap();
        received.check(Form::Json, "one two three").unwrap();
        assert_eq!(received.repeated, 7);
        for sent in ["one two three four", "one two", "one two thre3"] {
            assert!(received.check(Form::Json, sent).is_err(), "{sent}");
        }
    }

    #[test]
    fn a_gap_and_another_text_are_seen() {
        let mut received = Received::default();
        received.take(Form::Json, &delta(0, "one", "")).unwrap();
        assert!(received.take(Form::Json, &delta(4, "two", "")).is_err());
        assert!(received.take(Form::Json, &delta(0, "0ne two", "")).is_err());
        assert!(received.take(Form::Json, r#"{"frame":"close","reason":"internal"}"#).is_err());
    }

    #[test]
    fn html_is_compared_by_its_words() {
        let mut received = Received::default();
        let begin = r#","html":{"message_id":"x","from":0,"blocks":["<p>one</p>"]}"#;
        let more = r#","html":{"message_id":"x","from":0,"blocks":[],"append":{"text":" two","before":4}}"#;
        received.take(Form::Html, &delta(0, "one", begin)).unwrap();
        received.take(Form::Html, &delta(3, " two", more)).unwrap();
        received.take(Form::Html, END).unwrap();
        received.check(Form::Html, "one two").unwrap();
        received.blocks[0] = "<p>one tw</p>".to_owned();
        assert!(received.check(Form::Html, "one two").is_err());
    }
}
