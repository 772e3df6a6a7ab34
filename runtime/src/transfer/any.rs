//! Which format a file is in, found by looking at its content.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek as _};

use protocol::ProfileName;

use super::refusal::{Place, ReadError, Refusal};
use super::tally::Sink;
use super::{archive, foreign, format, reader, seems};

/// Bytes that are read from a file at once.
const READ_BYTES: usize = 256 * 1024;

/// What some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file of any format, an archive too. Conversations of another program go on with
/// `profile` here. Errors with `Refused` at [`Place::File`] where nothing of it is an export.
pub(super) fn file(
    mut file: File,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
) -> Result<(), ReadError> {
    file.rewind().map_err(ReadError::Input)?;
    let mut input = BufReader::with_capacity(READ_BYTES, file);
    let begin = input.fill_buf().map_err(ReadError::Input)?;
    if begin.starts_with(b"PK\x03\x04") || begin.starts_with(b"PK\x05\x06") {
        return archive::read(input.into_inner(), profile, sink);
    }
    read(input, profile, sink)
}

/// Reads what is no archive.
pub(super) fn read(
    mut input: impl BufRead,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
) -> Result<(), ReadError> {
    let begin = input.fill_buf().map_err(ReadError::Input)?;
    if begin.starts_with(format::PREFIX) {
        return reader::read_into(input, sink);
    }
    if begin.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    let begin = input.fill_buf().map_err(ReadError::Input)?;
    let begin = &begin[..begin.len().min(seems::LOOKED_AT)];
    if begin.starts_with(b"PK\x03\x04") {
        return Err(unknown("it seems to be an archive within an archive; unpack it first"));
    }
    match seems::of_bytes(begin) {
        Some(reason) => Err(unknown(&reason)),
        None => foreign::read_into(input, profile, sink),
    }
}

fn unknown(reason: &str) -> ReadError {
    Refusal::at(Place::File, reason).into()
}
