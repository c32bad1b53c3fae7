//! Encoding of MessagePack packets into outbox entries.

use bytes::Bytes;
use serde::ser::{Serialize, SerializeSeq, SerializeTuple, Serializer};

use crate::contract::Emit;
use crate::wire::args::Args;
use crate::wire::frame::{self, MAX_HEAD, Opcode};
use crate::wire::message::json::{into_entry, put_before};
use crate::wire::surrogate::from_json;
use crate::wire::value::Value;

/// A packet as a map, members in the official order.
#[derive(serde::Serialize)]
struct Envelope<'a, D> {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    nsp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

/// Encodes an event; `offset` is one more argument.
#[must_use]
pub fn event(namespace: &str, id: Option<u64>, name: &str, args: &Args, offset: Option<&str>) -> Bytes {
    entry(&Envelope { kind: 2, data: Some(List { name: Some(name), args, offset }), nsp: namespace, id })
}

/// Encodes an emission; `offset` is one more argument.
#[must_use]
pub fn emit<E: Emit>(namespace: &str, emit: &E, offset: Option<&str>) -> Bytes {
    entry(&Envelope { kind: 2, data: Some(Typed { emit, offset }), nsp: namespace, id: None })
}

/// Encodes the answer to an event.
#[must_use]
pub fn ack(namespace: &str, id: u64, args: &Args) -> Bytes {
    entry(&Envelope { kind: 3, data: Some(List { name: None, args, offset: None }), nsp: namespace, id: Some(id) })
}

/// Encodes a packet of any other type.
pub(in crate::wire) fn plain<T: Serialize + ?Sized>(kind: u8, namespace: &str, data: Option<&T>) -> Bytes {
    entry(&Envelope { kind, data, nsp: namespace, id: None })
}

/// Writes a packet behind room for its frame's header. One that cannot be written (a list too long for the format) gets no
/// data: that is a bug in its type, and no reason to take down whoever emits it.
fn entry<D: Serialize>(envelope: &Envelope<'_, D>) -> Bytes {
    let mut out = Vec::with_capacity(256);
    out.resize(MAX_HEAD, 0);
    if write(&mut out, envelope).is_err() {
        debug_assert!(false, "a type whose MessagePack cannot be written");
        out.truncate(MAX_HEAD);
        let empty = Envelope { kind: envelope.kind, data: Some([(); 0]), nsp: envelope.nsp, id: envelope.id };
        write(&mut out, &empty).expect("a small map can always be written");
    }
    let (head, head_at) = frame::head(Opcode::Binary, out.len() - MAX_HEAD);
    let start = put_before(&mut out, MAX_HEAD, head.get(head_at..).unwrap_or_default());
    into_entry(out, start)
}

fn write<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), rmp_serde::encode::Error> {
    value.serialize(&mut rmp_serde::Serializer::new(out).with_struct_map())
}

/// Arguments, a name before them and an offset behind.
struct List<'a> {
    name: Option<&'a str>,
    args: &'a Args,
    offset: Option<&'a str>,
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let len = usize::from(self.name.is_some()) + self.args.len() + usize::from(self.offset.is_some());
        let mut list = serializer.serialize_seq(Some(len))?;
        if let Some(name) = self.name {
            list.serialize_element(name)?;
        }
        match self.args {
            Args::Tree(values) => values.iter().try_for_each(|value| list.serialize_element(value))?,
            Args::Json(texts) => {
                for text in texts {
                    list.serialize_element(&from_json::<Value>(text.get()).unwrap_or_default())?;
                }
            }
        }
        if let Some(offset) = self.offset {
            list.serialize_element(offset)?;
        }
        list.end()
    }
}

/// A typed emission as arguments.
struct Typed<'a, E> {
    emit: &'a E,
    offset: Option<&'a str>,
}

impl<E: Emit> Serialize for Typed<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_arg = E::ARGS > 0;
        let len = 1 + usize::from(has_arg) + usize::from(self.offset.is_some());
        let mut list = serializer.serialize_tuple(len)?;
        list.serialize_element(E::NAME)?;
        if has_arg {
            list.serialize_element(self.emit)?;
        }
        if let Some(offset) = self.offset {
            list.serialize_element(offset)?;
        }
        list.end()
    }
}
