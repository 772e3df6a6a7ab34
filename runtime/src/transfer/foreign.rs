//! Other programs' exports: lists of conversations in JSON, each a tree of messages.
//!
//! One conversation is in memory at a time. What is read of it becomes a log as this product
//! would have written it; [`build`] says how.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use protocol::{ProfileName, Role, Timestamp};
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::refusal::{Place, ReadError, Refusal};
use super::{CONVERSATION_BYTES, CONVERSATIONS, Format, Totals};
use crate::store::{Take, WholeLog};

mod build;
mod chatgpt;
mod openwebui;

/// A conversation of another program.
struct Foreign {
    format: Format,
    /// What the other program calls it; empty where it does not.
    id: String,
    title: Option<String>,
    created_at: Option<Timestamp>,
    nodes: Vec<Node>,
    /// The node that was shown last.
    current: Option<String>,
}

/// One entry of its tree.
struct Node {
    id: String,
    parent: Option<String>,
    /// Whose text it is; none for what has no place in a transcript.
    role: Option<Role>,
    text: String,
    at: Option<Timestamp>,
    model: Option<String>,
    /// Parts and entries that are not taken over.
    left_out: u64,
}

/// Reads the conversations of another program's export.
pub fn read_foreign(bytes: &[u8], profile: &ProfileName) -> Result<Vec<WholeLog>, Refusal> {
    let mut all = Vec::new();
    let read = each(bytes, profile, &mut |log| {
        all.push(log);
        Ok(())
    });
    match read {
        Ok(_) => Ok(all),
        Err(ReadError::Refused(refusal)) => Err(refusal),
        Err(ReadError::Input(_) | ReadError::Taker(_)) => {
            unreachable!("bytes in memory can be read, and a list takes everything")
        }
    }
}

/// Gives the conversations of a list one by one to `take`; they go on with `profile` here.
pub(super) fn each(
    input: impl Read,
    profile: &ProfileName,
    take: &mut Take<'_>,
) -> Result<(Format, Totals), ReadError> {
    // A megabyte more for what the parser reads ahead.
    let left = Cell::new(CONVERSATION_BYTES + (1 << 20));
    let mut list =
        List { profile, take, left: &left, format: None, totals: Totals::default(), stopped: None };
    let mut parser = serde_json::Deserializer::from_reader(Bounded { input, left: &left });
    let read = parser.deserialize_seq(&mut list).and_then(|()| parser.end());
    let (stopped, totals, format) = (list.stopped, list.totals, list.format);
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => {
            let empty = || Refusal::at(Place::File, "there is no conversation in it");
            Ok((format.ok_or_else(empty)?, totals))
        }
        (None, Err(error)) if error.is_io() && left.get() > 0 => {
            Err(ReadError::Input(error.into()))
        }
        (None, Err(_)) if left.get() == 0 => {
            let reason = format!("it has more than {CONVERSATION_BYTES} bytes");
            Err(Refusal::at(Place::Conversation(totals.conversations + 1), reason).into())
        }
        (None, Err(error)) => Err(Refusal::at(
            Place::Conversation(totals.conversations + 1),
            format!("it is not JSON as it should be: {error}"),
        )
        .into()),
    }
}

/// Takes the elements of the list.
struct List<'a, 'b> {
    profile: &'a ProfileName,
    take: &'a mut Take<'b>,
    /// What may still be read before the next element begins.
    left: &'a Cell<u64>,
    format: Option<Format>,
    totals: Totals,
    stopped: Option<ReadError>,
}

impl<'de> Visitor<'de> for &mut List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<Box<RawValue>>()? {
            if let Err(error) = self.element(element.get()) {
                self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
            self.left.set(CONVERSATION_BYTES + (1 << 20));
        }
        Ok(())
    }
}

impl List<'_, '_> {
    fn element(&mut self, json: &str) -> Result<(), ReadError> {
        let number = self.totals.conversations + 1;
        let refuse = |reason: String| Refusal::at(Place::Conversation(number), reason);
        if number > CONVERSATIONS {
            return Err(refuse(format!("there are more than {CONVERSATIONS}")).into());
        }
        let foreign = conversation(json).map_err(refuse)?;
        if self.format.is_some_and(|format| format != foreign.format) {
            return Err(refuse("it is in another format than those before".to_owned()).into());
        }
        self.format = Some(foreign.format);
        self.totals.conversations = number;
        let (log, left_out) = build::log(foreign, self.profile).map_err(refuse)?;
        self.totals.left_out += left_out;
        (self.take)(log).map_err(ReadError::Taker)
    }
}

/// Which fields there are tells whose it is.
#[derive(Deserialize)]
struct Probe {
    mapping: Option<IgnoredAny>,
    chat: Option<IgnoredAny>,
    history: Option<IgnoredAny>,
    messages: Option<IgnoredAny>,
}

fn conversation(json: &str) -> Result<Foreign, String> {
    let wrong = |error: serde_json::Error| format!("it is not JSON as it should be: {error}");
    let probe: Probe = serde_json::from_str(json).map_err(wrong)?;
    if probe.mapping.is_some() {
        chatgpt::read(json).map_err(wrong)
    } else if probe.chat.is_some() || probe.history.is_some() || probe.messages.is_some() {
        openwebui::read(json).map_err(wrong)
    } else {
        Err("it is in no format that can be imported".to_owned())
    }
}

/// Seconds or milliseconds since 1970, as programs write them; none for what is no moment.
fn moment(number: Option<f64>) -> Option<Timestamp> {
    // Seconds reach this in the year 5138.
    const MILLISECONDS: f64 = 1e11;
    const LAST: f64 = 253_402_300_799_999.0;
    let number = number.filter(|number| *number >= 0.0)?;
    let ms = if number < MILLISECONDS { number * 1000.0 } else { number };
    (ms <= LAST).then(|| Timestamp::from_unix_ms(ms as i64))
}

/// A JSON object as a list of its fields, in their order; a name that is there twice is an
/// error, where a map would keep the last of them.
struct Fields<T>(Vec<(String, T)>);

impl<T> Default for Fields<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(Vec<(String, T)>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Fields<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("messages by their ids")
            }
            fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Fields<T>, A::Error> {
                let mut names = std::collections::HashSet::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom("a message's id is there twice"));
                    }
                    self.0.push((name, value));
                }
                Ok(Fields(self.0))
            }
        }
        deserializer.deserialize_map(Each(Vec::new()))
    }
}

/// Ends where more was read than may be.
struct Bounded<'a, R> {
    input: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left.get()).unwrap_or(usize::MAX));
        if most == 0 && !buffer.is_empty() {
            return Err(std::io::Error::other("too long"));
        }
        let read = self.input.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - read as u64);
        Ok(read)
    }
}
