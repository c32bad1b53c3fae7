//! The arguments of an event or an acknowledgement, kept as they came until somebody reads them.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::message::json;
use super::surrogate::from_json;
use super::value::{Value, ValueError};
use crate::contract::Emit;

/// The JSON text of each argument. Few events have more than two, which need no allocation of their own.
pub type Texts = SmallVec<[Box<RawValue>; 2]>;

/// Positional arguments. Read them with [`get`](Self::get): an argument that is absent reads as null.
#[derive(Debug, Clone)]
pub enum Args {
    /// Each argument's own JSON text, so that passing it on costs a copy and no parsing. No bytes inside.
    Json(Texts),
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
        Self::Json(Texts::new())
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

    /// Returns about how many bytes of memory the arguments hold.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Json(texts) => texts.iter().map(|text| size_of::<Box<RawValue>>() + text.get().len()).sum(),
            Self::Tree(values) => values.iter().map(Value::weight).sum(),
        }
    }

    /// Reads argument `index`; an absent one reads as null.
    ///
    /// # Errors
    /// What the type says about a value that does not fit it.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgError> {
        match self {
            Self::Json(texts) => Ok(from_json(texts.get(index).map_or("null", |text| text.get()))?),
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
                    Err(_) => from_json(text).ok().map(Cow::Owned),
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

    /// Returns the arguments decoded. JSON text that cannot be (a number beyond all floats) reads as null.
    #[must_use]
    pub fn to_values(&self) -> Vec<Value> {
        match self {
            Self::Json(texts) => texts.iter().map(|text| from_json(text.get()).unwrap_or_default()).collect(),
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde::Serialize;

    use super::*;

    fn both(json: &[&str]) -> [Args; 2] {
        let texts = json.iter().map(|text| RawValue::from_string((*text).into()).expect("valid JSON")).collect();
        let values = json.iter().map(|text| serde_json::from_str(text).expect("valid JSON")).collect();
        [Args::Json(texts), Args::Tree(values)]
    }

    #[test]
    fn both_forms_read_alike() {
        for args in both(&[r#""plain""#, r#""esc\"aped""#, "null", "[1,2]", "7"]) {
            assert_eq!(args.len(), 5);
            assert_eq!(args.get::<Vec<u8>>(3).ok(), Some(vec![1, 2]));
            assert_eq!(args.get::<u64>(4).ok(), Some(7));
            assert!(args.get::<u64>(0).is_err());
            assert_eq!(args.text(0).as_deref(), Some("plain"));
            assert_eq!(args.text(1).as_deref(), Some("esc\"aped"));
            assert_eq!(args.text(4), None);
            assert_eq!(args.raw_json(3).map(|text| text.get().to_owned()).as_deref(), Some("[1,2]"));
            assert_eq!([0, 2, 9].map(|index| args.is_given(index)), [true, false, false]);
        }
        let [json, tree] = both(&["1", r#"{"a":[2.5]}"#]);
        assert_eq!(json, tree);
    }

    #[test]
    fn a_text_cut_inside_a_character_is_read_and_passed_on() {
        let half = r#""cut \ud83d""#;
        let args = Args::Json([RawValue::from_string(half.into()).expect("valid JSON")].into_iter().collect());
        assert_eq!(args.get::<String>(0).ok().as_deref(), Some("cut \u{fffd}"));
        assert_eq!(args.text(0).as_deref(), Some("cut \u{fffd}"));
        assert_eq!(args.raw_json(0).map(|text| text.get().to_owned()).as_deref(), Some(half));
    }

    #[test]
    fn an_absent_argument_reads_as_null() {
        for args in both(&[]) {
            assert!(args.is_empty());
            assert_eq!(args.get::<Option<u8>>(0).ok(), Some(None));
            assert!(args.get::<()>(0).is_ok());
            assert!(args.get::<u8>(0).is_err());
        }
    }

    #[test]
    fn pushing_bytes_onto_text_makes_a_tree() {
        let [mut args, _] = both(&["1"]);
        args.push("two".into());
        assert!(matches!(args, Args::Json(_)));
        args.push(Bytes::from_static(&[3]).into());
        assert_eq!(args, Args::Tree(vec![1_i64.into(), "two".into(), Bytes::from_static(&[3]).into()]));
    }

    #[test]
    fn an_emission_becomes_its_arguments() {
        #[derive(Serialize)]
        struct Reading {
            value: f64,
        }
        impl Emit for Reading {
            const NAME: &'static str = "reading";
        }
        #[derive(Serialize)]
        struct Bare;
        impl Emit for Bare {
            const NAME: &'static str = "bare";
            const ARGS: usize = 0;
        }
        #[derive(Serialize)]
        struct Picture(Value, Value);
        impl Emit for Picture {
            const NAME: &'static str = "picture";
        }
        let bytes = |byte| Value::from(Bytes::from(vec![byte]));
        assert_eq!(
            Args::from_emit(&Reading { value: 2.0 }).raw_json(0).map(|text| text.get().to_owned()),
            Some(r#"{"value":2}"#.into())
        );
        assert!(Args::from_emit(&Bare).is_empty());
        let picture = Args::Tree(vec![Value::Array(vec![bytes(1), bytes(2)])]);
        assert_eq!(Args::from_emit(&Picture(bytes(1), bytes(2))), picture);
    }
}
