//! Engine.IO packets: what decodes survives being written again, text and bytes, in both revisions.

#![no_main]

use bytes::Bytes;
use hubbub_protocol::wire::frame::{Opcode, frames};
use hubbub_protocol::wire::packet::{Packet, PacketType, Revision, binary_frame, decode_binary, decode_text, text_frame};
use libfuzzer_sys::fuzz_target;

fn written(revision: Revision, packet: &Packet<'_>) -> Bytes {
    match packet {
        Packet::Open(data) => text_frame(PacketType::Open, data),
        Packet::Close => text_frame(PacketType::Close, ""),
        Packet::Ping(data) => text_frame(PacketType::Ping, data),
        Packet::Pong(data) => text_frame(PacketType::Pong, data),
        Packet::Text(data) => text_frame(PacketType::Message, data),
        Packet::Binary(data) => binary_frame(revision, data),
        Packet::Upgrade => text_frame(PacketType::Upgrade, ""),
        Packet::Noop => text_frame(PacketType::Noop, ""),
    }
}

fn check(revision: Revision, packet: &Packet<'_>) {
    let entry = written(revision, packet);
    let (opcode, payload) = frames(&entry).next().expect("a whole frame");
    let again = match opcode {
        Opcode::Text => decode_text(revision, std::str::from_utf8(&payload).expect("text")),
        _ => decode_binary(revision, &payload),
    };
    assert_eq!(again.as_ref(), Ok(packet));
}

fuzz_target!(|data: &[u8]| {
    for revision in [Revision::V3, Revision::V4] {
        if let Ok(packet) = decode_binary(revision, data) {
            check(revision, &packet);
        }
        if let Ok(Ok(packet)) = std::str::from_utf8(data).map(|text| decode_text(revision, text)) {
            check(revision, &packet);
        }
    }
});
