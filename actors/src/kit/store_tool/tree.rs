//! MessagePack as JSON and back: any value, order kept.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const BYTES: &str = "$bytes";
const MSGPACK: &str = "$msgpack";

/// A value between the two formats.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A negative whole number.
    Int(i64),
    /// A whole number that is not negative.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Binary: `{"$bytes": …}` in JSON.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Tree>),
    /// Names and values.
    Map(Vec<(String, Tree)>),
    /// MessagePack that JSON cannot give back to the byte, in base64: `{"$msgpack": …}` in JSON.
    Msgpack(String),
}

impl Tree {
    /// Reads MessagePack, as well as it goes: whoever needs the very bytes compares.
    pub fn of_msgpack(value: &Bytes) -> Self {
        rmp_serde::from_slice(value).unwrap_or(Self::Null)
    }

    /// Returns the MessagePack of this value.
    pub fn into_msgpack(self) -> Result<Bytes, String> {
        let bytes = match self {
            Self::Msgpack(base64) => STANDARD.decode(base64).map_err(|error| format!("{MSGPACK}: {error}"))?,
            tree => rmp_serde::to_vec_named(&tree).map_err(|error| error.to_string())?,
        };
        Ok(bytes.into())
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) if serializer.is_human_readable() => named(serializer, BYTES, &STANDARD.encode(value)),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Msgpack(base64) => named(serializer, MSGPACK, base64),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

fn named<S: Serializer>(serializer: S, name: &str, base64: &str) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, base64)?;
    map.end()
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_json = deserializer.is_human_readable();
        deserializer.deserialize_any(TreeVisitor { is_json })
    }
}

struct TreeVisitor {
    is_json: bool,
}

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(u64::try_from(value).map_or(Tree::Int(value), Tree::UInt))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::UInt(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Tree, E> {
        Ok(Tree::Bytes(value.to_owned()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Tree, S::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Tree::List(values))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Tree, M::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Tree>()? {
            entries.push((name, value));
        }
        match entries.as_slice() {
            [(name, Tree::Text(base64))] if self.is_json && name == BYTES => {
                STANDARD.decode(base64).map(Tree::Bytes).map_err(M::Error::custom)
            }
            [(name, Tree::Text(base64))] if self.is_json && name == MSGPACK => Ok(Tree::Msgpack(base64.clone())),
            _ => Ok(Tree::Map(entries)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{read_line, write_line};
    use super::*;
    use crate::kit::snapshot::Snapshot;

    fn line(value: &[u8]) -> String {
        let value = Bytes::copy_from_slice(value);
        let mut line = Vec::new();
        write_line(&mut line, &Snapshot { kind: "k".into(), id: "a".into(), version: 1, value }).unwrap();
        String::from_utf8(line).unwrap()
    }

    fn exported(value: &[u8]) -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&line(value)).unwrap()["value"].take()
    }

    #[test]
    fn what_an_actor_stores_is_readable_in_an_export() {
        #[derive(Serialize)]
        struct State {
            name: String,
            count: u64,
            below: i8,
            ratio: f64,
            whole: f64,
            nothing: Option<u8>,
            tags: Vec<bool>,
        }
        let state =
            State { name: "ü\0".into(), count: u64::MAX, below: -1, ratio: 0.1, whole: 2.0, nothing: None, tags: vec![true] };

        assert_eq!(
            exported(&rmp_serde::to_vec_named(&state).unwrap()),
            json!({"name": "ü\0", "count": u64::MAX, "below": -1, "ratio": 0.1, "whole": 2.0, "nothing": null, "tags": [true]})
        );
    }

    #[test]
    fn binary_is_base64_and_what_json_cannot_hold_is_kept_whole() {
        let check = |value: &[u8], expected| {
            assert_eq!(exported(value), expected);
            assert_eq!(read_line(line(value).as_bytes()).unwrap().value, value);
        };

        check(&[0xc4, 2, 1, 2], json!({"$bytes": "AQI="}));
        // A number written longer than it need be, a 32-bit float, a map with a number as name, an extension, not a number.
        check(&[0xcd, 0, 1], json!({"$msgpack": "zQAB"}));
        check(&[0xca, 0x3f, 0x80, 0, 0], json!({"$msgpack": "yj+AAAA="}));
        check(&[0x81, 1, 2], json!({"$msgpack": "gQEC"}));
        check(&[0xd4, 0, 0], json!({"$msgpack": "1AAA"}));
        check(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], json!({"$msgpack": "y3/4AAAAAAAA"}));
        // A map that looks like binary, trailing bytes, an unfinished value, nothing at all.
        check(&[0x81, 0xa6, b'$', b'b', b'y', b't', b'e', b's', 0xa0], json!({"$msgpack": "gaYkYnl0ZXOg"}));
        check(&[1, 2], json!({"$msgpack": "AQI="}));
        check(&[0x92, 1], json!({"$msgpack": "kgE="}));
        check(&[], json!({"$msgpack": ""}));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_to_the_byte(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(read_line(line(&value).as_bytes()).unwrap().value, value);
        }

        #[test]
        fn any_json_comes_back_to_the_byte(text in r#"(\{("[a-z$]{1,8}":(-?[0-9]{1,18}|"[^"\\]{0,9}"|null|true|[0-9]\.[0-9]{1,15}),){0,4}"z":\[\]\})"#) {
            let value = match serde_json::from_str::<Tree>(&text) {
                Ok(tree) => tree.into_msgpack(),
                Err(_) => return Ok(()),
            };
            if let Ok(value) = value {
                prop_assert_eq!(read_line(line(&value).as_bytes()).unwrap().value, value);
            }
        }
    }
}
