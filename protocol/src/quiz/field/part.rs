//! Lists and objects inside a request, as they came.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::fault::Fault;
use crate::quiz::error::invalid_payload;

/// A list or an object that may be missing or be something else.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Part<T> {
    /// Not sent.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// What it should be.
    Is(T),
    /// Something else.
    Other,
}

impl<T> Part<T> {
    /// Returns whether it was not sent.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns it, if it was sent, and not as `null`.
    ///
    /// # Errors
    /// It is something else than `wanted` (400).
    pub fn optional(&self, name: &str, wanted: &str) -> Result<Option<&T>, Fault> {
        match self {
            Self::Absent | Self::Null => Ok(None),
            Self::Is(part) => Ok(Some(part)),
            Self::Other => Err(invalid_payload(format!("{name} must be {wanted}"))),
        }
    }
}

/// What a [`Part`] can be. What does not override a method does not take that form.
pub trait Form: Sized {
    /// Reads an object.
    ///
    /// # Errors
    /// Those of the input.
    fn from_map<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Option<Self>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Reads a list.
    ///
    /// # Errors
    /// Those of the input.
    fn from_seq<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// An object with fields of `T`, and never a list of them: serde reads a struct from both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<T>(pub T);

impl<T: DeserializeOwned> Form for Object<T> {
    fn from_map<'de, A: MapAccess<'de>>(entries: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(|fields| Some(Self(fields)))
    }
}

/// A list, of which no more than [`Items::KEPT`] items are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Items<T> {
    kept: Vec<T>,
    dropped: usize,
}

impl<T> Items<T> {
    /// More than any list of the contract may have.
    pub const KEPT: usize = 1000;

    /// Returns the items.
    ///
    /// # Errors
    /// There are more than `max` (400).
    pub fn at_most(&self, name: &str, max: usize) -> Result<&[T], Fault> {
        if self.dropped > 0 || self.kept.len() > max {
            return Err(invalid_payload(format!("{name} must have {max} items at most")));
        }
        Ok(&self.kept)
    }
}

impl<T: DeserializeOwned> Form for Items<T> {
    fn from_seq<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut list = Self { kept: Vec::new(), dropped: 0 };
        while list.kept.len() < Self::KEPT {
            let Some(item) = items.next_element()? else { return Ok(Some(list)) };
            list.kept.push(item);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            list.dropped += 1;
        }
        Ok(Some(list))
    }
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Serialize> Serialize for Items<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.kept.serialize(serializer)
    }
}

impl<T: Serialize> Serialize for Part<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_unit(),
            Self::Is(part) => part.serialize(serializer),
            Self::Other => serializer.serialize_bool(false),
        }
    }
}

impl<'de, T: Form> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor(PhantomData))
    }
}

struct PartVisitor<T>(PhantomData<T>);

impl<T> PartVisitor<T> {
    fn found<E>(part: Option<T>) -> Result<Part<T>, E> {
        Ok(part.map_or(Part::Other, Part::Is))
    }
}

impl<'de, T: Form> Visitor<'de> for PartVisitor<T> {
    type Value = Part<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_unit<E>(self) -> Result<Part<T>, E> {
        Ok(Part::Null)
    }

    fn visit_none<E>(self) -> Result<Part<T>, E> {
        Ok(Part::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Part<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Part<T>, A::Error> {
        Self::found(T::from_seq(items)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Part<T>, A::Error> {
        Self::found(T::from_map(entries)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::field::Field;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Default, Deserialize)]
    #[serde(default)]
    struct Pair {
        one: Field,
        two: Field,
    }

    fn read<T: DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).expect("any value reads")
    }

    #[test]
    fn an_object_is_never_a_list_of_its_fields() {
        let pair = Pair { one: Field::Number(1.0), two: Field::Absent };
        assert_eq!(read::<Part<Object<Pair>>>(r#"{"one":1,"three":[{}]}"#), Part::Is(Object(pair)));
        for other in ["[1,2]", "1", "-1", "1.5", "true", "\"text\""] {
            assert_eq!(read::<Part<Object<Pair>>>(other), Part::Other, "{other}");
        }
        assert_eq!(read::<Part<Object<Pair>>>("null"), Part::Null);
    }

    #[test]
    fn a_list_keeps_its_items_up_to_a_bound() {
        let list = |json: &str| match read::<Part<Items<Field>>>(json) {
            Part::Is(items) => items.at_most("tags", 2).map(<[Field]>::len).map_err(|fault| fault.message),
            other => Err(format!("{other:?}")),
        };
        assert_eq!(list("[]"), Ok(0));
        assert_eq!(list("[1,[2]]"), Ok(2));
        assert_eq!(list("[1,2,3]"), Err("tags must have 2 items at most".to_owned()));
        assert_eq!(list("{}"), Err("Other".to_owned()));
        let long = format!("[{}0]", "0,".repeat(Items::<Field>::KEPT));
        let Part::Is(items) = read::<Part<Items<Field>>>(&long) else { panic!("a list") };
        assert!(items.at_most("tags", usize::MAX).is_err());
    }

    #[test]
    fn a_part_that_is_missing_is_none_and_a_wrong_one_is_named() {
        assert_eq!(Part::<Items<Field>>::Absent.optional("tags", "an array"), Ok(None));
        assert_eq!(Part::<Items<Field>>::Null.optional("tags", "an array"), Ok(None));
        let refused = Part::<Items<Field>>::Other.optional("tags", "an array").map_err(|fault| fault.message);
        assert_eq!(refused, Err("tags must be an array".to_owned()));
    }
}
