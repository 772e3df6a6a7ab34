//! Which format a file is in, found by looking at its content.

use std::io::BufRead;

use protocol::ProfileName;

use super::refusal::{Place, ReadError, Refusal};
use super::{Totals, reader};
use crate::store::Take;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `companion export`.
    Companion,
    /// ChatGPT's `conversations.json`.
    Chatgpt,
    /// Open WebUI's list of chats.
    OpenWebui,
}

/// Gives the conversations of a file of any format one by one.
pub(super) fn each(
    mut input: impl BufRead,
    profile: &ProfileName,
    take: &mut Take<'_>,
) -> Result<(Format, Totals), ReadError> {
    match input.fill_buf().map_err(ReadError::Input)?.first() {
        Some(b'{') => Ok((Format::Companion, reader::each(input, take)?)),
        Some(_) if profile.as_str().is_empty() => Err(unknown("")),
        Some(_) => Err(unknown("the file is in no format that can be imported")),
        None => Err(unknown("the file is empty")),
    }
}

fn unknown(reason: &str) -> ReadError {
    Refusal::at(Place::File, reason).into()
}
