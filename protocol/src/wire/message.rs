//! Socket.IO packets, in the three ways they travel.
//!
//! The text of a packet is `<type>[<attachments>-][<namespace>,][<ack id>][json]`; bytes among the arguments leave
//! placeholders there and follow as binary messages. MessagePack packets are one binary message each ([`super::msgpack`]).
//!
//! Whatever is encoded here is an outbox entry: one or more whole WebSocket frames in one `Bytes`.

mod decode;
mod depth;
mod encode;
pub(super) mod json;
mod partial;
#[cfg(test)]
mod tests;

use compact_str::CompactString;

use super::args::Args;
use super::packet::Revision;
use super::value::Value;

pub(super) use decode::check_namespace;
pub use decode::decode_text;
pub use encode::{ack, connect, connect_error, disconnect, emit, emit_with_offset, encode, event, event_with_offset};
pub use partial::Partial;
pub(super) use partial::is_placeholder;

/// Names that mean something to the official libraries' event emitters; a packet that uses one is malformed.
const RESERVED_EVENTS: [&str; 6] = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// How a connection writes Socket.IO packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Protocol 5 in JSON, over `EIO=4`.
    JsonV5,
    /// Protocol 4 in JSON, over `EIO=3`.
    JsonV4,
    /// Protocol 5 in MessagePack, over `EIO=4`.
    MsgpackV5,
}

impl Dialect {
    /// Returns the Engine.IO revision underneath.
    #[must_use]
    pub const fn revision(self) -> Revision {
        match self {
            Self::JsonV5 | Self::MsgpackV5 => Revision::V4,
            Self::JsonV4 => Revision::V3,
        }
    }
}

/// A packet's type. Bytes among the arguments change the digit of events and acknowledgements, not the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connect = 0,
    Disconnect,
    Event,
    Ack,
    ConnectError,
}

/// A decoded packet. Names of usual length are kept in place: an event costs no allocation but its arguments'.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    /// A client asks for a namespace.
    Connect {
        /// The namespace's name, `/` by default.
        namespace: CompactString,
        /// The credentials it offers: an object.
        auth: Option<Value>,
        /// Protocol 4: the query after the namespace's name.
        query: Option<String>,
    },
    /// The peer leaves a namespace.
    Disconnect {
        /// The namespace's name.
        namespace: CompactString,
    },
    /// An event.
    Event {
        /// The namespace's name.
        namespace: CompactString,
        /// The id of the acknowledgement it asks for.
        id: Option<u64>,
        /// The event's name.
        name: CompactString,
        /// Its arguments.
        args: Args,
    },
    /// The answer to an event.
    Ack {
        /// The namespace's name.
        namespace: CompactString,
        /// The id the event gave.
        id: u64,
        /// Its arguments.
        args: Args,
    },
    /// A namespace is refused.
    ConnectError {
        /// The namespace's name.
        namespace: CompactString,
        /// A message, or an object with one.
        data: Value,
    },
}

/// What a text message turned out to be.
#[derive(Debug)]
pub enum Header {
    /// A whole packet.
    Complete(Packet),
    /// A packet whose bytes follow in binary messages.
    NeedsAttachments(Partial),
}

/// Why a message is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum MessageError {
    #[error("text in a MessagePack connection")]
    WrongDialect,
    #[error("unknown packet type")]
    UnknownType,
    #[error("bad number of attachments")]
    BadAttachments,
    #[error("too many attachments")]
    TooManyAttachments,
    #[error("attachments are too big")]
    AttachmentsTooBig,
    #[error("bad placeholder for an attachment")]
    BadPlaceholder,
    #[error("bad namespace")]
    BadNamespace,
    #[error("bad acknowledgement id")]
    BadAckId,
    #[error("payload is nested too deep")]
    TooDeep,
    #[error("payload has too many values")]
    TooManyValues,
    #[error("bad payload")]
    BadPayload,
    #[error("bad event name")]
    BadEventName,
}

/// Checks the name of a client's event.
pub(super) fn check_event_name(name: &str) -> Result<(), MessageError> {
    if RESERVED_EVENTS.contains(&name) { Err(MessageError::BadEventName) } else { Ok(()) }
}
