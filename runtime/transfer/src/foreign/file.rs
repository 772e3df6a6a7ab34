//! Reads the values of a file one by one: recognizes conversations, gathers those whose messages
//! are separate values, and reports what is neither.

use protocol::api::{LeftOut, RefusalCode};
use protocol::{EventBody, ProfileName};
use store::ConversationExport;

use super::super::json::{Document, Json, Wrong};
use super::super::refusal::{ReadError, Refusal, SourceLocation};
use super::super::split::Piece;
use super::super::tally::{REFUSALS, Sink};
use super::super::{CONVERSATION_BYTES, CONVERSATIONS, seems, surrogates};
use super::kind::Kind;
use super::{Foreign, Node, Unfit, build, llamacpp, plain};

/// A file while it is being read.
pub(super) struct File<'s, 'a, 'b> {
    profile: &'s ProfileName,
    sink: &'s mut Sink<'a, 'b>,
    /// The number of the conversation that was read last; the first is 1.
    number: u64,
    /// Whether the file is an export: a conversation has been found in it.
    known: bool,
    /// Values that are not conversations, kept back until one is found.
    strange: Vec<Strange>,
    /// The conversation whose messages are separate values of the file.
    gathered: Option<Gathered>,
}

struct Strange {
    number: u64,
    title: Option<String>,
    code: RefusalCode,
    reason: String,
}

/// A conversation whose messages are read one at a time.
struct Gathered {
    number: u64,
    foreign: Foreign,
    bytes: u64,
    /// The number of lone surrogates in its messages.
    replaced: u64,
    /// Why it cannot be imported, even if its messages are sound.
    unfit: Option<Unfit>,
}

impl<'s, 'a, 'b> File<'s, 'a, 'b> {
    pub(super) fn new(profile: &'s ProfileName, sink: &'s mut Sink<'a, 'b>) -> Self {
        Self { profile, sink, number: 0, known: false, strange: Vec::new(), gathered: None }
    }

    /// Handles a piece of the file that begins at byte `begin`.
    pub(super) fn piece(
        &mut self,
        piece: Piece,
        begin: u64,
        in_list: bool,
    ) -> Result<(), ReadError> {
        let bytes = match piece {
            Piece::Value(bytes) => bytes,
            Piece::TooLong if self.gathered.is_some() => {
                self.broken(LeftOut { too_long: 1, ..LeftOut::default() });
                return Ok(());
            }
            Piece::TooLong => {
                let reason = format!("it has more than {CONVERSATION_BYTES} bytes");
                return self.strange(RefusalCode::TooLarge, None, reason);
            }
            Piece::CutOff => {
                let reason = match self.number {
                    0 => {
                        "the file ends in the middle of its first conversation; it was cut off, \
                          perhaps while it was downloaded"
                    }
                    _ => {
                        "the file ends before its end; it was cut off, perhaps while it was \
                          downloaded, and nothing behind it is known"
                    }
                };
                return self.strange(RefusalCode::CutOff, None, reason.to_owned());
            }
            Piece::Behind => {
                let reason = "there is something after the end of the list".to_owned();
                return self.strange(RefusalCode::NotJson, None, reason);
            }
        };
        let text = match surrogates::escaped(&bytes) {
            Ok(text) => text,
            Err(before) => return self.not_utf8(begin + before as u64),
        };
        let document = match Document::parse(&text) {
            Ok(document) => document,
            Err(_) if self.gathered.is_some() => {
                self.broken(LeftOut { unreadable: 1, ..LeftOut::default() });
                return Ok(());
            }
            Err(Wrong::At(at)) => {
                let at = begin + at as u64 + 1;
                let reason = format!("it is not valid JSON, from byte {at} of the file on");
                return self.strange(RefusalCode::NotJson, None, reason);
            }
            Err(Wrong::TooMany) => {
                let reason = "it holds more values than can be imported".to_owned();
                return self.strange(RefusalCode::TooLarge, None, reason);
            }
        };
        self.value(document.root(), bytes.len() as u64, in_list)
    }

