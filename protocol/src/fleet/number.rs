//! Numbers as JavaScript writes them: an integral value has no fraction, because strict clients fail to read `1.0` as an integer.

use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

/// The largest integer up to which every `f64` without a fraction is exact.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A number that is written without a fraction where it has none.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Decimal(pub f64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match whole(self.0) {
            Some(integer) => serializer.serialize_i64(integer),
            None => serializer.serialize_f64(self.0),
        }
    }
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked: integral and within 2^53")]
    let integer = || number as i64;
    (number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER).then(integer)
}

/// Rewrites every integral float inside `value` as an integer.
pub fn drop_empty_fractions(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(integer) = number.as_f64().and_then(whole) {
                *number = Number::from(integer);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty_fractions),
        Value::Object(map) => map.values_mut().for_each(drop_empty_fractions),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integral_numbers_have_no_fraction() {
        let check =
            |number: f64, expected: &str| assert_eq!(serde_json::to_string(&Decimal(number)).expect("a number"), expected);
        check(0.0, "0");
        check(-0.0, "0");
        check(3600.0, "3600");
        check(0.72, "0.72");
        check(1e300, "1e+300");
    }

    #[test]
    fn nested_values_are_rewritten_in_place() {
        let mut value: Value = serde_json::from_str(r#"{"a":1.0,"b":[2.5,{"c":-3.0}],"d":"1.0"}"#).expect("valid JSON");
        drop_empty_fractions(&mut value);
        assert_eq!(value.to_string(), r#"{"a":1,"b":[2.5,{"c":-3}],"d":"1.0"}"#);
    }
}
