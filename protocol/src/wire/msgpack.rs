//! Socket.IO packets in MessagePack, compatible with the npm package `socket.io-msgpack-parser` 3: a map of `type`,
//! `data`, `nsp`, `id` and, from clients, `options`, in one binary message; bytes need no placeholders.
//!
//! Decision: rmp-serde writes, our own reader reads. The JavaScript encoder tells `undefined`, dates and array buffers
//! apart by how an extension's length is written, which no serde format passes on.

mod encode;
mod reader;
#[cfg(test)]
mod tests;

use compact_str::CompactString;

use super::args::Args;
use super::limits::Limits;
use super::message::{MessageError, Packet, check_event_name, check_namespace};
use super::value::Value;

pub(super) use encode::plain;
pub use encode::{ack, emit, event};

/// Decodes a binary message.
///
/// # Errors
/// The first thing that is malformed or over the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Packet, MessageError> {
    let Value::Object(members) = reader::read(bytes, limits)? else { return Err(MessageError::BadPayload) };
    let (mut kind, mut data, mut namespace, mut id) = (None, None, None, None);
    for (name, value) in members {
        match name.as_str() {
            "type" => kind = Some(value),
            "data" => data = Some(value),
            "nsp" => namespace = Some(value),
            "id" => id = Some(value),
            _ => {}
        }
    }
    let Some(Value::String(namespace)) = namespace else { return Err(MessageError::BadNamespace) };
    check_namespace(&namespace, limits)?;
    let id = id.map(|id| read_id(&id, limits)).transpose()?;
    packet(kind.as_ref(), namespace.into(), id, data, limits)
}

fn read_id(id: &Value, limits: &Limits) -> Result<u64, MessageError> {
    let Value::Int(id) = id else { return Err(MessageError::BadAckId) };
    u64::try_from(*id).ok().filter(|&id| id <= limits.max_ack_id).ok_or(MessageError::BadAckId)
}

fn packet(
    kind: Option<&Value>,
    namespace: CompactString,
    id: Option<u64>,
    data: Option<Value>,
    limits: &Limits,
) -> Result<Packet, MessageError> {
    let Some(Value::Int(kind)) = kind else { return Err(MessageError::UnknownType) };
    match (kind, data) {
        (0, auth @ (None | Some(Value::Object(_)))) => Ok(Packet::Connect { namespace, auth, query: None }),
        (1, None) => Ok(Packet::Disconnect { namespace }),
        (2, Some(Value::Array(mut args))) => {
            check_count(args.len().saturating_sub(1), limits)?;
            if args.is_empty() {
                return Err(MessageError::BadEventName);
            }
            let Value::String(name) = args.remove(0) else { return Err(MessageError::BadEventName) };
            check_event_name(&name)?;
            Ok(Packet::Event { namespace, id, name: name.into(), args: Args::Tree(args) })
        }
        (3, Some(Value::Array(args))) => {
            check_count(args.len(), limits)?;
            Ok(Packet::Ack { namespace, id: id.ok_or(MessageError::BadAckId)?, args: Args::Tree(args) })
        }
        (4, Some(data @ (Value::Object(_) | Value::String(_)))) => Ok(Packet::ConnectError { namespace, data }),
        (0..=4, _) => Err(MessageError::BadPayload),
        _ => Err(MessageError::UnknownType),
    }
}

fn check_count(args: usize, limits: &Limits) -> Result<(), MessageError> {
    if args > limits.max_arguments { Err(MessageError::BadPayload) } else { Ok(()) }
}
