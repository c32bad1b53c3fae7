//! Socket.IO packets in text: what decodes can be written in every dialect, and in its own is the same when read and
//! written once more.

#![no_main]

use bytes::Bytes;
use hubbub_protocol::wire::frame::frames;
use hubbub_protocol::wire::limits::Limits;
use hubbub_protocol::wire::message::{Dialect, Header, MessageError, Packet, decode_text, encode};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits::new(100_000);

/// Decodes a packet, whose attachments come from `next`.
fn decode(dialect: Dialect, text: &str, mut next: impl FnMut() -> Bytes) -> Result<Packet, MessageError> {
    let mut partial = match decode_text(dialect, text, &LIMITS)? {
        Header::Complete(packet) => return Ok(packet),
        Header::NeedsAttachments(partial) => partial,
    };
    loop {
        if let Some(packet) = partial.add(next(), &LIMITS)? {
            return Ok(packet);
        }
    }
}

fn decode_entry(dialect: Dialect, entry: &Bytes) -> Packet {
    let type_byte = usize::from(dialect == Dialect::JsonV4);
    let mut frames = frames(entry).map(|(_, payload)| payload);
    let text = frames.next().expect("a packet");
    let text = std::str::from_utf8(&text[1..]).expect("text");
    decode(dialect, text, || frames.next().expect("an attachment").slice(type_byte..)).expect("our own packet")
}

fuzz_target!(|data: &[u8]| {
    let Some((&mode, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let dialect = if mode & 1 == 0 { Dialect::JsonV5 } else { Dialect::JsonV4 };
    let Ok(packet) = decode(dialect, text, || Bytes::copy_from_slice(&[mode; 3])) else { return };
    let entry = encode(dialect, &packet);
    assert_eq!(encode(dialect, &decode_entry(dialect, &entry)), entry);
    for other in [Dialect::JsonV5, Dialect::JsonV4, Dialect::MsgpackV5] {
        assert!(!encode(other, &packet).is_empty());
    }
});
