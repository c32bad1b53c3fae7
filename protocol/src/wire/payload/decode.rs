//! Decoding of polling bodies.

use super::{PacketBuf, PayloadError, SEPARATOR};
use crate::wire::limits::Limits;
use crate::wire::packet::{PacketError, Revision, decode_binary, decode_text};

/// The most digits a length may have: more than any body needs, few enough for `usize`.
const MAX_LENGTH_DIGITS: usize = 9;

/// Decodes a body. `is_binary` says that it came as `application/octet-stream`, which only revision 3 uses.
///
/// # Errors
/// A body over the limits, or the first thing wrong in it: a body is accepted as a whole or not at all.
pub fn decode(revision: Revision, body: &[u8], is_binary: bool, limits: &Limits) -> Result<Vec<PacketBuf>, PayloadError> {
    if body.len() > limits.max_payload_bytes {
        return Err(PayloadError::TooBig);
    }
    match (revision, is_binary) {
        (Revision::V4, _) => decode_v4(utf8(body)?, limits),
        (Revision::V3, false) => decode_v3_text(utf8(body)?, limits),
        (Revision::V3, true) => decode_v3_binary(body, limits),
    }
}

fn decode_v4(body: &str, limits: &Limits) -> Result<Vec<PacketBuf>, PayloadError> {
    let mut packets = Vec::new();
    for record in body.split(SEPARATOR) {
        push(&mut packets, decode_text(Revision::V4, record)?.into(), limits)?;
    }
    Ok(packets)
}

fn decode_v3_text(body: &str, limits: &Limits) -> Result<Vec<PacketBuf>, PayloadError> {
    let mut packets = Vec::new();
    let mut rest = body;
    if rest.is_empty() {
        return Err(PacketError::Empty.into());
    }
    while !rest.is_empty() {
        let (len, after) = rest.split_once(':').ok_or(PayloadError::BadLength)?;
        let is_number = !len.is_empty() && len.len() <= MAX_LENGTH_DIGITS && len.bytes().all(|byte| byte.is_ascii_digit());
        let units = len.parse().ok().filter(|_| is_number).ok_or(PayloadError::BadLength)?;
        let (record, after) = split_at_utf16(after, units).ok_or(PayloadError::BadLength)?;
        // `0:` is how the official client writes an empty body.
        if !record.is_empty() {
            push(&mut packets, decode_text(Revision::V3, record)?.into(), limits)?;
        }
        rest = after;
    }
    Ok(packets)
}

fn decode_v3_binary(body: &[u8], limits: &Limits) -> Result<Vec<PacketBuf>, PayloadError> {
    let mut packets = Vec::new();
    let mut rest = body;
    while let Some((&kind, after)) = rest.split_first() {
        let (len, after) = split_length(after)?;
        let (record, after) = after.split_at_checked(len).ok_or(PayloadError::BadLength)?;
        let packet = match kind {
            0 => decode_text(Revision::V3, utf8(record)?)?,
            1 => decode_binary(Revision::V3, record)?,
            _ => return Err(PayloadError::BadLength),
        };
        push(&mut packets, packet.into(), limits)?;
        rest = after;
    }
    Ok(packets)
}

/// Reads a length written as one byte per decimal digit and an end mark.
fn split_length(bytes: &[u8]) -> Result<(usize, &[u8]), PayloadError> {
    let mut len = 0;
    for (at, &byte) in bytes.iter().enumerate().take(MAX_LENGTH_DIGITS + 1) {
        match byte {
            0xff if at > 0 => return Ok((len, bytes.get(at + 1..).unwrap_or_default())),
            0..=9 if at < MAX_LENGTH_DIGITS => len = len * 10 + usize::from(byte),
            _ => return Err(PayloadError::BadLength),
        }
    }
    Err(PayloadError::BadLength)
}

/// Splits after so many UTF-16 code units; `None` when there are fewer, or when that would cut a character.
fn split_at_utf16(text: &str, units: usize) -> Option<(&str, &str)> {
    let is_plain = text.as_bytes().get(..units).is_some_and(<[u8]>::is_ascii);
    if is_plain {
        return text.split_at_checked(units);
    }
    let mut left = units;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return text.split_at_checked(at);
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    (left == 0).then_some((text, ""))
}

fn push(packets: &mut Vec<PacketBuf>, packet: PacketBuf, limits: &Limits) -> Result<(), PayloadError> {
    if packets.len() >= limits.max_payload_packets {
        return Err(PayloadError::TooManyPackets);
    }
    packets.push(packet);
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str, PayloadError> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| PayloadError::BadUtf8)
}
