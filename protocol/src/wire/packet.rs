//! Engine.IO packets as one WebSocket message carries them.

use std::borrow::Cow;

use base64::Engine as _;
use bytes::{BufMut, Bytes, BytesMut};

use super::frame::{self, Opcode};

/// The Engine.IO protocol's revision: the `EIO` of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Revision {
    /// `EIO=3`: the client pings, binary packets carry their type.
    V3,
    /// `EIO=4`: the server pings, binary packets are bare.
    V4,
}

/// A packet's type, the digit it starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the protocol's own words")]
pub enum PacketType {
    Open = 0,
    Close,
    Ping,
    Pong,
    Message,
    Upgrade,
    Noop,
}

impl PacketType {
    /// Returns the digit on the wire.
    #[must_use]
    pub const fn digit(self) -> u8 {
        b'0' + self as u8
    }

    fn from_digit(digit: u8) -> Option<Self> {
        Some(match digit {
            b'0' => Self::Open,
            b'1' => Self::Close,
            b'2' => Self::Ping,
            b'3' => Self::Pong,
            b'4' => Self::Message,
            b'5' => Self::Upgrade,
            b'6' => Self::Noop,
            _ => return None,
        })
    }
}

/// A decoded packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The handshake, from the server.
    Open(&'a str),
    /// The session ends.
    Close,
    /// A ping, with `probe` while a transport is tried.
    Ping(&'a str),
    /// The answer to a ping.
    Pong(&'a str),
    /// A message in text.
    Text(&'a str),
    /// A message in bytes; owned when it came in base64.
    Binary(Cow<'a, [u8]>),
    /// The client moves to this transport.
    Upgrade,
    /// Nothing: ends a poll.
    Noop,
}

/// Why bytes are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// An empty message.
    #[error("packet is empty")]
    Empty,
    /// No such type.
    #[error("unknown packet type")]
    UnknownType,
    /// Binary data in text that is not base64.
    #[error("packet is not valid base64")]
    BadBase64,
}

/// What base64 inside packets looks like: padding is not insisted on, as in the official parsers.
const BASE64: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn put_base64(out: &mut String, data: &[u8]) {
    BASE64.encode_string(data, out);
}

/// Decodes a text message. Clients without binary support send bytes as `b` and base64 (revision 3: `b4`).
///
/// # Errors
/// An empty packet, an unknown type, or bad base64.
pub fn decode_text(revision: Revision, text: &str) -> Result<Packet<'_>, PacketError> {
    if let Some(encoded) = text.strip_prefix('b') {
        return decode_base64(revision, encoded);
    }
    let first = text.bytes().next().ok_or(PacketError::Empty)?;
    let data = text.get(1..).unwrap_or_default();
    Ok(match PacketType::from_digit(first).ok_or(PacketError::UnknownType)? {
        PacketType::Open => Packet::Open(data),
        PacketType::Close => Packet::Close,
        PacketType::Ping => Packet::Ping(data),
        PacketType::Pong => Packet::Pong(data),
        PacketType::Message => Packet::Text(data),
        PacketType::Upgrade => Packet::Upgrade,
        PacketType::Noop => Packet::Noop,
    })
}

fn decode_base64(revision: Revision, encoded: &str) -> Result<Packet<'_>, PacketError> {
    let encoded = match revision {
        Revision::V4 => encoded,
        Revision::V3 => encoded.strip_prefix('4').ok_or(PacketError::UnknownType)?,
    };
    BASE64.decode(encoded).map(|data| Packet::Binary(Cow::Owned(data))).map_err(|_| PacketError::BadBase64)
}

/// Decodes a binary message: bare bytes in revision 4, after a type byte (always a message) in revision 3.
///
/// # Errors
/// Revision 3 only: an empty packet, or one that is no message.
pub fn decode_binary(revision: Revision, bytes: &[u8]) -> Result<Packet<'_>, PacketError> {
    let data = match (revision, bytes) {
        (Revision::V4, data) => data,
        (Revision::V3, []) => return Err(PacketError::Empty),
        (Revision::V3, [4, data @ ..]) => data,
        (Revision::V3, _) => return Err(PacketError::UnknownType),
    };
    Ok(Packet::Binary(Cow::Borrowed(data)))
}

