//! The arguments of an event or an acknowledgement, kept as they came until somebody reads them.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::message::json;
use super::value::{Value, ValueError};
use crate::contract::Emit;

/// Positional arguments. Read them with [`get`](Self::get): an argument that is absent reads as null.
#[derive(Debug, Clone)]
pub enum Args {
    /// Each argument's own JSON text, so that passing it on costs a copy and no parsing. No bytes inside.
    Json(Vec<Box<RawValue>>),
    /// Decoded arguments: from MessagePack, or JSON with its attachments put in place.
    Tree(Vec<Value>),
}

/// Why an argument does not fit the type it is read as.
#[derive(Debug, thiserror::Error)]
pub enum ArgError {
    /// From JSON text.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// From a decoded value.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl Default for Args {
    fn default() -> Self {
        Self::Json(Vec::new())
    }
}

impl Args {
    /// Returns one argument: `value` as JSON.
    #[must_use]
    pub fn of<T: serde::Serialize>(value: &T) -> Self {
        Self::Json(serde_json::value::to_raw_value(value).into_iter().collect())
    }

    /// Returns the arguments of an emission: the type itself, or none.
    #[must_use]
    pub fn from_emit<E: Emit>(emit: &E) -> Self {
        if E::ARGS == 0 { Self::default() } else { json::to_args(emit) }
    }

    /// Returns how many arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Json(texts) => texts.len(),
            Self::Tree(values) => values.len(),
        }
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads argument `index`; an absent one reads as null.
    ///
    /// # Errors
    /// What the type says about a value that does not fit it.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgError> {
        match self {
            Self::Json(texts) => Ok(serde_json::from_str(texts.get(index).map_or("null", |text| text.get()))?),
            Self::Tree(values) => Ok(values.get(index).unwrap_or(&Value::Null).read()?),
        }
    }

    /// Returns whether argument `index` is present and not null.
    #[must_use]
    pub fn is_given(&self, index: usize) -> bool {
        match self {
            Self::Json(texts) => texts.get(index).is_some_and(|text| text.get() != "null"),
            Self::Tree(values) => values.get(index).is_some_and(|value| *value != Value::Null),
        }
    }

    /// Returns argument `index`, if it is a string.
    #[must_use]
    pub fn text(&self, index: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(texts) => {
                let text = texts.get(index)?.get();
                match serde_json::from_str(text) {
                    Ok(plain) => Some(Cow::Borrowed(plain)),
                    Err(_) => serde_json::from_str(text).ok().map(Cow::Owned),
                }
            }
            Self::Tree(values) => values.get(index)?.as_str().map(Cow::Borrowed),
        }
    }

    /// Returns argument `index` as JSON text; bytes inside are written as arrays of numbers.
    #[must_use]
    pub fn raw_json(&self, index: usize) -> Option<Cow<'_, RawValue>> {
        match self {
            Self::Json(texts) => texts.get(index).map(|text| Cow::Borrowed(&**text)),
            Self::Tree(values) => serde_json::value::to_raw_value(values.get(index)?).ok().map(Cow::Owned),
        }
    }

    /// Appends an argument.
    pub fn push(&mut self, value: Value) {
        match self {
            Self::Tree(values) => values.push(value),
            Self::Json(texts) => match serde_json::value::to_raw_value(&value) {
                Ok(text) if !value.has_binary() => texts.push(text),
                _ => {
                    let mut values = self.to_values();
                    values.push(value);
                    *self = Self::Tree(values);
                }
            },
        }
    }

    /// Returns the arguments decoded. JSON text that cannot be (a lone surrogate, which JSON allows) reads as null.
    #[must_use]
    pub fn to_values(&self) -> Vec<Value> {
        match self {
            Self::Json(texts) => texts.iter().map(|text| serde_json::from_str(text.get()).unwrap_or_default()).collect(),
            Self::Tree(values) => values.clone(),
        }
    }
}

/// Compares what the arguments say, not how they are kept.
impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.to_values() == other.to_values()
    }
}

impl From<Vec<Value>> for Args {
    fn from(values: Vec<Value>) -> Self {
        Self::Tree(values)
    }
}
