//! Which format a file is in, found by looking at its content.

use std::io::BufRead;

use protocol::ProfileName;

use super::refusal::{Place, ReadError, Refusal};
use super::{Totals, foreign, reader};
use crate::store::Take;

/// What some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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

/// Gives the conversations of a file of any format one by one. Those of another program go on
/// with `profile` here.
pub(super) fn each(
    mut input: impl BufRead,
    profile: &ProfileName,
    take: &mut Take<'_>,
) -> Result<(Format, Totals), ReadError> {
    let begin = input.fill_buf().map_err(ReadError::Input)?;
    if begin.starts_with(b"{") {
        return Ok((Format::Companion, reader::each(input, take)?));
    }
    if begin.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    let begin = input.fill_buf().map_err(ReadError::Input)?;
    match begin.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => foreign::each(input, profile, take),
        Some(b'P') if begin.starts_with(b"PK") => {
            Err(unknown("it is an archive; unpack it and import the conversations.json in it"))
        }
        Some(_) => Err(unknown("it is in no format that can be imported")),
        None => Err(unknown("it is empty")),
    }
}

fn unknown(reason: &str) -> ReadError {
    Refusal::at(Place::File, reason).into()
}
