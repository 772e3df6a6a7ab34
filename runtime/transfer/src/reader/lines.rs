//! The lines of a file, with the result of checking each.

use std::io::{BufRead, Read as _};

use protocol::api::RefusalCode;
use sha2::{Digest, Sha256};

use super::super::LINE_BYTES;
use super::super::format::{CHECK_DIGITS, COVERED, Content, NUMBER, PREFIX, Sum, check};
use super::super::refusal::ReadError;

const DAMAGED: &str = "it is not a line of a Companion export, or it was changed or cut off";
const OUT_OF_PLACE: &str =
    "it was changed, or a line before it is missing, doubled or out of place";

pub(super) struct Lines<R> {
    input: R,
    /// The hash of all lines before the one in the buffer.
    hash: Sha256,
    /// The same hash, including that line.
    after: Sha256,
    number: u64,
    /// The number that the next line should have.
    expected: u64,
    /// Whether a line was damaged, so that later checks cannot be compared.
    torn: bool,
    /// The sum of the current conversation.
    sum: Sum,
    /// The current line with its line feed.
    buffer: Vec<u8>,
}

/// A line.
pub(super) struct Line {
    pub(super) bytes: u64,
    pub(super) content: Result<Content<'static>, Wrong>,
}

/// What is wrong with a line.
pub(super) struct Wrong {
    pub(super) code: RefusalCode,
    pub(super) reason: String,
}

/// Why a line cannot be trusted, and its number if that can be read.
type Distrust = (&'static str, Option<u64>);

impl<R> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        let hash = Sha256::new();
        let after = hash.clone();
        let (sum, buffer) = (Sum::default(), Vec::new());
        Self { input, hash, after, number: 0, expected: 1, torn: false, sum, buffer }
    }

    /// The number of the current line; the first is 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// The sum of the current conversation so far.
    pub(super) fn sum(&self) -> String {
        self.sum.digits()
    }

    /// The SHA-256 of all bytes before the current line.
    pub(super) fn sum_before(&self) -> String {
        format!("{:x}", self.hash.clone().finalize())
    }
}

impl<R: BufRead> Lines<R> {
    pub(super) fn next(&mut self) -> Result<Option<Line>, ReadError> {
        self.buffer.clear();
        self.hash.clone_from(&self.after);
        let mut most = (&mut self.input).take(LINE_BYTES + 1);
        let read = most.read_until(b'\n', &mut self.buffer).map_err(ReadError::Input)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.after.update(&self.buffer);
        let mut bytes = read as u64;
        let content = if bytes > LINE_BYTES {
            // The rest of the line is read as well, because later checks cover it.
            while self.buffer.last() != Some(&b'\n') {
                self.buffer.clear();
                let mut some = (&mut self.input).take(1 << 16);
                let read = some.read_until(b'\n', &mut self.buffer).map_err(ReadError::Input)?;
                if read == 0 {
                    break;
                }
                bytes += read as u64;
                self.after.update(&self.buffer);
            }
            let reason = format!("it is longer than {LINE_BYTES} bytes");
            Err(Wrong { code: RefusalCode::TooLarge, reason })
        } else {
            self.parse()
        };
        self.expected += 1;
        Ok(Some(Line { bytes, content }))
    }

    /// Whether anything follows the current line.
    pub(super) fn has_more(&mut self) -> Result<bool, ReadError> {
        Ok(!self.input.fill_buf().map_err(ReadError::Input)?.is_empty())
    }

    fn parse(&mut self) -> Result<Content<'static>, Wrong> {
        let damaged =
            |reason: &str| Wrong { code: RefusalCode::Damaged, reason: reason.to_owned() };
        let (json, number) = match self.covered() {
            Ok((covered, number)) => {
                let rest = &covered[format!("\"line\":{number},").len()..];
                ([b"{", rest].concat(), number)
            }
            Err((reason, number)) => {
                self.torn = true;
                self.expected = number.unwrap_or(self.expected);
                return Err(damaged(reason));
            }
        };
        // After a damaged line, only the numbers tell whether a line is missing.
        if self.torn && number != std::mem::replace(&mut self.expected, number) {
            return Err(damaged(OUT_OF_PLACE));
        }
        let unknown = |reason: &str| Wrong { code: RefusalCode::Newer, reason: reason.to_owned() };
        let content: Content<'static> = serde_json::from_slice(&json)
            .map_err(|_| unknown("it is not a line of this format"))?;
        // The line is serialized again and compared: a difference means that it holds something
        // which this version does not know and would lose.
        if serde_json::to_vec(&content).ok().as_deref() != Some(&json) {
            return Err(unknown("it holds something that this version does not know"));
        }
        self.sum.take(&content, &json[1..]);
        Ok(content)
    }

    /// The bytes that the check covers, and the line's number as it states it.
    fn covered(&self) -> Result<(&[u8], u64), Distrust> {
        let line = &self.buffer;
        let covered = line.strip_suffix(b"\n").and_then(|line| line.get(COVERED..));
        let found = line.strip_prefix(PREFIX).and_then(|rest| rest.split_at_checked(CHECK_DIGITS));
        let (Some(covered), Some((found, rest))) = (covered, found) else {
            return Err((DAMAGED, None));
        };
        let digits = rest.strip_prefix(NUMBER).ok_or((DAMAGED, None))?;
        let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(0);
        let number = std::str::from_utf8(&digits[..end]).ok().and_then(|text| text.parse().ok());
        let number: u64 = number.ok_or((DAMAGED, None))?;
        let placed = covered.starts_with(format!("\"line\":{number},").as_bytes());
        if !self.torn {
            let here = placed && number == self.number;
            if check(&self.hash, covered).as_bytes() != found {
                return Err((if here { DAMAGED } else { OUT_OF_PLACE }, Some(number)));
            }
            if !here {
                return Err((OUT_OF_PLACE, Some(number)));
            }
        }
        if placed { Ok((covered, number)) } else { Err((DAMAGED, None)) }
    }
}
