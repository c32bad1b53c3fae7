//! Text as the document counts and accepts it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::args::Args;

/// Returns the length of a text in UTF-16 code units, which is what every "characters" of the document means.
#[must_use]
pub fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Returns whether a JSON string, given as its own text with quotes, is at most `max` characters long.
///
/// No UTF-16 code unit takes less than one byte of JSON text, so that almost every answer costs no look at the text.
#[must_use]
pub fn json_string_fits(raw: &RawValue, max: usize) -> bool {
    raw.get().len() <= max + 2 || serde_json::from_str::<String>(raw.get()).is_ok_and(|text| characters(&text) <= max)
}

/// Reads a field that must be a string and whose absence the contract answers in its own words: anything else is `None`.
///
/// # Errors
/// Only those of the underlying format.
pub fn string_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Returns an argument that may be a text or an object, which is then written as JSON text, up to `max` characters.
#[must_use]
pub fn text_or_object(args: &Args, index: usize, max: usize) -> Option<String> {
    let text = match args.text(index) {
        Some(text) => text.into_owned(),
        None => serde_json::to_string(&args.get::<serde_json::Map<String, Value>>(index).ok()?).ok()?,
    };
    (characters(&text) <= max).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).expect("valid JSON")
    }

    #[test]
    fn characters_are_utf16_code_units() {
        assert_eq!(characters("abc"), 3);
        assert_eq!(characters("ä€"), 2);
        assert_eq!(characters("🥽"), 2);
    }

    #[test]
    fn an_escaped_text_is_counted_after_decoding() {
        assert!(json_string_fits(&raw(r#""\u00e4\u00e4\n""#), 3));
        assert!(!json_string_fits(&raw(r#""\u00e4\u00e4\n""#), 2));
        assert!(json_string_fits(&raw(r#""abc""#), 3));
        assert!(!json_string_fits(&raw(r#""abcd""#), 3));
    }

    #[test]
    fn an_object_is_written_as_json_and_other_types_are_refused() {
        let args = Args::Json(vec![raw(r#"{"b":1,"a":[2]}"#), raw(r#""as sent""#), raw("7"), raw("[1]")].into());
        assert_eq!(text_or_object(&args, 0, 100).as_deref(), Some(r#"{"b":1,"a":[2]}"#));
        assert_eq!(text_or_object(&args, 1, 7).as_deref(), Some("as sent"));
        assert_eq!(text_or_object(&args, 1, 6), None);
        assert_eq!(text_or_object(&args, 2, 100), None);
        assert_eq!(text_or_object(&args, 3, 100), None);
        assert_eq!(text_or_object(&args, 4, 100), None);
    }
}
