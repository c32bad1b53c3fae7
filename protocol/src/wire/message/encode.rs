//! Encoding of packets into outbox entries.

use bytes::Bytes;
use serde::Serialize;

use super::json::Draft;
use super::{Dialect, Kind, Packet};
use crate::contract::Emit;
use crate::wire::args::Args;
use crate::wire::msgpack;
use crate::wire::value::Value;

/// What a typed emission is guessed to need.
const TYPED_BODY_LEN: usize = 224;

/// The two brackets around a packet's list.
const BRACKETS: usize = 2;

/// The digits of a packet's type in text, without and with attachments.
const EVENT: (u8, u8) = (b'2', b'5');
const ACK: (u8, u8) = (b'3', b'6');

/// Encodes an event.
#[must_use]
pub fn event(dialect: Dialect, namespace: &str, id: Option<u64>, name: &str, args: &Args) -> Bytes {
    encode_event(dialect, namespace, id, name, args, None)
}

/// Encodes an event with one more argument, the offset by which a client that comes back says what it has seen.
#[must_use]
pub fn event_with_offset(dialect: Dialect, namespace: &str, name: &str, args: &Args, offset: Option<&str>) -> Bytes {
    encode_event(dialect, namespace, None, name, args, offset)
}

fn encode_event(dialect: Dialect, namespace: &str, id: Option<u64>, name: &str, args: &Args, offset: Option<&str>) -> Bytes {
    if dialect == Dialect::MsgpackV5 {
        return msgpack::event(namespace, id, name, args, offset);
    }
    let body_len = quoted_len(name) + args_len(args) + offset.map_or(0, |offset| 1 + quoted_len(offset)) + BRACKETS;
    let mut draft = Draft::new(dialect.revision(), namespace, id, body_len);
    draft.raw("[");
    draft.text(name);
    put_args(&mut draft, args, ",");
    put_offset(&mut draft, offset);
    draft.raw("]");
    draft.finish(EVENT)
}

/// Encodes an emission, straight from its type.
#[must_use]
pub fn emit<E: Emit>(dialect: Dialect, namespace: &str, emit: &E) -> Bytes {
    emit_with_offset(dialect, namespace, emit, None)
}

/// Encodes an emission with one more argument, as [`event_with_offset`] does.
#[must_use]
pub fn emit_with_offset<E: Emit>(dialect: Dialect, namespace: &str, emit: &E, offset: Option<&str>) -> Bytes {
    if dialect == Dialect::MsgpackV5 {
        return msgpack::emit(namespace, emit, offset);
    }
    let mut draft = Draft::new(dialect.revision(), namespace, None, TYPED_BODY_LEN);
    draft.raw("[");
    draft.text(E::NAME);
    if E::ARGS > 0 {
        draft.raw(",");
        draft.value(emit);
    }
    put_offset(&mut draft, offset);
    draft.raw("]");
    draft.finish(EVENT)
}

/// Encodes the answer to an event.
#[must_use]
pub fn ack(dialect: Dialect, namespace: &str, id: u64, args: &Args) -> Bytes {
    if dialect == Dialect::MsgpackV5 {
        return msgpack::ack(namespace, id, args);
    }
    let mut draft = Draft::new(dialect.revision(), namespace, Some(id), args_len(args).saturating_sub(1) + BRACKETS);
    draft.raw("[");
    put_args(&mut draft, args, "");
    draft.raw("]");
    draft.finish(ACK)
}

/// Encodes the welcome to a namespace. Protocol 4 has no room for ids.
#[must_use]
pub fn connect(dialect: Dialect, namespace: &str, sid: &str, pid: Option<&str>) -> Bytes {
    #[derive(Serialize)]
    struct Welcome<'a> {
        sid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<&'a str>,
    }
    let welcome = (dialect != Dialect::JsonV4).then_some(Welcome { sid, pid });
    plain(dialect, Kind::Connect, namespace, welcome.as_ref())
}

/// Encodes the refusal of a namespace. To protocol 4 a bare message is a string.
#[must_use]
pub fn connect_error(dialect: Dialect, namespace: &str, message: &str, data: Option<&Value>) -> Bytes {
    #[derive(Serialize)]
    struct Refusal<'a> {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a Value>,
    }
    if dialect == Dialect::JsonV4 && data.is_none() {
        return plain(dialect, Kind::ConnectError, namespace, Some(message));
    }
    plain(dialect, Kind::ConnectError, namespace, Some(&Refusal { message, data }))
}

/// Encodes that the namespace is left.
#[must_use]
pub fn disconnect(dialect: Dialect, namespace: &str) -> Bytes {
    plain(dialect, Kind::Disconnect, namespace, None::<&str>)
}

/// Encodes any packet, as either side would send it.
#[must_use]
pub fn encode(dialect: Dialect, packet: &Packet) -> Bytes {
    match packet {
        Packet::Connect { namespace, auth, query } => match query {
            Some(query) => plain(dialect, Kind::Connect, &format!("{namespace}?{query}"), auth.as_ref()),
            None => plain(dialect, Kind::Connect, namespace, auth.as_ref()),
        },
        Packet::Disconnect { namespace } => disconnect(dialect, namespace),
        Packet::Event { namespace, id, name, args } => event(dialect, namespace, *id, name, args),
        Packet::Ack { namespace, id, args } => ack(dialect, namespace, *id, args),
        Packet::ConnectError { namespace, data } => plain(dialect, Kind::ConnectError, namespace, Some(data)),
    }
}

/// Encodes a packet that never has attachments.
fn plain<T: Serialize + ?Sized>(dialect: Dialect, kind: Kind, namespace: &str, data: Option<&T>) -> Bytes {
    if dialect == Dialect::MsgpackV5 {
        return msgpack::plain(kind as u8, namespace, data);
    }
    let mut draft = Draft::new(dialect.revision(), namespace, None, 64);
    if let Some(data) = data {
        draft.value(data);
    }
    let digit = b'0' + kind as u8;
    draft.finish((digit, digit))
}

/// Returns the length of a text without escapes as JSON.
fn quoted_len(text: &str) -> usize {
    text.len() + 2
}

/// Returns the length of arguments, each with the comma before it: exact for text, so that a packet is one allocation of its
/// own size, and a guess for values.
fn args_len(args: &Args) -> usize {
    match args {
        Args::Json(texts) => texts.iter().map(|text| text.get().len() + 1).sum(),
        Args::Tree(_) => TYPED_BODY_LEN,
    }
}

/// Appends arguments, each but the first after a comma and the first after `before`. Text is copied as it is.
fn put_args(draft: &mut Draft, args: &Args, before: &str) {
    let mut separator = before;
    match args {
        Args::Json(texts) => {
            for text in texts {
                draft.raw(std::mem::replace(&mut separator, ","));
                draft.raw(text.get());
            }
        }
        Args::Tree(values) => {
            for value in values {
                draft.raw(std::mem::replace(&mut separator, ","));
                draft.value(value);
            }
        }
    }
}

fn put_offset(draft: &mut Draft, offset: Option<&str>) {
    if let Some(offset) = offset {
        draft.raw(",");
        draft.text(offset);
    }
}
