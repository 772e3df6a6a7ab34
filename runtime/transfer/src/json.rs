//! A lenient JSON parser, which produces a flat list of values in their order.
//!
//! It accepts more than JSON's grammar, because real exports need it: lone surrogates become U+FFFD
//! and are counted, `NaN` and `Infinity` (which Python writes) become null, and surplus commas are
//! ignored. Fields keep their order, and duplicate names are kept. The parser does not recurse, so
//! nesting costs no stack; the number of values is bounded.

use std::borrow::Cow;

/// The most values in one conversation; each takes some 40 bytes of memory.
const VALUES: usize = 4_000_000;

/// Why a text cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A syntax error at this byte.
    At(usize),
    TooMany,
}

#[derive(Debug)]
enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    /// A list; its values end before the index `end`.
    List {
        end: usize,
    },
    /// An object; like a list, with names and values in turn.
    Object {
        end: usize,
    },
}

/// A parsed text.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    values: Vec<Value<'a>>,
    replaced: Replaced,
}

/// The indexes of texts that had lone surrogates, and their number in each.
type Replaced = Vec<(usize, u64)>;

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'d> {
    values: &'d [Value<'d>],
    replaced: &'d [(usize, u64)],
    at: usize,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Wrong> {
        let mut parser = Parser { text, at: 0, values: Vec::new(), replaced: Vec::new() };
        parser.run()?;
        Ok(Self { values: parser.values, replaced: parser.replaced })
    }

    pub(crate) fn root(&self) -> Json<'_> {
        Json { values: &self.values, replaced: &self.replaced, at: 0 }
    }
}

impl<'d> Json<'d> {
    pub(crate) fn is_object(self) -> bool {
        matches!(self.values[self.at], Value::Object { .. })
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self.values[self.at], Value::List { .. })
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self.values[self.at], Value::Null)
    }

    /// The value of a field. Of duplicate names this is the last; a null counts as missing.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        let found = self.fields().filter(|(found, _)| *found == name).last();
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// The value of the first of these fields that exists.
    pub(crate) fn first_of(self, names: &[&str]) -> Option<Self> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(crate) fn text(self) -> Option<&'d str> {
        match &self.values[self.at] {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a field.
    pub(crate) fn text_of(self, name: &str) -> Option<&'d str> {
        self.get(name)?.text()
    }

    /// An id: a non-empty text, or a number.
    pub(crate) fn id(self) -> Option<&'d str> {
        match &self.values[self.at] {
            Value::Text(text) => Some(&**text).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn number(self) -> Option<f64> {
        match self.values[self.at] {
            Value::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn is_true(self) -> bool {
        matches!(self.values[self.at], Value::Bool(true))
    }

    /// The number of lone surrogates within this value.
    pub(crate) fn replaced(self) -> u64 {
        let within = self.at..self.end();
        let counts = self.replaced.iter().filter(|(at, _)| within.contains(at));
        counts.map(|(_, count)| count).sum()
    }

    /// The index of the value after this one.
    fn end(self) -> usize {
        match self.values[self.at] {
            Value::List { end } | Value::Object { end } => end,
            _ => self.at + 1,
        }
    }

    /// The elements of a list; empty for any other value.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        let end = if self.is_list() { self.end() } else { self.at };
        Each { next: Self { at: self.at + 1, ..self }, end }
    }

    /// The elements of the list in a field.
    pub(crate) fn items_of(self, name: &str) -> impl Iterator<Item = Self> + use<'d> {
        self.get(name).into_iter().flat_map(Self::items)
    }

    /// The fields of an object; empty for any other value.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'d str, Self)> {
        let end = if self.is_object() { self.end() } else { self.at };
        let mut each = Each { next: Self { at: self.at + 1, ..self }, end };
        std::iter::from_fn(move || {
            let name = each.next()?.text().unwrap_or_default();
            Some((name, each.next()?))
        })
    }
}

struct Each<'d> {
    next: Json<'d>,
    end: usize,
}

impl<'d> Iterator for Each<'d> {
    type Item = Json<'d>;

    fn next(&mut self) -> Option<Json<'d>> {
        let found = self.next;
        if found.at >= self.end {
            return None;
        }
        self.next.at = found.end();
        Some(found)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    values: Vec<Value<'a>>,
    replaced: Replaced,
}

