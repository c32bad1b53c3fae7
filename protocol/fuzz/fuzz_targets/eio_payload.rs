//! Polling bodies: what decodes survives being written again.

#![no_main]

use bytes::Bytes;
use hubbub_protocol::wire::limits::Limits;
use hubbub_protocol::wire::packet::{PacketType, Revision, binary_frame, text_frame};
use hubbub_protocol::wire::payload::{ContentType, Encoder, PacketBuf, decode};
use libfuzzer_sys::fuzz_target;

fn framed(revision: Revision, packet: &PacketBuf) -> Bytes {
    match packet {
        PacketBuf::Open(data) => text_frame(PacketType::Open, data),
        PacketBuf::Close => text_frame(PacketType::Close, ""),
        PacketBuf::Ping(data) => text_frame(PacketType::Ping, data),
        PacketBuf::Pong(data) => text_frame(PacketType::Pong, data),
        PacketBuf::Text(data) => text_frame(PacketType::Message, data),
        PacketBuf::Binary(data) => binary_frame(revision, data),
        PacketBuf::Upgrade => text_frame(PacketType::Upgrade, ""),
        PacketBuf::Noop => text_frame(PacketType::Noop, ""),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&mode, body)) = data.split_first() else { return };
    let revision = if mode & 1 == 0 { Revision::V4 } else { Revision::V3 };
    let limits = Limits::new(100_000);
    let Ok(packets) = decode(revision, body, mode & 2 != 0, &limits) else { return };
    let mut encoder = Encoder::new(revision, mode & 4 != 0, usize::MAX);
    for packet in &packets {
        assert!(encoder.push_frames(&framed(revision, packet)));
    }
    // No packets make a body that only ends a poll, which is no body to decode.
    if encoder.is_empty() {
        return;
    }
    let (body, content_type) = encoder.finish();
    // What a body may weigh grows with base64 and with separators.
    let limits = Limits::new(usize::MAX);
    assert_eq!(decode(revision, &body, content_type == ContentType::OctetStream, &limits), Ok(packets));
});
