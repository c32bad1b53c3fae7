//! Polling bodies: several Engine.IO packets in one HTTP body.
//!
//! Revision 4 separates packets by U+001E. Revision 3 puts a length before each: in text, counted in UTF-16 code units as
//! JavaScript counts; in bytes (`application/octet-stream`), counted in bytes. Binary packets in text are base64.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::packet::{Packet, PacketError};

pub use decode::decode;
pub use encode::{ContentType, Encoder};

/// The separator of revision 4.
const SEPARATOR: char = '\u{1e}';

/// A packet that owns its data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `Packet`")]
pub enum PacketBuf {
    Open(String),
    Close,
    Ping(String),
    Pong(String),
    Text(String),
    Binary(Bytes),
    Upgrade,
    Noop,
}

impl PacketBuf {
    /// Returns the packet, borrowed.
    #[must_use]
    pub fn as_packet(&self) -> Packet<'_> {
        match self {
            Self::Open(data) => Packet::Open(data),
            Self::Close => Packet::Close,
            Self::Ping(data) => Packet::Ping(data),
            Self::Pong(data) => Packet::Pong(data),
            Self::Text(data) => Packet::Text(data),
            Self::Binary(data) => Packet::Binary(data.as_ref().into()),
            Self::Upgrade => Packet::Upgrade,
            Self::Noop => Packet::Noop,
        }
    }
}

impl From<Packet<'_>> for PacketBuf {
    fn from(packet: Packet<'_>) -> Self {
        match packet {
            Packet::Open(data) => Self::Open(data.into()),
            Packet::Close => Self::Close,
            Packet::Ping(data) => Self::Ping(data.into()),
            Packet::Pong(data) => Self::Pong(data.into()),
            Packet::Text(data) => Self::Text(data.into()),
            Packet::Binary(data) => Self::Binary(data.into_owned().into()),
            Packet::Upgrade => Self::Upgrade,
            Packet::Noop => Self::Noop,
        }
    }
}

/// Why a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum PayloadError {
    #[error("polling body is too big")]
    TooBig,
    #[error("polling body has too many packets")]
    TooManyPackets,
    #[error("polling body is not UTF-8")]
    BadUtf8,
    #[error("polling body has a bad length")]
    BadLength,
    #[error(transparent)]
    Packet(#[from] PacketError),
}