/// A list or object whose end was not reached yet.
struct Open {
    /// Its index among the values.
    value: usize,
    is_object: bool,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), Wrong> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip();
            match open.last() {
                Some(Open { is_object, .. }) => {
                    let is_object = *is_object;
                    while self.taken(b',') {
                        self.skip();
                    }
                    if self.taken(if is_object { b'}' } else { b']' }) {
                        let end = self.values.len();
                        let Some(Open { value, .. }) = open.pop() else { continue };
                        self.values[value] = match is_object {
                            true => Value::Object { end },
                            false => Value::List { end },
                        };
                        if open.is_empty() {
                            return self.end();
                        }
                        continue;
                    }
                    if is_object {
                        if !self.taken(b'"') {
                            return Err(Wrong::At(self.at));
                        }
                        let name = self.string()?;
                        self.push(Value::Text(name))?;
                        self.skip();
                        if !self.taken(b':') {
                            return Err(Wrong::At(self.at));
                        }
                        self.skip();
                    }
                }
                None if !self.values.is_empty() => return self.end(),
                None => {}
            }
            let value = self.values.len();
            if self.taken(b'{') {
                self.push(Value::Object { end: 0 })?;
                open.push(Open { value, is_object: true });
            } else if self.taken(b'[') {
                self.push(Value::List { end: 0 })?;
                open.push(Open { value, is_object: false });
            } else {
                let scalar = self.scalar()?;
                self.push(scalar)?;
            }
        }
    }

    fn end(&mut self) -> Result<(), Wrong> {
        self.skip();
        if self.at == self.text.len() { Ok(()) } else { Err(Wrong::At(self.at)) }
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Wrong> {
        if self.values.len() >= VALUES {
            return Err(Wrong::TooMany);
        }
        self.values.push(value);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn taken(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn skip(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn scalar(&mut self) -> Result<Value<'a>, Wrong> {
        if self.taken(b'"') {
            return Ok(Value::Text(self.string()?));
        }
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            self.at += 1;
        }
        match &self.text[begin..self.at] {
            "null" | "NaN" | "Infinity" | "-Infinity" | "undefined" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            number if number.parse::<f64>().is_ok_and(f64::is_finite) => Ok(Value::Number(number)),
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                // The number is beyond the range of f64, such as 1e999.
                number.parse::<f64>().map(|_| Value::Null).map_err(|_| Wrong::At(begin))
            }
            _ => Err(Wrong::At(begin)),
        }
    }

    /// Parses the rest of a text after its opening quotation mark.
    fn string(&mut self) -> Result<Cow<'a, str>, Wrong> {
        let begin = self.at;
        let bytes = self.text.as_bytes();
        let mut owned: Option<String> = None;
        let mut from = begin;
        let mut replaced = 0;
        loop {
            match bytes.get(self.at) {
                None => return Err(Wrong::At(self.at)),
                Some(b'"') => {
                    let rest = &self.text[from..self.at];
                    self.at += 1;
                    if replaced > 0 {
                        self.replaced.push((self.values.len(), replaced));
                    }
                    return Ok(match owned {
                        None => Cow::Borrowed(rest),
                        Some(mut text) => {
                            text.push_str(rest);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(&self.text[from..self.at]);
                    let (letter, length) = escape(&bytes[self.at..]).ok_or(Wrong::At(self.at))?;
                    replaced += u64::from(letter.is_none());
                    text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
                    self.at += length;
                    from = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
    }
}

/// The character of an escape and the escape's length in bytes; no character for a lone surrogate.
fn escape(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let letter = match bytes.get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let first = unit(&bytes[2..])?;
            if let Some(letter) = char::from_u32(first) {
                return Some((Some(letter), 6));
            }
            let second = match bytes.get(6..8) {
                Some(b"\\u") => unit(&bytes[8..]).filter(|unit| (0xDC00..0xE000).contains(unit)),
                _ => None,
            };
            return Some(match second {
                Some(second) if first < 0xDC00 => {
                    let both = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    (Some(char::from_u32(both)?), 12)
                }
                _ => (None, 6),
            });
        }
        other @ (b'"' | b'\\' | b'/') => char::from(*other),
        _ => return None,
    };
    Some((Some(letter), 2))
}

/// A number of four hexadecimal digits.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.get(..4)?;
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Known;

    use super::*;

    fn known(json: Json<'_>) -> Known {
        match &json.values[json.at] {
            Value::Null => Known::Null,
            Value::Bool(is) => (*is).into(),
            Value::Number(number) => serde_json::from_str(number).unwrap(),
            Value::Text(text) => text.to_string().into(),
            Value::List { .. } => json.items().map(known).collect(),
            Value::Object { .. } => {
                json.fields().map(|(name, value)| (name.to_owned(), known(value))).collect()
            }
        }
    }

    fn any_known() -> impl Strategy<Value = Known> {
        let leaf = prop_oneof![
            Just(Known::Null),
            any::<bool>().prop_map(Known::from),
            any::<i64>().prop_map(Known::from),
            ".{0,8}".prop_map(Known::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Known::from),
                prop::collection::btree_map(".{0,4}", inner, 0..6)
                    .prop_map(|map| Known::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_is_parsed_like_by_serde(value in any_known(), pretty in any::<bool>()) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            prop_assert_eq!(known(Document::parse(&text).unwrap().root()), value);
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "[\\[\\]{}\":,\\\\ud8001a ]{0,40}") {
            let _ = Document::parse(&text);
        }
    }

    #[test]
    fn common_extensions_of_the_json_grammar_are_parsed() {
        let text =
            r#"{"a": NaN, "b": [-Infinity, 1e999, ], "c": "x\ud800y\udc00", "d": "\ud83e\udd80",}"#;
        let document = Document::parse(text).unwrap();
        let root = document.root();
        assert!(root.get("a").is_none());
        assert_eq!(root.items_of("b").filter(|item| item.is_null()).count(), 2);
        assert_eq!(root.text_of("c"), Some("x\u{fffd}y\u{fffd}"));
        assert_eq!(root.text_of("d"), Some("🦀"));
        let count = |name: &str| root.get(name).unwrap().replaced();
        assert_eq!((count("b"), count("c"), count("d"), root.replaced()), (0, 2, 0, 2));
        for wrong in ["", "{", "[1", "\"", "{1:2}", "[1] 2", "tru", "1-2", "\"\\x\"", "{\"a\" 1}"] {
            assert!(matches!(Document::parse(wrong), Err(Wrong::At(_))), "{wrong}");
        }
        let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
        assert!(Document::parse(&deep).is_ok());
    }
}
