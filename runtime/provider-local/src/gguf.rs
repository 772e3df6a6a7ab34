//! Reads the head of a GGUF file without the engine: checks the format, and reads what the metadata
//! says about the model.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Files are not trusted,
//! so every length in a head is checked against the length of the file.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use files::{NotRegular, not_regular, open_regular};

mod info;
mod tensors;

pub use info::ModelInfo;

/// The size of the fields that every GGUF file begins with: magic, version, two counts.
const HEAD_BYTES: u64 = 24;
/// The longest text that is read, in bytes; longer ones are skipped. The longest known texts are
/// chat templates of about ten thousand bytes.
const TEXT_BYTES: u64 = 1024 * 1024;
/// How deep arrays may be nested. Known files have no nested arrays.
const NESTING: u32 = 2;
/// The most bytes of a head. The largest known heads, with vocabularies of 250,000 tokens, have
/// about 20 MB. Without this bound a damaged head would be read to the end of the file, and a
/// sparse file can be larger than its disk.
const LONGEST_HEAD_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file is not a usable GGUF file, as far as its head shows.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// It cannot be opened or read.
    #[error("the file cannot be read")]
    Read(#[source] io::Error),
    /// The path leads to a folder, a named pipe, a device or the like.
    #[error(transparent)]
    NotAFile(NotRegular),
    /// The file does not begin with the magic number of GGUF.
    #[error("it is not a GGUF file")]
    NotGguf,
    /// The file has a version of the format that the engine does not read.
    #[error("it is GGUF of version {0}, and versions 2 and 3 can be read")]
    Version(u32),
    /// The file ends within its head, or before the end of its tensors.
    #[error("it is cut short")]
    Cut,
    /// The head contains an impossible value, which the text names.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// A file's head, read up to the first entry.
pub(crate) struct Head {
    from: BufReader<File>,
    /// The position in the file: bytes that were read or skipped.
    at: u64,
    file_bytes: u64,
    tensors: u64,
    entries: u64,
}

/// The value of an entry. Types that are not needed here become [`Value::Other`].
enum Value {
    Text(String),
    Number(u64),
    Other,
}

impl Head {
    /// Opens `file` and checks what can be checked within some microseconds.
    pub(crate) fn open(file: &Path) -> Result<Self, GgufError> {
        let opened = open_regular(file).map_err(|error| match not_regular(&error) {
            Some(what) => GgufError::NotAFile(what),
            None => GgufError::Read(error),
        })?;
        let metadata = opened.metadata().map_err(GgufError::Read)?;
        let mut head = Self {
            from: BufReader::new(opened),
            at: 0,
            file_bytes: metadata.len(),
            tensors: 0,
            entries: 0,
        };
        if head.bytes::<4>().map_err(|_| GgufError::NotGguf)? != *b"GGUF" {
            return Err(GgufError::NotGguf);
        }
        match head.u32()? {
            2 | 3 => {}
            other => return Err(GgufError::Version(other)),
        }
        if metadata.len() < HEAD_BYTES {
            return Err(GgufError::Cut);
        }
        head.tensors = head.u64()?;
        head.entries = head.u64()?;
        if head.tensors == 0 {
            return Err(GgufError::Damaged("it has no tensors"));
        }
        // An entry and a tensor's description take more than 12 bytes each.
        if head.tensors.saturating_add(head.entries) > metadata.len() / 12 {
            return Err(GgufError::Damaged("it promises more than it can hold"));
        }
        Ok(head)
    }

    /// Reads the next entry's name and value. Fails if the file ends first.
    fn entry(&mut self) -> Result<(String, Value), GgufError> {
        let length = self.u64()?;
        let name = self.text(length)?;
        let kind = self.u32()?;
        Ok((name, self.value(kind)?))
    }

    fn value(&mut self, kind: u32) -> Result<Value, GgufError> {
        Ok(match kind {
            0 => Value::Number(self.bytes::<1>()?[0].into()),
            2 => Value::Number(u16::from_le_bytes(self.bytes()?).into()),
            4 => Value::Number(self.u32()?.into()),
            10 => Value::Number(self.u64()?),
            8 => {
                let length = self.u64()?;
                Value::Text(self.text(length)?)
            }
            9 => {
                self.skip_array(1)?;
                Value::Other
            }
            other => {
                let width = width(other).ok_or(GgufError::Damaged("an entry of no known type"))?;
                self.skip(width)?;
                Value::Other
            }
        })
    }

    fn skip_array(&mut self, depth: u32) -> Result<(), GgufError> {
        let kind = self.u32()?;
        let count = self.u64()?;
        match (kind, width(kind)) {
            (_, Some(width)) => self.skip(count.saturating_mul(width)),
            (8, _) => (0..count).try_for_each(|_| {
                let length = self.u64()?;
                self.skip(length)
            }),
            (9, _) if depth < NESTING => (0..count).try_for_each(|_| self.skip_array(depth + 1)),
            _ => Err(GgufError::Damaged("an array of no known type")),
        }
    }

    fn text(&mut self, length: u64) -> Result<String, GgufError> {
        if length > TEXT_BYTES {
            self.skip(length)?;
            return Ok(String::new());
        }
        self.holds(length)?;
        let mut text = vec![0; usize::try_from(length).map_err(|_| GgufError::Cut)?];
        self.from.read_exact(&mut text).map_err(ended)?;
        self.at += length;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), GgufError> {
        self.holds(bytes)?;
        let distance = i64::try_from(bytes).map_err(|_| GgufError::Cut)?;
        // A relative seek keeps the buffer; an absolute one would discard it.
        self.from.seek_relative(distance).map_err(GgufError::Read)?;
        self.at += bytes;
        Ok(())
    }

    /// Fails unless `bytes` more bytes are within the file and within [`LONGEST_HEAD_BYTES`].
    fn holds(&self, bytes: u64) -> Result<(), GgufError> {
        if bytes > self.file_bytes.saturating_sub(self.at) {
            return Err(GgufError::Cut);
        }
        if self.at + bytes > LONGEST_HEAD_BYTES {
            return Err(GgufError::Damaged("its head is longer than that of any model"));
        }
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        self.holds(N as u64)?;
        self.from.read_exact(&mut bytes).map_err(ended)?;
        self.at += N as u64;
        Ok(bytes)
    }
}

/// The size in bytes of a value with a fixed width.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn ended(error: io::Error) -> GgufError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        GgufError::Cut
    } else {
        GgufError::Read(error)
    }
}
