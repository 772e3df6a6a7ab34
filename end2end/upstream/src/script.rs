//! Scripts: the replies that the server plays, made of steps, as Rust values or as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rule::Rule;

/// The replies to `POST .../chat/completions` and `POST .../responses`, request by request.
///
/// As JSON `{"replies": [[step, ...], ...], "rules": [{"when": ..., "reply": [step, ...]}, ...],
/// "models": ["name", ...], "list": [step, ...], "keep_alive_ms": ...}`; each may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// One list of steps for each request, in the order of their arrival. The last list
    /// is played again for every request after it; with no list at all the reply is a
    /// default [`Answer`].
    pub replies: Vec<Vec<Step>>,
    /// Rules that take precedence over the replies. The first one that applies is followed.
    pub rules: Vec<Rule>,
    /// The models that `GET .../models` lists.
    pub models: Vec<String>,
    /// The steps to play for `GET .../models` instead of listing `models`; `None` for that list.
    pub list: Vec<Step>,
    /// Milliseconds for which a connection is kept open for a further request, with the
    /// header `Connection: keep-alive`. If it is `None`, each connection is closed after its reply.
    pub keep_alive_ms: Option<u64>,
}

/// One thing to do on a connection. In JSON the field `do` names it:
/// `{"do": "stream"}`, `{"do": "data", "json": {...}}`.
///
/// After the last step the body is ended properly, and the connection closed or kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// A whole streamed answer, by the interface of the request.
    Answer(Answer),
    /// A whole streamed answer at a steady pace. Each token carries the time of its write (see
    /// [`crate::stamp`]), and the log has the whole text. By chat completions only.
    Paced {
        /// The number of tokens.
        tokens: u32,
        /// The time between two of them, in microseconds.
        interval_us: u64,
    },
    /// A whole response with a body that is not streamed.
    Respond {
        /// The HTTP status.
        status: u16,
        /// Further headers, by name.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body as text; its length is sent in `Content-Length`.
        #[serde(default)]
        body: String,
    },
    /// The head of a 200 with an event stream.
    Stream,
    /// The head of any response, whose body the next steps send.
    Head {
        /// The HTTP status.
        status: u16,
        /// Further headers, by name.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// One event, `data: {json}` and an empty line.
    Data {
        /// The data of the event, sent on one line.
        json: Value,
    },
    /// Body bytes as text, sent separately.
    Text {
        /// The bytes of this text.
        text: String,
    },
    /// Body bytes as numbers, sent by themselves: for pieces that are not UTF-8.
    Bytes {
        /// The bytes, which need not be UTF-8.
        bytes: Vec<u8>,
    },
    /// Bytes that are sent unchanged, outside of any HTTP framing.
    Wire {
        /// The bytes of this text, line breaks included.
        text: String,
    },
    /// Like `Wire`, but the bytes are sent again and again until the peer leaves.
    EndlessWire {
        /// The bytes of this text, line breaks included.
        text: String,
    },
    /// Body bytes as text, again and again with a pause after each time, until the peer leaves.
    Drip {
        /// The bytes of this text.
        text: String,
        /// The pause after each time, in milliseconds.
        ms: u64,
    },
    /// One line of this many bytes, without a line break at its end.
    LongLine {
        /// The length of the line.
        bytes: usize,
    },
    /// The same piece of text as a delta, again and again, until the peer leaves.
    Endless {
        /// The text of each delta.
        text: String,
    },
    /// A pause.
    Delay {
        /// The length of the pause, in milliseconds.
        ms: u64,
    },
    /// A pause until a release. Each release ends one hold.
    Hold,
    /// Sends nothing more until the peer leaves.
    Silent,
    /// Closes the connection, in the middle of the reply.
    Close,
    /// Resets the connection.
    Reset,
}

/// A streamed answer. In JSON every field may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// The text, streamed word by word. `None`: `You said: ` and the last user message.
    pub text: Option<String>,
    /// The text in these pieces, instead of word by word.
    pub pieces: Vec<String>,
    /// Thinking before the text, as `reasoning_content`, or as a summary by the Responses API.
    pub reasoning: Option<String>,
    /// The pause before each piece.
    pub delay_ms: u64,
    /// The number of pieces after which to wait for a release (0: before the first).
    pub hold_after: Option<usize>,
    /// `finish_reason`; empty for none. For the Responses API "stop" becomes `response.completed`,
    /// and any other value the reason of `response.incomplete`.
    pub finish: String,
    /// Whether usage is sent if the request asks for it.
    pub usage: bool,
    /// Whether `[DONE]` ends the answer.
    pub done: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            replies: Vec::new(),
            rules: Vec::new(),
            models: vec!["scripted-model".to_owned()],
            list: Vec::new(),
            keep_alive_ms: None,
        }
    }
}

impl Script {
    /// The script that plays these steps for every request.
    pub fn always(steps: impl Into<Vec<Step>>) -> Self {
        Self { replies: vec![steps.into()], ..Self::default() }
    }

    /// The steps for request number `n`, counted from 0.
    pub(crate) fn reply(&self, n: usize) -> Vec<Step> {
        let reply = self.replies.get(n).or_else(|| self.replies.last());
        reply.cloned().unwrap_or_else(|| vec![Step::Answer(Answer::default())])
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            text: None,
            pieces: Vec::new(),
            reasoning: None,
            delay_ms: 0,
            hold_after: None,
            finish: "stop".to_owned(),
            usage: true,
            done: true,
        }
    }
}

impl Answer {
    /// An answer in these pieces.
    pub fn pieces<const N: usize>(pieces: [&str; N]) -> Self {
        Self { pieces: pieces.map(str::to_owned).to_vec(), ..Self::default() }
    }
}

impl Step {
    /// A whole response with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Respond {
            status,
            headers: BTreeMap::from([("content-type".into(), "application/json".into())]),
            body: body.to_string(),
        }
    }
}