    fn value(&mut self, value: Json<'_>, bytes: u64, in_list: bool) -> Result<(), ReadError> {
        if let Some(session) = llamacpp::session(value) {
            return self.begin(session);
        }
        let line = llamacpp::line(value);
        let message = line.is_some() || plain::is_message(value);
        match &mut self.gathered {
            Some(gathered) if message || in_list => {
                gathered.bytes += bytes;
                gathered.replaced += value.replaced();
                if gathered.bytes <= CONVERSATION_BYTES {
                    let before = gathered.foreign.nodes.last().map(|node| node.id.clone());
                    let at = gathered.foreign.nodes.len();
                    gathered.foreign.nodes.push(match line {
                        Some(message) => llamacpp::node(message, at),
                        None => plain::node(value, at, before),
                    });
                }
                return Ok(());
            }
            _ => {}
        }
        if message && line.is_none() {
            self.begin(plain::empty())?;
            return self.value(value, bytes, in_list);
        }
        match Kind::of(value) {
            Kind::List(list) => {
                let items: Vec<_> = list.items().collect();
                for item in items {
                    self.one(item)?;
                }
                Ok(())
            }
            _ => self.one(value),
        }
    }

    /// Begins a conversation whose messages follow as separate values.
    fn begin(&mut self, foreign: Foreign) -> Result<(), ReadError> {
        self.gathered_ends()?;
        self.number += 1;
        let number = self.number;
        self.gathered = Some(Gathered { number, foreign, bytes: 0, replaced: 0, unfit: None });
        self.recognized()
    }

    /// Handles text in another encoding. Other values of the file may still be valid, because they
    /// are the same in both encodings.
    fn not_utf8(&mut self, before: u64) -> Result<(), ReadError> {
        let reason = format!(
            "byte {} of the file is not UTF-8; it may have been saved as Latin-1, as Windows-1252 or \
             in another encoding, and has to be saved as UTF-8",
            before + 1
        );
        let code = RefusalCode::NotUtf8;
        match &mut self.gathered {
            Some(gathered) => {
                gathered.unfit.get_or_insert((code, reason));
                Ok(())
            }
            None => self.strange(code, None, reason),
        }
    }

    /// Adds a node for an unreadable message, so that the next one has a parent.
    fn broken(&mut self, left_out: LeftOut) {
        if let Some(Gathered { foreign, .. }) = &mut self.gathered {
            let id = format!("number {}", foreign.nodes.len());
            let parent = foreign.nodes.last().map(|node| node.id.clone());
            foreign.nodes.push(Node { id, parent, left_out, ..Node::default() });
        }
    }

    fn gathered_ends(&mut self) -> Result<(), ReadError> {
        let Some(gathered) = self.gathered.take() else { return Ok(()) };
        let Gathered { number, foreign, bytes, replaced, unfit } = gathered;
        if let Some((code, reason)) = unfit {
            return self.refuse(number, foreign.title.as_deref(), code, reason);
        }
        if bytes > CONVERSATION_BYTES {
            let reason = format!("it has more than {CONVERSATION_BYTES} bytes");
            return self.refuse(number, foreign.title.as_deref(), RefusalCode::TooLarge, reason);
        }
        self.conversation(number, foreign, replaced)
    }

    /// Imports one value as a conversation.
    fn one(&mut self, value: Json<'_>) -> Result<(), ReadError> {
        self.gathered_ends()?;
        let kind = Kind::of(value);
        if matches!(kind, Kind::Strange | Kind::List(_)) {
            let title = value.first_of(&["title", "name"]).and_then(Json::text);
            let reason = seems::of_json(value);
            return self.strange(RefusalCode::NotAConversation, title, reason);
        }
        self.number += 1;
        self.recognized()?;
        match kind.read(value) {
            Ok(foreign) => self.conversation(self.number, foreign, value.replaced()),
            Err((code, reason)) => {
                let title = value.first_of(&["title", "name"]).and_then(Json::text);
                self.refuse(self.number, title, code, reason)
            }
        }
    }

