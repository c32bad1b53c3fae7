//! A value of an event's arguments whose type nobody declared: JSON's values and bytes, objects in the order they came.

mod de;
mod ser;

use bytes::Bytes;
use serde::de::DeserializeOwned;

pub use de::ValueError;
pub(super) use de::{Budget, ValueSeed};
pub(super) use ser::integral;

/// One value. Integers that fit neither `i64` nor `u64` are floats; `UInt` is used above `i64::MAX` only.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the variants are the kinds of value there are")]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    String(String),
    Binary(Bytes),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads a typed value from this one.
    ///
    /// # Errors
    /// What the type says about a value that does not fit it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        T::deserialize(self)
    }

    /// Returns the member of that name; of several, the last, as JavaScript does.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the text, of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns about how many bytes of memory the value holds.
    #[must_use]
    pub fn weight(&self) -> usize {
        let inside = match self {
            Self::String(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Array(items) => items.iter().map(Self::weight).sum(),
            Self::Object(members) => members.iter().map(|(key, value)| size_of::<String>() + key.len() + value.weight()).sum(),
            _ => 0,
        };
        size_of::<Self>() + inside
    }

    /// Returns whether there are bytes anywhere inside.
    #[must_use]
    pub fn has_binary(&self) -> bool {
        match self {
            Self::Binary(_) => true,
            Self::Array(items) => items.iter().any(Self::has_binary),
            Self::Object(members) => members.iter().any(|(_, value)| value.has_binary()),
            _ => false,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::UInt(value), Self::Int)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Self::Binary(value)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Self::Int(value),
                (None, Some(value)) => Self::UInt(value),
                (None, None) => number.as_f64().map_or(Self::Null, Self::Float),
            },
            Json::String(value) => Self::String(value),
            Json::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Json::Object(members) => Self::Object(members.into_iter().map(|(key, value)| (key, value.into())).collect()),
        }
    }
}

/// Bytes become an array of numbers, and what JSON cannot write (not-a-number, infinity) becomes null.
impl From<Value> for serde_json::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => value.into(),
            Value::UInt(value) => value.into(),
            Value::Float(value) => ser::integral(value).map_or_else(|| value.into(), Self::from),
            Value::String(value) => Self::String(value),
            Value::Binary(bytes) => Self::Array(bytes.iter().map(|&byte| byte.into()).collect()),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(members.into_iter().map(|(key, value)| (key, value.into())).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    fn object(members: &[(&str, Value)]) -> Value {
        Value::Object(members.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
    }

    #[test]
    fn json_keeps_its_order_and_its_numbers() {
        let json = r#"{"z":1,"a":[null,true,-5,18446744073709551615,1.5],"m":{"x":"ü"}}"#;
        let value: Value = serde_json::from_str(json).expect("parses");
        let items = vec![Value::Null, true.into(), (-5_i64).into(), u64::MAX.into(), 1.5.into()];
        assert_eq!(value, object(&[("z", 1_i64.into()), ("a", Value::Array(items)), ("m", object(&[("x", "ü".into())]))]));
        assert_eq!(serde_json::to_string(&value).expect("writes"), json);
    }

    #[test]
    fn integers_beyond_64_bits_become_floats() {
        assert_eq!(serde_json::from_str::<Value>("18446744073709551616").ok(), Some(Value::Float(18_446_744_073_709_551_616.0)));
    }

    #[test]
    fn integral_floats_lose_their_fraction() {
        let check = |value: f64, json: &str| assert_eq!(serde_json::to_string(&Value::Float(value)).ok().as_deref(), Some(json));
        check(400.0, "400");
        check(-0.0, "0");
        check(0.1, "0.1");
        check(9_007_199_254_740_992.0, "9007199254740992");
        check(1e300, "1e+300");
        check(f64::NAN, "null");
        check(f64::NEG_INFINITY, "null");
    }

    #[test]
    fn a_type_is_read_as_from_json() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Kind {
            Plain,
            Sized { size: f64 },
            Pair(u8, String),
        }
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Sample {
            id: u32,
            name: Option<String>,
            kinds: Vec<Kind>,
            rest: serde_json::Value,
            tagged: Tagged,
        }
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        enum Tagged {
            On { at: u64 },
        }
        let json = r#"{"id":7,"name":null,"kinds":["plain",{"sized":{"size":2}},{"pair":[1,"x"]}],
            "rest":{"b":[1.5],"a":null},"tagged":{"type":"On","at":5}}"#;
        let value: Value = serde_json::from_str(json).expect("parses");
        assert_eq!(value.read::<Sample>(), Ok(serde_json::from_str::<Sample>(json).expect("parses")));
        assert!(object(&[("id", "seven".into())]).read::<Sample>().is_err());
    }

    #[test]
    fn bytes_stay_bytes() {
        let value = object(&[("frame", Bytes::from_static(&[1, 2]).into())]);
        assert_eq!(value.read::<Value>(), Ok(value.clone()));
        assert!(value.has_binary());
        let packed = rmp_serde::to_vec(&value).expect("writes");
        assert_eq!(rmp_serde::from_slice::<Value>(&packed).ok(), Some(value));
    }

    #[test]
    fn conversion_to_and_from_json_values_agrees_with_the_text() {
        let json: serde_json::Value =
            serde_json::from_str(r#"{"b":[1,-1,1.5,"x",null,true,18446744073709551615]}"#).expect("parses");
        let value = Value::from(json.clone());
        assert_eq!(serde_json::Value::from(value), json);
        assert_eq!(serde_json::Value::from(Value::Float(3.0)), serde_json::json!(3));
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts() {
        assert_eq!(object(&[("a", 1_i64.into()), ("a", 2_i64.into())]).get("a"), Some(&Value::Int(2)));
    }
}
