//! Decoding of packets in text.

use std::fmt;

use compact_str::CompactString;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::partial::Partial;
use super::{Dialect, Header, Kind, MessageError, Packet, check_event_name, depth};
use crate::wire::args::{Args, Texts};
use crate::wire::limits::Limits;
use crate::wire::surrogate::repaired;
use crate::wire::value::{Budget, Value, ValueSeed};

/// Decodes what follows Engine.IO's `4` in a text message. Arguments are validated as JSON and kept as text.
///
/// # Errors
/// The first thing that is malformed or over the limits; nothing is allocated for what the header announces.
pub fn decode_text(dialect: Dialect, text: &str, limits: &Limits) -> Result<Header, MessageError> {
    if dialect == Dialect::MsgpackV5 {
        return Err(MessageError::WrongDialect);
    }
    let (kind, attachments, rest) = split_type(text, limits)?;
    let (namespace, rest) = split_namespace(rest);
    let (id, json) = split_id(rest, limits)?;
    if !depth::is_within(json, limits.max_depth) {
        return Err(MessageError::TooDeep);
    }
    let (namespace, query) = match namespace.split_once('?') {
        Some((namespace, query)) if dialect == Dialect::JsonV4 && kind == Kind::Connect => (namespace, Some(query)),
        _ => (namespace, None),
    };
    check_namespace(namespace, limits)?;
    let namespace = CompactString::new(namespace);
    let takes_id = matches!(kind, Kind::Event | Kind::Ack);
    if id.is_some() && !takes_id {
        return Err(MessageError::BadAckId);
    }
    let packet = match kind {
        Kind::Connect => Packet::Connect { namespace, auth: parse_auth(json, limits)?, query: query.map(str::to_owned) },
        Kind::Disconnect if json.is_empty() => Packet::Disconnect { namespace },
        Kind::Disconnect => return Err(MessageError::BadPayload),
        Kind::Event => {
            let (name, args) = parse_event(json, limits)?;
            Packet::Event { namespace, id, name, args }
        }
        Kind::Ack => {
            let id = id.ok_or(MessageError::BadAckId)?;
            Packet::Ack { namespace, id, args: parse_args(json, limits)? }
        }
        Kind::ConnectError => Packet::ConnectError { namespace, data: parse_refusal(json, limits)? },
    };
    Ok(match attachments {
        Some(count) => Header::NeedsAttachments(Partial::new(packet, count)),
        None => Header::Complete(packet),
    })
}

/// Reads the type and, where the packet has them, the number of attachments.
fn split_type<'a>(text: &'a str, limits: &Limits) -> Result<(Kind, Option<usize>, &'a str), MessageError> {
    let first = text.bytes().next().ok_or(MessageError::UnknownType)?;
    let rest = text.get(1..).unwrap_or_default();
    let kind = match first {
        b'0' => Kind::Connect,
        b'1' => Kind::Disconnect,
        b'2' | b'5' => Kind::Event,
        b'3' | b'6' => Kind::Ack,
        b'4' => Kind::ConnectError,
        _ => return Err(MessageError::UnknownType),
    };
    if !matches!(first, b'5' | b'6') {
        return Ok((kind, None, rest));
    }
    let (count, rest) = split_digits(rest);
    let rest = rest.strip_prefix('-').ok_or(MessageError::BadAttachments)?;
    // So many digits that the number overflows are too many attachments as well.
    let is_number = !count.is_empty();
    match count.parse() {
        Ok(0) => Err(MessageError::BadAttachments),
        Ok(count) if count <= limits.max_attachments => Ok((kind, Some(count), rest)),
        _ if is_number => Err(MessageError::TooManyAttachments),
        _ => Err(MessageError::BadAttachments),
    }
}

fn split_namespace(text: &str) -> (&str, &str) {
    if text.starts_with('/') { text.split_once(',').unwrap_or((text, "")) } else { ("/", text) }
}

fn split_id<'a>(text: &'a str, limits: &Limits) -> Result<(Option<u64>, &'a str), MessageError> {
    let (digits, rest) = split_digits(text);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let id = digits.parse().ok().filter(|&id| id <= limits.max_ack_id);
    id.map(|id| (Some(id), rest)).ok_or(MessageError::BadAckId)
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Checks the length of a namespace's name, and that it is one: in text, a comma would end it.
pub(in crate::wire) fn check_namespace(namespace: &str, limits: &Limits) -> Result<(), MessageError> {
    let is_fine = namespace.starts_with('/') && !namespace.contains(',') && namespace.len() <= limits.max_namespace_bytes;
    if is_fine { Ok(()) } else { Err(MessageError::BadNamespace) }
}

fn parse_auth(json: &str, limits: &Limits) -> Result<Option<Value>, MessageError> {
    if json.is_empty() {
        return Ok(None);
    }
    match parse_value(json, limits)? {
        auth @ Value::Object(_) => Ok(Some(auth)),
        _ => Err(MessageError::BadPayload),
    }
}

fn parse_refusal(json: &str, limits: &Limits) -> Result<Value, MessageError> {
    match parse_value(json, limits)? {
        data @ (Value::Object(_) | Value::String(_)) => Ok(data),
        _ => Err(MessageError::BadPayload),
    }
}

fn parse_value(json: &str, limits: &Limits) -> Result<Value, MessageError> {
    parse_value_within(json, &Budget::new(limits.max_values))
}

/// Parses a value, taking what it holds off the budget.
pub(super) fn parse_value_within(json: &str, budget: &Budget) -> Result<Value, MessageError> {
    let value = parse(json, ValueSeed(budget)).or_else(|error| match repaired(json) {
        Some(repaired) => parse(&repaired, ValueSeed(budget)),
        None => Err(error),
    });
    value.map_err(|error| if budget.is_spent() { MessageError::TooManyValues } else { error })
}

fn parse_event(json: &str, limits: &Limits) -> Result<(CompactString, Args), MessageError> {
    let (name, args) = parse(json, EventSeed(limits))?;
    check_event_name(&name)?;
    Ok((name, Args::Json(args)))
}

fn parse_args(json: &str, limits: &Limits) -> Result<Args, MessageError> {
    parse(json, ArgsSeed(limits)).map(Args::Json)
}

fn parse<'de, S: DeserializeSeed<'de>>(json: &'de str, seed: S) -> Result<S::Value, MessageError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = seed.deserialize(&mut deserializer).map_err(|_| MessageError::BadPayload)?;
    deserializer.end().map_err(|_| MessageError::BadPayload)?;
    Ok(value)
}

/// Reads `["name", arg, …]`.
struct EventSeed<'a>(&'a Limits);

/// Reads `[arg, …]`.
struct ArgsSeed<'a>(&'a Limits);

impl<'de> DeserializeSeed<'de> for EventSeed<'_> {
    type Value = (CompactString, Texts);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EventSeed<'_> {
    type Value = (CompactString, Texts);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array that starts with a name")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let name = access.next_element()?.ok_or_else(|| A::Error::custom("no name"))?;
        Ok((name, ArgsSeed(self.0).visit_seq(access)?))
    }
}

impl<'de> DeserializeSeed<'de> for ArgsSeed<'_> {
    type Value = Texts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ArgsSeed<'_> {
    type Value = Texts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut args = Texts::new();
        while let Some(arg) = access.next_element()? {
            if args.len() >= self.0.max_arguments {
                return Err(A::Error::custom("too many arguments"));
            }
            args.push(arg);
        }
        Ok(args)
    }
}
