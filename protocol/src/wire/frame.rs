//! WebSocket frames (RFC 6455), server side: what comes in is masked and may be fragmented, what goes out is neither.
//!
//! Decision: our own codec. The outbox keeps whole frames, header included, so that one `Bytes` serves every receiver, and
//! decoding happens in the reader's own buffer; a library's codec owns both. Extensions are not negotiated.

mod decoder;
mod mask;
#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

pub use decoder::{Decoder, FrameError, Incoming, Input};

/// The longest header of an unmasked frame.
pub(crate) const MAX_HEAD: usize = 10;

/// What a frame carries. Continuations never leave the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// UTF-8 text.
    Text = 1,
    /// Bytes.
    Binary = 2,
    /// The end of the connection.
    Close = 8,
    /// A request for a pong.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            1 => Some(Self::Text),
            2 => Some(Self::Binary),
            8 => Some(Self::Close),
            9 => Some(Self::Ping),
            10 => Some(Self::Pong),
            _ => None,
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Returns the header of an unmasked, unfragmented frame, right-aligned, and where it starts.
pub(crate) fn head(opcode: Opcode, payload_len: usize) -> ([u8; MAX_HEAD], usize) {
    let mut head = [0; MAX_HEAD];
    let first = 0x80 | opcode as u8;
    let start = if payload_len < 126 {
        let [.., a, b] = &mut head;
        (*a, *b) = (first, payload_len as u8);
        8
    } else if let Ok(len) = u16::try_from(payload_len) {
        let [.., a, b, high, low] = &mut head;
        (*a, *b) = (first, 126);
        [*high, *low] = len.to_be_bytes();
        6
    } else {
        let [a, b, len @ ..] = &mut head;
        (*a, *b) = (first, 127);
        *len = (payload_len as u64).to_be_bytes();
        0
    };
    (head, start)
}

/// Appends the header of a frame.
pub fn put_head(out: &mut BytesMut, opcode: Opcode, payload_len: usize) {
    let (head, start) = head(opcode, payload_len);
    out.put_slice(head.get(start..).unwrap_or_default());
}

/// Appends a whole frame.
pub fn put_frame(out: &mut BytesMut, opcode: Opcode, payload: &[u8]) {
    out.reserve(MAX_HEAD + payload.len());
    put_head(out, opcode, payload.len());
    out.put_slice(payload);
}

/// Returns a whole frame.
#[must_use]
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    put_frame(&mut out, opcode, payload);
    out.freeze()
}

/// Returns a close frame; the reason is cut to what a control frame holds.
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let reason = reason.get(..reason.floor_char_boundary(123)).unwrap_or_default();
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    frame(Opcode::Close, &payload)
}

/// Appends a whole frame as a client sends it: masked.
pub fn put_masked_frame(out: &mut BytesMut, opcode: Opcode, mask: [u8; 4], payload: &[u8]) {
    put_masked_fragment(out, opcode as u8, true, mask, payload);
}

/// Appends one frame of a fragmented message as a client sends it; `opcode` 0 continues the message before.
pub fn put_masked_fragment(out: &mut BytesMut, opcode: u8, fin: bool, mask: [u8; 4], payload: &[u8]) {
    let head_at = out.len();
    put_head(out, Opcode::Text, payload.len());
    if let Some([first, second, ..]) = out.get_mut(head_at..) {
        *first = (u8::from(fin) << 7) | (opcode & 0x0f);
        *second |= 0x80;
    }
    out.put_slice(&mask);
    let payload_at = out.len();
    out.put_slice(payload);
    mask::apply(out.get_mut(payload_at..).unwrap_or_default(), mask);
}

/// Iterates over the whole, unmasked, unfragmented frames of our own output, without copying. Stops at anything else.
pub fn frames(bytes: &Bytes) -> impl Iterator<Item = (Opcode, Bytes)> {
    let mut rest = bytes.clone();
    std::iter::from_fn(move || {
        let (&first, &second) = (rest.first()?, rest.get(1)?);
        let opcode = Opcode::from_bits(first & 0x0f)?;
        let (head_len, payload_len) = match second {
            0..=125 => (2, usize::from(second)),
            126 => (4, usize::from(u16::from_be_bytes(*rest.get(2..)?.first_chunk()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(*rest.get(2..)?.first_chunk()?)).ok()?),
            _ => return None,
        };
        let frame_len = payload_len.checked_add(head_len).filter(|&len| len <= rest.len())?;
        let frame = rest.split_to(frame_len);
        Some((opcode, frame.slice(head_len..)))
    })
}
