//! A request's fields from all their places, as one serde input.
//!
//! Path, query and header values are *text scalars*: a field of a number type reads `?limit=20`, a field of a text type
//! keeps an id that looks like a number. Body values keep their JSON type, and stay text until the type asks for them: a
//! body of five megabytes that nobody asked for must not become a tree many times its size.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;

use hubbub_protocol::refusals::Malformed;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::text::{Misfit, Texts};

/// One field's value, from wherever it came.
#[derive(Debug, Clone)]
pub enum Field<'b> {
    /// From the path, the query or a header; a repeated query key has several.
    Text(Vec<String>),
    /// From the body.
    Json(&'b RawValue),
}

/// All fields of one request, by name.
#[derive(Debug, Default)]
pub struct Fields<'b> {
    by_name: BTreeMap<String, Field<'b>>,
}

impl<'b> Fields<'b> {
    /// Puts the body's fields in; whatever is put in later beats them.
    pub fn put_body(&mut self, body: BTreeMap<String, &'b RawValue>) {
        self.by_name.extend(body.into_iter().map(|(name, value)| (name, Field::Json(value))));
    }

    /// Puts texts in, over anything of the same name; a name given more than once keeps all its texts.
    pub fn put_texts(&mut self, texts: impl IntoIterator<Item = (String, String)>) {
        let mut grouped: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, text) in texts {
            grouped.entry(name).or_default().push(text);
        }
        self.by_name.extend(grouped.into_iter().map(|(name, texts)| (name, Field::Text(texts))));
    }

    /// Reads a contract's type from the fields.
    ///
    /// # Errors
    /// Which field does not fit.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Malformed> {
        T::deserialize(Input(self.by_name)).map_err(|Misfit(malformed)| malformed)
    }
}

/// The fields as serde reads them.
struct Input<'b>(BTreeMap<String, Field<'b>>);

impl<'de> Deserializer<'de> for Input<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_map(Walk { rest: self.0.into_iter(), current: None })
    }

    /// A request without fields is a unit type.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Hands the fields to serde one by one and remembers the name, so that an error can say it.
struct Walk<'b> {
    rest: IntoIter<String, Field<'b>>,
    current: Option<(String, Field<'b>)>,
}

impl<'de> MapAccess<'de> for Walk<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        self.current = self.rest.next();
        match &self.current {
            Some((name, _)) => seed.deserialize(name.as_str().into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let Some((name, field)) = self.current.take() else { return Err(Misfit(Malformed::Whole)) };
        let read = match field {
            Field::Json(json) => seed.deserialize(&mut serde_json::Deserializer::from_str(json.get())).map_err(drop),
            Field::Text(texts) => seed.deserialize(Texts(texts)).map_err(drop),
        };
        read.map_err(|()| Misfit(Malformed::Field(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wanted {
        device_id: Id,
        limit: Option<u32>,
        ratio: Option<f64>,
        deep: Option<bool>,
        #[serde(default)]
        tag: Vec<String>,
        order: Option<Order>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(String);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Newest,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nothing;

    fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn body(json: &str) -> BTreeMap<String, &RawValue> {
        serde_json::from_str(json).expect("an object")
    }

    #[test]
    fn texts_become_what_the_field_wants() {
        let mut fields = Fields::default();
        fields.put_texts(texts(&[
            ("deviceId", "12345678"),
            ("limit", "20"),
            ("ratio", "0.5"),
            ("deep", "true"),
            ("tag", "a"),
            ("tag", "b"),
            ("order", "newest"),
            ("unknown", "ignored"),
        ]));
        let wanted: Wanted = fields.read().expect("all fields fit");
        let expected = Wanted {
            device_id: Id("12345678".into()),
            limit: Some(20),
            ratio: Some(0.5),
            deep: Some(true),
            tag: vec!["a".into(), "b".into()],
            order: Some(Order::Newest),
        };
        assert_eq!(wanted, expected);
    }

    #[test]
    fn later_places_beat_earlier_ones() {
        let mut fields = Fields::default();
        fields.put_body(body(r#"{"deviceId": "from-body", "limit": 1}"#));
        fields.put_texts(texts(&[("deviceId", "from-query"), ("limit", "2")]));
        fields.put_texts(texts(&[("deviceId", "from-path")]));
        let wanted: Wanted = fields.read().expect("all fields fit");
        assert_eq!(wanted.device_id, Id("from-path".into()));
        assert_eq!(wanted.limit, Some(2));
    }

    #[test]
    fn an_error_names_the_field() {
        let mut missing = Fields::default();
        missing.put_texts(texts(&[("limit", "2")]));
        assert_eq!(missing.read::<Wanted>(), Err(Malformed::Missing("deviceId".into())));

        let mut word = Fields::default();
        word.put_texts(texts(&[("deviceId", "x"), ("limit", "many")]));
        assert_eq!(word.read::<Wanted>(), Err(Malformed::Field("limit".into())));

        let mut number = Fields::default();
        number.put_body(body(r#"{"deviceId": 5}"#));
        assert_eq!(number.read::<Wanted>(), Err(Malformed::Field("deviceId".into())));
    }

    #[test]
    fn a_unit_type_takes_any_request() {
        let mut fields = Fields::default();
        fields.put_body(body(r#"{"whatever": [1, 2, {"deep": null}]}"#));
        assert_eq!(fields.read::<Nothing>(), Ok(Nothing));
    }
}