    /// Builds a conversation's log and passes it on. `replaced` is the number of lone surrogates in
    /// it.
    fn conversation(
        &mut self,
        number: u64,
        foreign: Foreign,
        replaced: u64,
    ) -> Result<(), ReadError> {
        if number > CONVERSATIONS {
            let reason = format!("there are more than {CONVERSATIONS}");
            return self.refuse(number, foreign.title.as_deref(), RefusalCode::TooLarge, reason);
        }
        let (title, format) = (foreign.title.clone(), foreign.format);
        let replaced = replaced + foreign.nodes.iter().map(|node| node.replaced).sum::<u64>();
        match build::log(foreign, self.profile) {
            Ok(build::Built { log, left_out, too_long }) => {
                for reason in too_long {
                    self.refuse(number, title.as_deref(), RefusalCode::MessageTooLong, reason)?;
                }
                if self.sink.is_strict() && left_out.unreadable > 0 {
                    let reason = "an entry of it is not valid".to_owned();
                    return self.refuse(number, title.as_deref(), RefusalCode::Unsound, reason);
                }
                // Some of the replaced surrogates may be in parts that were left out, or in two
                // fields with the same text.
                let replaced = replaced.min(replacement_characters(title.as_deref(), &log));
                if replaced > 0 {
                    self.sink.replaced(number, title.as_deref(), replaced);
                }
                self.sink.sound(format, log, &left_out)
            }
            Err((code, reason)) => self.refuse(number, title.as_deref(), code, reason),
        }
    }

    fn refuse(
        &mut self,
        number: u64,
        title: Option<&str>,
        code: RefusalCode,
        reason: String,
    ) -> Result<(), ReadError> {
        self.sink.refuse(
            code,
            Some(number),
            title,
            Refusal::at(SourceLocation::Conversation(number), reason),
        )
    }

    /// Handles a value that is not a conversation. It is reported once the file turns out to
    /// contain one.
    fn strange(
        &mut self,
        code: RefusalCode,
        title: Option<&str>,
        reason: String,
    ) -> Result<(), ReadError> {
        self.gathered_ends()?;
        self.number += 1;
        if self.known {
            return self.refuse(self.number, title, code, reason);
        }
        // Further ones add no information: a file that begins like this is most likely not an
        // export.
        if self.strange.len() < REFUSALS {
            let title = title.map(str::to_owned);
            self.strange.push(Strange { number: self.number, title, code, reason });
        }
        Ok(())
    }

    fn recognized(&mut self) -> Result<(), ReadError> {
        self.known = true;
        for Strange { number, title, code, reason } in std::mem::take(&mut self.strange) {
            self.refuse(number, title.as_deref(), code, reason)?;
        }
        Ok(())
    }

    /// Ends the reading. Errors if the file had no conversation.
    pub(super) fn end(mut self) -> Result<(), ReadError> {
        self.gathered_ends()?;
        if self.known {
            return Ok(());
        }
        let empty = || (RefusalCode::NoMessages, "there is no conversation in it".to_owned());
        let first = self.strange.into_iter().next();
        let (code, reason) = first.map_or_else(empty, |first| (first.code, first.reason));
        Err(ReadError::NotAnExport(code, Refusal::at(SourceLocation::File, reason)))
    }
}

/// The number of U+FFFD in a conversation's original title and its texts.
fn replacement_characters(title: Option<&str>, log: &ConversationExport) -> u64 {
    let count = |text: &str| text.matches(char::REPLACEMENT_CHARACTER).count() as u64;
    let counts = log.events.iter().map(|event| match &event.body {
        EventBody::MessageCommitted { message } => count(&message.text),
        EventBody::TextDelta { text, .. } | EventBody::ReasoningDelta { text, .. } => count(text),
        _ => 0,
    });
    title.map_or(0, count) + counts.sum::<u64>()
}
