//! Fields as they came, kept until their turn: the contract answers 401, 404 and 403 before it looks at a body.
//!
//! A field is kept as a scalar, and lists and objects only where the contract has some, instead of as a JSON tree: what a hostile body
//! of five megabytes becomes in memory is then bounded by the fields that the contract names.

mod part;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::error::invalid_payload;
use super::ids::Id;
use super::limits;
use crate::fault::Fault;

pub use part::{Form, Items, Object, Part};

/// Returns the length of a text in UTF-16 code units, which is how clients of the document count.
#[must_use]
pub fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// One scalar field of a request or an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Field {
    /// Not sent.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as JavaScript holds it.
    Number(f64),
    /// A text.
    Text(String),
    /// A list, an object or bytes: never right where a scalar is wanted.
    Other,
}

impl Field {
    /// Returns whether the field was not sent.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// Returns whether the field was not sent, or sent as `null`.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Absent | Self::Null)
    }

    /// Reads a text that must be there, of so many characters.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn text(&self, name: &str, min: usize, max: usize) -> Result<&str, Fault> {
        match self {
            Self::Text(text) if (min..=max).contains(&characters(text)) => Ok(text),
            Self::Text(_) => Err(invalid_payload(format!("{name} must have {min} to {max} characters"))),
            Self::Absent | Self::Null => Err(invalid_payload(format!("{name} is required"))),
            _ => Err(invalid_payload(format!("{name} must be a string"))),
        }
    }

    /// Reads a text without the blanks around it.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn trimmed(&self, name: &str, min: usize, max: usize) -> Result<&str, Fault> {
        let text = self.text(name, 0, usize::MAX)?.trim();
        if (min..=max).contains(&characters(text)) {
            return Ok(text);
        }
        Err(invalid_payload(format!("{name} must have {min} to {max} characters")))
    }

    /// Reads a whole number that must be there.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn integer(&self, name: &str, min: i64, max: i64) -> Result<i64, Fault> {
        match self {
            Self::Number(number) => whole(*number).filter(|number| (min..=max).contains(number)),
            Self::Absent | Self::Null => return Err(invalid_payload(format!("{name} is required"))),
            _ => None,
        }
        .ok_or_else(|| invalid_payload(format!("{name} must be an integer from {min} to {max}")))
    }

    /// Reads a whole number that must be there and fits a count.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn count(&self, name: &str, min: u32, max: u32) -> Result<u32, Fault> {
        let number = self.integer(name, min.into(), max.into())?;
        Ok(u32::try_from(number).unwrap_or(max))
    }

    /// Reads a truth value that must be there.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn boolean(&self, name: &str) -> Result<bool, Fault> {
        match self {
            Self::Bool(truth) => Ok(*truth),
            Self::Absent | Self::Null => Err(invalid_payload(format!("{name} is required"))),
            _ => Err(invalid_payload(format!("{name} must be a boolean"))),
        }
    }

    /// Reads a whole number of the query, where everything is a text; `default` if it was not sent.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn query_integer(&self, name: &str, min: u32, max: u32, default: u32) -> Result<u32, Fault> {
        let wrong = || invalid_payload(format!("{name} must be an integer from {min} to {max}"));
        match self {
            Self::Absent => Ok(default),
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    /// Reads a UUID that must be there.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn id<Of>(&self, name: &str) -> Result<Id<Of>, Fault> {
        let text = self.text(name, 0, usize::MAX)?;
        Id::parse(text).map_err(|_| invalid_payload(format!("Invalid {name} format")))
    }

    /// Reads the address of a picture.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn url(&self, name: &str) -> Result<&str, Fault> {
        let text = self.text(name, 1, limits::URL_CHARACTERS)?;
        let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let has_blanks = text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        let is_url = address.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':'])) && !has_blanks;
        if is_url { Ok(text) } else { Err(invalid_payload(format!("{name} must be an http or https URL"))) }
    }

    /// Reads a word of a closed list.
    ///
    /// # Errors
    /// What is wrong with field `name` (400).
    pub fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<T, Fault> {
        if self.is_nothing() {
            return Err(invalid_payload(format!("{name} is required")));
        }
        let found = words.iter().find(|(word, _)| matches!(self, Self::Text(text) if text == word));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            invalid_payload(format!("{name} must be one of {}", words.join(", ")))
        })
    }

    /// Reads a field that may be left out of a change: if it was sent, `read` must take it, even as `null`.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn change<'f, T>(&'f self, read: impl FnOnce(&'f Self) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
        if self.is_absent() { Ok(None) } else { read(self).map(Some) }
    }

    /// Reads a field with `read` if it was sent, and not as `null`.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn optional<'f, T>(&'f self, read: impl FnOnce(&'f Self) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
        if self.is_nothing() { Ok(None) } else { read(self).map(Some) }
    }
}

/// Returns a number as an integer, if it is one that JavaScript holds exactly.
fn whole(number: f64) -> Option<i64> {
    const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked: integral and within 2^53")]
    let integer = || number as i64;
    (number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER).then(integer)
}

/// Returns a number as JavaScript writes it: `String(number)`.
#[must_use]
pub fn number_text(number: f64) -> String {
    let has_exponent = number != 0.0 && !(1e-6..1e21).contains(&number.abs());
    if !has_exponent {
        // Adding zero turns minus zero into zero.
        return format!("{}", number + 0.0);
    }
    let text = format!("{number:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => match whole(*number) {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(*number),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Other => serializer.collect_seq::<[(); 0]>([]),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Field, E> {
        Ok(Field::Bool(truth))
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers of the contract's clients are doubles")]
    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers of the contract's clients are doubles")]
    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Field, E> {
        Ok(if number.is_finite() { Field::Number(number) } else { Field::Other })
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Field, E> {
        Ok(Field::Text(text))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Null)
    }

    fn visit_none<E>(self) -> Result<Field, E> {
        Ok(Field::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Field, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}
