//! One value between its text and its type.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::source::Raw;
use crate::edge::origin::is_origin;

/// A whole number of any size that a key may have.
pub(super) trait Number: Copy + PartialOrd + Display + FromStr + TryFrom<i64> {}
impl<T: Copy + PartialOrd + Display + FromStr + TryFrom<i64>> Number for T {}

pub(super) fn number<T: Number>(raw: &Raw, range: &RangeInclusive<T>) -> Option<T> {
    let value = match raw {
        Raw::File(toml::Value::Integer(number)) => T::try_from(*number).ok(),
        Raw::File(_) => None,
        Raw::Variable(text) => text.trim().parse().ok(),
    };
    value.filter(|value| range.contains(value))
}

pub(super) fn decimal(raw: &Raw, range: &RangeInclusive<f64>) -> Option<f64> {
    let value = match raw {
        Raw::File(toml::Value::Float(number)) => Some(*number),
        Raw::File(toml::Value::Integer(number)) => i32::try_from(*number).ok().map(f64::from),
        Raw::File(_) => None,
        Raw::Variable(text) => text.trim().parse().ok(),
    };
    value.filter(|value| range.contains(value))
}

pub(super) fn flag(raw: &Raw) -> Option<bool> {
    match raw {
        Raw::File(toml::Value::Boolean(flag)) => Some(*flag),
        Raw::File(_) => None,
        Raw::Variable(text) => match text.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
    }
}

pub(super) fn text(raw: &Raw) -> Option<String> {
    match raw {
        Raw::File(toml::Value::String(text)) | Raw::Variable(text) => Some(text.clone()),
        Raw::File(_) => None,
    }
}

/// Says whether a text is a site's address: an origin, and perhaps a path below which the site lies.
pub(super) fn is_site(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_path = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\".contains(&byte));
    is_origin(&format!("{scheme}://{authority}")) && is_path
}

pub(super) fn list(raw: &Raw) -> Option<Vec<String>> {
    match raw {
        Raw::File(toml::Value::Array(entries)) => entries.iter().map(|entry| entry.as_str().map(str::to_owned)).collect(),
        Raw::File(_) => None,
        Raw::Variable(text) => {
            Some(text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
        }
    }
}

/// Shows what was found instead of an allowed value.
pub(super) fn shown(raw: &Raw) -> String {
    match raw {
        Raw::Variable(text) | Raw::File(toml::Value::String(text)) => format!("`{text}`"),
        Raw::File(toml::Value::Integer(number)) => format!("`{number}`"),
        Raw::File(toml::Value::Float(number)) => format!("`{number}`"),
        Raw::File(toml::Value::Boolean(flag)) => format!("`{flag}`"),
        Raw::File(toml::Value::Datetime(_)) => "a date".to_owned(),
        Raw::File(toml::Value::Array(_)) => "a list".to_owned(),
        Raw::File(toml::Value::Table(_)) => "a section".to_owned(),
    }
}

/// Writes a TOML string; JSON's escapes are TOML's.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(super) fn array<'a>(entries: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", entries.map(quoted).collect::<Vec<_>>().join(", "))
}
