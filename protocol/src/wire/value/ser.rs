//! Writing a value in any serde format. Integral floats are written as integers, as JavaScript does.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Value;

/// From here on a float's shortest form has an exponent and no fraction.
const EXPONENT_FROM: f64 = 1e16;

/// Returns a float as an integer, where JavaScript would write it without a fraction and `i64` holds it.
pub(in crate::wire) fn integral(value: f64) -> Option<i64> {
    let is_integral = value.abs() < EXPONENT_FROM && value.trunc() == value;
    #[expect(clippy::cast_possible_truncation, reason = "the value is integral and in range")]
    is_integral.then_some(value as i64)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => match integral(*value) {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(*value),
            },
            Self::String(value) => serializer.serialize_str(value),
            Self::Binary(bytes) => serializer.serialize_bytes(bytes),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
