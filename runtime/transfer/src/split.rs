//! Splits a JSON file into its values without parsing them: the elements of a list, or consecutive
//! values, as in JSON Lines.
//!
//! So a malformed value affects only itself, and one value is in memory at a time.

use std::io::{self, BufRead};

/// The arrangement of the values in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Not known before the first byte is read.
    Unknown,
    List,
    /// One value after the other.
    Row,
    /// One value in each line.
    Lines,
    Ended,
}

/// A value, or a problem in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Value(Vec<u8>),
    /// A value with more bytes than allowed.
    TooLong,
    /// The file ends within a value, or before the end of the list.
    CutOff,
    /// Something follows the end of the list.
    Behind,
}

pub(crate) struct Values<R> {
    input: R,
    shape: Shape,
    most: usize,
    /// The number of bytes read so far.
    read: u64,
    /// The offset of the current value, and its bytes.
    begin: u64,
    bytes: Vec<u8>,
    too_long: bool,
}

/// The byte order mark, which some programs write before UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<R: BufRead> Values<R> {
    /// Splits `input` into values of at most `most` bytes.
    pub(crate) fn new(input: R, most: usize) -> Self {
        let (bytes, shape) = (Vec::new(), Shape::Unknown);
        Self { input, shape, most, read: 0, begin: 0, bytes, too_long: false }
    }

    /// The offset in the file of the last returned value.
    pub(crate) fn begin(&self) -> u64 {
        self.begin
    }

    /// Whether the file is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.shape == Shape::List
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        if self.shape == Shape::Unknown {
            self.shape = match self.skip(BYTE_ORDER_MARK)? {
                Some(b'[') => {
                    self.consume(1);
                    Shape::List
                }
                _ => Shape::Row,
            };
        }
        self.bytes.clear();
        self.too_long = false;
        match self.shape {
            Shape::Unknown | Shape::Ended => Ok(None),
            Shape::List => match self.skip(b",")? {
                None => {
                    self.shape = Shape::Ended;
                    Ok(Some(Piece::CutOff))
                }
                Some(b']') => {
                    self.consume(1);
                    self.shape = Shape::Ended;
                    Ok(self.skip(b"")?.map(|_| Piece::Behind))
                }
                Some(_) => self.value().map(Some),
            },
            Shape::Row => match self.skip(b",\x1e")? {
                None => Ok(None),
                Some(_) => {
                    let value = self.value()?;
                    if !self.bytes_hold_a_break(&value) && self.ends_with_a_line()? {
                        self.shape = Shape::Lines;
                    }
                    Ok(Some(value))
                }
            },
            Shape::Lines => match self.skip(b",\x1e")? {
                None => Ok(None),
                Some(_) => self.line().map(Some),
            },
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.read += bytes as u64;
        self.input.consume(bytes);
    }

    fn bytes_hold_a_break(&self, value: &Piece) -> bool {
        matches!(value, Piece::Value(bytes) if bytes.contains(&b'\n'))
    }

    /// Skips white space and the bytes in `also`; returns the next byte without consuming it.
    fn skip(&mut self, also: &[u8]) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let skipped = |byte: &u8| byte.is_ascii_whitespace() || also.contains(byte);
            let (at, length) = (buffer.iter().position(|byte| !skipped(byte)), buffer.len());
            let next = at.map(|at| buffer[at]);
            self.consume(at.unwrap_or(length));
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Whether only white space is left on the line.
    fn ends_with_a_line(&mut self) -> io::Result<bool> {
        loop {
            match self.input.fill_buf()?.first() {
                Some(b' ' | b'\t' | b'\r') => self.consume(1),
                other => return Ok(matches!(other, Some(b'\n'))),
            }
        }
    }

    /// Reads one value, looking only at brackets and quotation marks.
    fn value(&mut self) -> io::Result<Piece> {
        let (mut depth, mut text, mut escaped, mut begun) = (0_usize, false, false, false);
        self.begin = self.read;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                // Outside of a list, the end of the file may end a number or a word.
                let whole = begun && depth == 0 && !text && self.shape != Shape::List;
                self.shape = if whole { self.shape } else { Shape::Ended };
                return Ok(if whole { self.taken() } else { Piece::CutOff });
            }
            let mut end = None;
            for (at, byte) in buffer.iter().enumerate() {
                if text {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            text = false;
                            if depth == 0 {
                                end = Some(at + 1);
                                break;
                            }
                        }
                        _ => {}
                    }
                    continue;
                }
                match byte {
                    b'"' => text = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 0 => {
                        // This is the list's end; a stray bracket is returned as a value, so that
                        // it is skipped.
                        end = Some(if begun { at } else { at + 1 });
                        break;
                    }
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            end = Some(at + 1);
                            break;
                        }
                    }
                    b',' if depth == 0 => {
                        end = Some(at);
                        break;
                    }
                    byte if depth == 0 && byte.is_ascii_whitespace() => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
                begun = true;
            }
            let read = end.unwrap_or(buffer.len());
            push_bounded(&mut self.bytes, &mut self.too_long, self.most, &buffer[..read]);
            begun |= read > 0;
            self.consume(read);
            if end.is_some() {
                return Ok(self.taken());
            }
        }
    }

    fn line(&mut self) -> io::Result<Piece> {
        self.begin = self.read;
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let read = end.unwrap_or(buffer.len());
            push_bounded(&mut self.bytes, &mut self.too_long, self.most, &buffer[..read]);
            let last = buffer.is_empty();
            self.consume(read);
            if end.is_some() || last {
                return Ok(self.taken());
            }
        }
    }

    fn taken(&mut self) -> Piece {
        if self.too_long { Piece::TooLong } else { Piece::Value(std::mem::take(&mut self.bytes)) }
    }
}

