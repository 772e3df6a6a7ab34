//! Reads the JSON of requests more strictly than serde does by itself.
//!
//! A body must be an object, in UTF-8, and no object may have two fields of the same name, because
//! parsers differ in which one they take (RFC 8259, section 4; RFC 7493 forbids it). Where a struct
//! is expected, on any level, only an object is taken: the code that serde derives would also take
//! an array of the fields' values in the order of their declaration, so that `[null,null]` would be
//! a request. `serde_json` bounds the depth to 128 levels.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::{Deserialize, de};
use serde_json::{Error, Map, Number, Value};

mod media;

pub use media::{Wrong, check};

/// A JSON value. Invariant: in its text no object had two fields of the same name.
#[derive(Clone, Debug, PartialEq)]
pub struct Strict(Value);

/// Why a body was refused, with the place where it is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// Reads a `T` from the JSON object in `bytes`.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(object(bytes)?).map_err(|error| {
        let (path, problem) = (error.path().to_string(), error.into_inner());
        // On the top level the path is `.`, and the problem itself names the field.
        let place = if path == "." { String::new() } else { format!("{path}: ") };
        Unreadable(format!("{place}{problem}"))
    })
}

/// Reads the JSON object in `bytes`, with any fields.
pub fn object(bytes: &[u8]) -> Result<Strict, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable("not UTF-8".to_owned()))?;
    let read: Strict = serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
    match read.0 {
        Value::Object(_) => Ok(read),
        _ => Err(Unreadable("expected an object".to_owned())),
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read).map(Self)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::custom("a number that is none"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, _>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the field `{name}` is there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Self)))
            }
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // Content of a variant would be read less strictly, but no request has such an enum.
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Outer {
        name: Option<String>,
        count: Option<u32>,
        inner: Option<Inner>,
        list: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: bool,
    }

    #[test]
    fn a_valid_object_is_read() {
        let text = r#"{"name":"日本","count":7,"inner":{"a":true},"list":[{"a":false}]}"#;
        let expected = Outer {
            name: Some("日本".to_owned()),
            count: Some(7),
            inner: Some(Inner { a: true }),
            list: vec![Inner { a: false }],
        };
        assert_eq!(read::<Outer>(text.as_bytes()), Ok(expected));
        assert_eq!(read::<Outer>(b" {\"name\":null} \n"), Ok(Outer::default()));
    }

    #[test]
    fn an_invalid_body_is_refused_with_the_position() {
        let deep = format!("{{\"name\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        for (text, words) in [
            ("[null,null]", "expected an object"),
            ("null", "expected an object"),
            ("", "line 1 column 0"),
            ("{\"inner\":[true]}", "inner: invalid type: sequence"),
            ("{\"list\":[[true]]}", "list[0]: invalid type: sequence"),
            ("{\"name\":\"a\",\"name\":\"b\"}", "`name` is there twice"),
            ("{\"inner\":{\"a\":true,\"a\":true}}", "`a` is there twice"),
            ("{\"n\\u0061me\":\"a\",\"name\":\"b\"}", "`name` is there twice"),
            ("{\"count\":-1}", "count: "),
            ("{\"count\":1.0}", "count: "),
            ("{\"count\":4294967296}", "count: "),
            ("{\"count\":1e999}", "out of range"),
            ("{\"count\":NaN}", "expected value"),
            ("{\"count\":\"1\"}", "count: "),
            ("{\"other\":1}", "unknown field `other`"),
            ("{\"inner\":{}}", "inner: missing field `a`"),
            ("{} {}", "trailing characters"),
            ("\u{feff}{}", "expected value"),
            (&deep, "recursion limit"),
        ] {
            let error = read::<Outer>(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert_eq!(read::<Outer>(b"{\"name\":\"\xff\"}").unwrap_err().to_string(), "not UTF-8");
    }
}
