//! Socket.IO packets in MessagePack: what decodes is the same when written, read and written once more, and can be read
//! by a client that speaks JSON.

#![no_main]

use bytes::Bytes;
use hubbub_protocol::wire::frame::frames;
use hubbub_protocol::wire::limits::Limits;
use hubbub_protocol::wire::message::{Dialect, Header, decode_text, encode};
use hubbub_protocol::wire::msgpack::decode;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_attachments: usize::MAX, ..Limits::new(100_000) };

fn assert_readable_as_json(entry: &Bytes) {
    let mut frames = frames(entry).map(|(_, payload)| payload);
    let text = frames.next().expect("a packet");
    let text = std::str::from_utf8(&text[1..]).expect("text");
    if let Header::NeedsAttachments(mut partial) = decode_text(Dialect::JsonV5, text, &LIMITS).expect("our own packet") {
        while partial.remaining() > 0 {
            partial.add(frames.next().expect("an attachment"), &LIMITS).expect("our own attachment");
        }
    }
    assert!(frames.next().is_none());
}

fuzz_target!(|data: &[u8]| {
    let Ok(packet) = decode(data, &LIMITS) else { return };
    let entry = encode(Dialect::MsgpackV5, &packet);
    let (_, payload) = frames(&entry).next().expect("one frame");
    let again = decode(&payload, &LIMITS).expect("our own packet");
    assert_eq!(encode(Dialect::MsgpackV5, &again), entry);
    assert_readable_as_json(&encode(Dialect::JsonV5, &packet));
});
