//! Deserializes parts of a tree: the variant of an enum with its content, and the fields of an
//! object.

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, SeqAccess, VariantAccess, Visitor};

use super::{Tree, Unreadable};

/// A variant is its name, or an object with one field: the variant's name and its content.
impl<'de> EnumAccess<'de> for Tree {
    type Error = Unreadable;
    type Variant = Held;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Held), Unreadable> {
        let (name, held) = match self {
            Self::Text(name) => (name, None),
            Self::Object(fields) => {
                let (name, held) = fields.into_iter().next().ok_or(Unreadable)?;
                (name, Some(held))
            }
            _ => return Err(Unreadable),
        };
        Ok((seed.deserialize(Self::Text(name))?, Held(held)))
    }
}

/// The content of a variant.
pub struct Held(pub Option<Tree>);

impl<'de> VariantAccess<'de> for Held {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, Unreadable> {
        seed.deserialize(self.0.ok_or(Unreadable)?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.0.ok_or(Unreadable)?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(Fields::of(self.0.ok_or(Unreadable)?, names)?)
    }
}

/// The fields of an object, in the order in which a type names them. Each field is looked up by its
/// name, so that no type needs generated code to tell its field names apart.
pub(crate) struct Fields {
    object: Tree,
    names: std::slice::Iter<'static, &'static str>,
}

impl Fields {
    pub(crate) fn of(object: Tree, names: &'static [&'static str]) -> Result<Self, Unreadable> {
        let is_object = matches!(object, Tree::Object(_));
        is_object.then(|| Self { object, names: names.iter() }).ok_or(Unreadable)
    }

    fn next(&mut self) -> Option<Tree> {
        self.object.take(self.names.next()?).ok()
    }
}

/// A missing field is reported as absent (`None`), and the next call returns the field after it.
/// The type then uses its default for the absent field, or fails to deserialize.
impl<'de> SeqAccess<'de> for Fields {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unreadable> {
        self.next().map(|field| seed.deserialize(field)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Timings, Usage};

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
        Tree::parse(text)?.value()
    }

    #[test]
    fn fields_are_found_by_their_names_in_any_order() {
        let usage = read::<Usage>(r#"{"completion_tokens":2,"new":[{}],"prompt_tokens":1}"#);
        let expected = Usage {
            prompt_tokens: 1,
            completion_tokens: 2,
            cached_tokens: None,
            reasoning_tokens: None,
        };
        assert_eq!(usage, Ok(expected));
    }

    #[test]
    fn a_missing_field_gets_its_default_or_makes_the_object_unreadable() {
        let timings = Timings { total_ms: Some(3), ..Timings::default() };
        assert_eq!(read::<Timings>(r#"{"total_ms":3}"#), Ok(timings));
        assert_eq!(read::<Timings>("{}"), Ok(Timings::default()));
        assert_eq!(read::<Usage>(r#"{"completion_tokens":2}"#), Err(Unreadable));
        assert_eq!(read::<Usage>(r#"{"prompt_tokens":1,"completion_tokens":-2}"#), Err(Unreadable));
        assert_eq!(read::<Usage>("[1,2]"), Err(Unreadable));
    }
}