/// Appends bytes to a value, or drops the value if it becomes too long.
fn push_bounded(bytes: &mut Vec<u8>, too_long: &mut bool, most: usize, more: &[u8]) {
    if *too_long || bytes.len() + more.len() > most {
        *too_long = true;
        *bytes = Vec::new();
    } else {
        bytes.extend_from_slice(more);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// All pieces of a text; they must not depend on the sizes of the reads.
    fn pieces(text: &str) -> Vec<Piece> {
        let read = |capacity| {
            let mut values = Values::new(BufReader::with_capacity(capacity, text.as_bytes()), 30);
            std::iter::from_fn(|| values.next().unwrap()).take(50).collect::<Vec<_>>()
        };
        let all = read(1);
        for capacity in [2, 3, 7, 100] {
            assert_eq!(read(capacity), all, "{capacity}");
        }
        all
    }

    fn value(text: &str) -> Piece {
        Piece::Value(text.as_bytes().to_vec())
    }

    #[test]
    fn a_list_is_split_into_values_and_a_malformed_one_affects_only_itself() {
        let text = r#" [ {"a":"]}\"{"}, 7,"x,]" , [[]] ,, {"b": tru}, null ] "#;
        let (a, b) = (r#"{"a":"]}\"{"}"#, r#"{"b": tru}"#);
        assert_eq!(
            pieces(text),
            [value(a), value("7"), value("\"x,]\""), value("[[]]"), value(b), value("null")]
        );
        assert_eq!(pieces("[]"), []);
        assert_eq!(pieces("\u{feff}[1]"), [value("1")]);
        assert_eq!(pieces("[1]x"), [value("1"), Piece::Behind]);
        assert_eq!(pieces("[1,{\"a\":"), [value("1"), Piece::CutOff]);
        assert_eq!(pieces("[1,"), [value("1"), Piece::CutOff]);
        let long = format!("[1,\"{}\",2]", "x".repeat(40));
        assert_eq!(pieces(&long), [value("1"), Piece::TooLong, value("2")]);
    }

    #[test]
    fn values_in_lines_or_in_sequence_are_split() {
        assert_eq!(
            pieces("{\"a\":1}\r\n{\"b\":\n2\n\n"),
            [value("{\"a\":1}"), value("{\"b\":"), value("2")]
        );
        assert_eq!(
            pieces("{\n\"a\":1}\n{\"b\":\n2}"),
            [value("{\n\"a\":1}"), value("{\"b\":\n2}")]
        );
        assert_eq!(pieces("{\"a\":1}"), [value("{\"a\":1}")]);
        assert_eq!(pieces("{\"a\""), [Piece::CutOff]);
        assert_eq!(pieces("12"), [value("12")]);
        assert_eq!(pieces("} ]"), [value("}"), value("]")]);
        assert_eq!(pieces("  "), []);
    }

    #[test]
    fn the_position_of_each_value_is_known() {
        for (text, expected) in
            [("\u{feff} [1, {} ,3]", vec![5, 8, 12]), ("{}\n {}\n[\n1]", vec![0, 4, 7, 9])]
        {
            let mut values = Values::new(BufReader::with_capacity(2, text.as_bytes()), 30);
            let mut places = Vec::new();
            while let Some(Piece::Value(_)) = values.next().unwrap() {
                places.push(values.begin());
            }
            assert_eq!(places, expected, "{text}");
        }
    }
}
