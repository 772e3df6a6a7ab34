//! Other programs' exports: lists of conversations in JSON, each a tree of messages.
//!
//! One conversation is in memory at a time. It becomes a log as this product would have written it;
//! [`build`] explains how. A malformed entry affects only itself and not its conversation, and a
//! malformed conversation not its file.

use std::io::BufRead;

use protocol::api::{ImportFormat, LeftOut, RefusalCode};
use protocol::{ProfileName, Role, Timestamp};
use store::ConversationExport;

use super::CONVERSATION_BYTES;
use super::refusal::{ReadError, Refusal};
use super::split::Values;
use super::tally::{Sink, Unsound};

mod build;
mod chatgpt;
mod citations;
mod claude;
mod content;
mod deepseek;
mod details;
mod file;
mod kind;
mod librechat;
mod llamacpp;
mod moment;
mod openwebui;
mod plain;
mod thought;

use file::File;

/// A conversation of another program.
struct Foreign {
    format: ImportFormat,
    /// The other program's id of the conversation; empty if there is none.
    id: String,
    title: Option<String>,
    created_at: Option<Timestamp>,
    nodes: Vec<Node>,
    /// The node that the other program showed last.
    current: Option<String>,
}

/// A node of the conversation's tree.
#[derive(Default)]
struct Node {
    id: String,
    parent: Option<String>,
    /// The author's role; `None` for nodes that do not belong into a transcript.
    role: Option<Role>,
    text: String,
    reasoning: String,
    at: Option<Timestamp>,
    model: Option<String>,
    /// Counts the parts that are not imported, or the node itself.
    left_out: LeftOut,
    /// See [`content::MessageContent::replaced`].
    replaced: u64,
}

/// The reason why a conversation cannot be imported.
type Unfit = (RefusalCode, String);

/// Reads the conversations of another program's export, all or none.
pub fn read_foreign(
    bytes: &[u8],
    profile: &ProfileName,
) -> Result<Vec<ConversationExport>, Refusal> {
    let mut all = Vec::new();
    let mut take = |log| {
        all.push(log);
        Ok(())
    };
    let mut sink = Sink::new(&mut take, Unsound::Refuse);
    match read_into(bytes, profile, &mut sink) {
        Ok(()) => Ok(all),
        Err(ReadError::Refused(refusal) | ReadError::NotAnExport(_, refusal)) => Err(refusal),
        Err(ReadError::Input(_) | ReadError::Taker(_)) => {
            unreachable!("bytes in memory can be read, and a list takes everything")
        }
    }
}

/// Reads a JSON file that is not in Companion's own format. Conversations get `profile`.
pub(crate) fn read_into(
    input: impl BufRead,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
) -> Result<(), ReadError> {
    let most = usize::try_from(CONVERSATION_BYTES).unwrap_or(usize::MAX);
    let mut values = Values::new(input, most);
    let mut file = File::new(profile, sink);
    while let Some(piece) = values.next().map_err(ReadError::Input)? {
        file.piece(piece, values.begin(), values.is_list())?;
    }
    file.end()
}
