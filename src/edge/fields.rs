//! A request's fields from all their places, as one serde input.
//!
//! Path, query and header values are *text scalars*: a field of a number type reads `?limit=20`, a field of a text type
//! keeps an id that looks like a number. Body values keep their JSON type.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;
use std::fmt;

use hubbub_protocol::refusals::Malformed;
use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// One field's value, from wherever it came.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// From the path, the query or a header; a repeated query key has several.
    Text(Vec<String>),
    /// From the body.
    Json(Value),
}

/// All fields of one request, by name.
#[derive(Debug, Default)]
pub struct Fields {
    by_name: BTreeMap<String, Field>,
}

impl Fields {
    /// Puts the body's fields in; whatever is put in later beats them.
    pub fn put_body(&mut self, body: serde_json::Map<String, Value>) {
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
struct Input(BTreeMap<String, Field>);

/// `Malformed` as serde's error: texts of serde are dropped, for they name Rust types.
#[derive(Debug)]
struct Misfit(Malformed);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(Malformed::Whole)
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Malformed::Missing(field.to_owned()))
    }
}

impl<'de> Deserializer<'de> for Input {
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
struct Walk {
    rest: IntoIter<String, Field>,
    current: Option<(String, Field)>,
}

impl<'de> MapAccess<'de> for Walk {
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
            Field::Json(value) => seed.deserialize(value).map_err(drop),
            Field::Text(texts) => seed.deserialize(Texts(texts)).map_err(drop),
        };
        read.map_err(|()| Misfit(Malformed::Field(name)))
    }
}

/// The texts of one field: a scalar reads the first, a sequence reads all.
struct Texts(Vec<String>);

impl Texts {
    fn first(self) -> Text {
        Text(self.0.into_iter().next().unwrap_or_default())
    }
}

/// Forwards scalars to the single text, so that `Texts` differs from `Text` in sequences only.
macro_rules! forward_scalars_to_first {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            self.first().$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Texts {
    type Error = Misfit;

    forward_scalars_to_first! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(Text)))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(self.first().0.into_deserializer())
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// One text: any scalar that it spells.
struct Text(String);

/// Reads a number or a truth value by its own `FromStr`.
macro_rules! parse_text {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            visitor.$visit(self.0.parse().map_err(|_| Misfit(Malformed::Whole))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_string(self.0)
    }

    parse_text! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
        deserialize_u128 visit_u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_f64(visitor)
    }

    /// JSON has no `NaN` and no infinity, so no text spells one either.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let number: f64 = self.0.parse().map_err(|_| Misfit(Malformed::Whole))?;
        if number.is_finite() { visitor.visit_f64(number) } else { Err(Misfit(Malformed::Whole)) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Misfit> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

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

    fn body(value: Value) -> serde_json::Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
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
        fields.put_body(body(json!({"deviceId": "from-body", "limit": 1})));
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
        number.put_body(body(json!({"deviceId": 5})));
        assert_eq!(number.read::<Wanted>(), Err(Malformed::Field("deviceId".into())));
    }

    #[test]
    fn a_unit_type_takes_any_request() {
        let mut fields = Fields::default();
        fields.put_body(body(json!({"whatever": [1, 2, {"deep": null}]})));
        assert_eq!(fields.read::<Nothing>(), Ok(Nothing));
    }
}
