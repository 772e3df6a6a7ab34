//! Finds the format of a file by its content.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek as _};

use protocol::ProfileName;

use super::refusal::ReadError;
use super::split::BYTE_ORDER_MARK;
use super::tally::Sink;
use super::{archive, foreign, format, reader, seems};

/// The number of bytes in one read from a file.
const READ_BYTES: usize = 256 * 1024;

/// Reads a file of any format, including archives. Conversations of other programs get `profile`.
pub(crate) fn file(
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

/// Reads a file that is not an archive.
pub(crate) fn read(
    mut input: impl BufRead,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
) -> Result<(), ReadError> {
    let begin = input.fill_buf().map_err(ReadError::Input)?;
    if begin.starts_with(format::PREFIX) {
        return reader::read_into(input, sink);
    }
    let begin = begin.strip_prefix(BYTE_ORDER_MARK).unwrap_or(begin);
    let begin = &begin[..begin.len().min(seems::LOOKED_AT)];
    if begin.starts_with(b"PK\x03\x04") {
        return Err(ReadError::not_an_export(seems::INNER_ARCHIVE));
    }
    match seems::of_bytes(begin) {
        Some(reason) => Err(ReadError::not_an_export(reason)),
        None => foreign::read_into(input, profile, sink),
    }
}
