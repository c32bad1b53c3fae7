//! Text scalars as serde input: `20` is a number where a number is wanted, and a text where a text is wanted.

use std::fmt;

use hubbub_protocol::refusals::Malformed;
use serde::de::value::SeqDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// `Malformed` as serde's error: serde's own texts are dropped, for they name Rust types.
#[derive(Debug)]
pub(super) struct Misfit(pub(super) Malformed);

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

/// All texts given for one field: a scalar reads the first, a sequence reads all.
pub(super) struct Texts(pub(super) Vec<String>);

impl Texts {
    fn first(self) -> String {
        self.0.into_iter().next().unwrap_or_default()
    }

    fn parse<T: std::str::FromStr>(self) -> Result<T, Misfit> {
        self.first().parse().map_err(|_| Misfit(Malformed::Whole))
    }
}

/// Reads numbers and truth values by their own `FromStr`: the same line a dozen times otherwise.
macro_rules! parse_text {
    ($($deserialize:ident $visit:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            visitor.$visit(self.parse()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Texts {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_string(self.first())
    }

    parse_text! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_i128 visit_i128
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
        deserialize_u64 visit_u64 deserialize_u128 visit_u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_f64(visitor)
    }

    /// JSON has no `NaN` and no infinity, so no text spells one either.
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let number: f64 = self.parse()?;
        if number.is_finite() { visitor.visit_f64(number) } else { Err(Misfit(Malformed::Whole)) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(|text| Self(vec![text]))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(self.first().into_deserializer())
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Misfit> for Texts {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