/// Returns a packet in text as a whole WebSocket frame.
#[must_use]
pub fn text_frame(packet_type: PacketType, data: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(frame::MAX_HEAD + 1 + data.len());
    frame::put_head(&mut out, Opcode::Text, 1 + data.len());
    out.put_u8(packet_type.digit());
    out.put_slice(data.as_bytes());
    out.freeze()
}

/// Returns a message in bytes as a whole WebSocket frame.
#[must_use]
pub fn binary_frame(revision: Revision, data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(frame::MAX_HEAD + 1 + data.len());
    put_binary_frame(&mut out, revision, data);
    out.freeze()
}

/// Appends a message in bytes as a whole WebSocket frame.
pub(super) fn put_binary_frame(out: &mut BytesMut, revision: Revision, data: &[u8]) {
    match revision {
        Revision::V4 => frame::put_head(out, Opcode::Binary, data.len()),
        Revision::V3 => {
            frame::put_head(out, Opcode::Binary, 1 + data.len());
            out.put_u8(PacketType::Message as u8);
        }
    }
    out.put_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_packets_start_with_their_digit() {
        let check = |text, packet| assert_eq!(decode_text(Revision::V4, text), packet, "{text}");
        check("0{}", Ok(Packet::Open("{}")));
        check("1", Ok(Packet::Close));
        check("2", Ok(Packet::Ping("")));
        check("2probe", Ok(Packet::Ping("probe")));
        check("3probe", Ok(Packet::Pong("probe")));
        check("4", Ok(Packet::Text("")));
        check("42[\"ü\"]", Ok(Packet::Text("2[\"ü\"]")));
        check("5", Ok(Packet::Upgrade));
        check("6", Ok(Packet::Noop));
        check("", Err(PacketError::Empty));
        check("7", Err(PacketError::UnknownType));
        check("abc", Err(PacketError::UnknownType));
        check("ü", Err(PacketError::UnknownType));
    }

    #[test]
    fn bytes_in_text_are_base64() {
        let bytes = || Ok(Packet::Binary(Cow::Owned(vec![1, 2, 3, 4])));
        assert_eq!(decode_text(Revision::V4, "bAQIDBA=="), bytes());
        assert_eq!(decode_text(Revision::V4, "bAQIDBA"), bytes());
        assert_eq!(decode_text(Revision::V3, "b4AQIDBA=="), bytes());
        assert_eq!(decode_text(Revision::V3, "bAQIDBA=="), Err(PacketError::UnknownType));
        assert_eq!(decode_text(Revision::V4, "b?"), Err(PacketError::BadBase64));
    }

    #[test]
    fn bytes_are_bare_or_follow_their_type() {
        assert_eq!(decode_binary(Revision::V4, &[4, 1]), Ok(Packet::Binary(Cow::Borrowed(&[4, 1]))));
        assert_eq!(decode_binary(Revision::V3, &[4, 1]), Ok(Packet::Binary(Cow::Borrowed(&[1]))));
        assert_eq!(decode_binary(Revision::V3, &[2, 1]), Err(PacketError::UnknownType));
        assert_eq!(decode_binary(Revision::V3, &[]), Err(PacketError::Empty));
    }

    #[test]
    fn packets_become_whole_frames() {
        assert_eq!(text_frame(PacketType::Ping, "probe"), &b"\x81\x062probe"[..]);
        assert_eq!(binary_frame(Revision::V4, &[1, 2]), &b"\x82\x02\x01\x02"[..]);
        assert_eq!(binary_frame(Revision::V3, &[1, 2]), &b"\x82\x03\x04\x01\x02"[..]);
    }
}
