//! What is encoded decodes to the same, for generated packets and any way of cutting them.

use bytes::{Bytes, BytesMut};
use compact_str::CompactString;
use hubbub_protocol::wire::args::Args;
use hubbub_protocol::wire::frame::{Decoder, Incoming, Input, Opcode, frames, put_masked_fragment};
use hubbub_protocol::wire::limits::Limits;
use hubbub_protocol::wire::message::{self, Dialect, Header, Packet};
use hubbub_protocol::wire::msgpack;
use hubbub_protocol::wire::packet::{self, PacketType, Revision, binary_frame, decode_binary, decode_text, text_frame};
use hubbub_protocol::wire::payload::{self, ContentType, Encoder, PacketBuf};
use hubbub_protocol::wire::value::Value;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const LIMITS: Limits = Limits { max_attachments: 1000, ..Limits::new(1_000_000) };

fn any_text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

/// A value as a decoder would make it: no integral float in the range that is written as an integer.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("not integral", |float| float.fract() != 0.0 || float.abs() > 1e16).prop_map(Value::from),
        any_text().prop_map(Value::from),
        any_bytes().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![vec(inner.clone(), 0..5).prop_map(Value::Array), vec((any_text(), inner), 0..5).prop_map(Value::Object),]
    })
}

fn any_args() -> impl Strategy<Value = Args> {
    vec(any_value(), 0..4).prop_map(Args::from)
}

fn any_namespace() -> impl Strategy<Value = CompactString> {
    prop_oneof![Just("/".to_owned()), "/[a-zü0-9?\\[\"-]{0,20}"].prop_map(CompactString::from)
}

fn plain_object() -> impl Strategy<Value = Value> {
    vec((any_text(), any_text().prop_map(Value::from)), 0..3).prop_map(Value::Object)
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let id = 0..=LIMITS.max_ack_id;
    let name = any_text().prop_map(|name| CompactString::from(format!("e{name}")));
    prop_oneof![
        (any_namespace(), proptest::option::of(plain_object())).prop_map(|(namespace, auth)| Packet::Connect {
            namespace,
            auth,
            query: None
        }),
        any_namespace().prop_map(|namespace| Packet::Disconnect { namespace }),
        (any_namespace(), proptest::option::of(id.clone()), name, any_args())
            .prop_map(|(namespace, id, name, args)| Packet::Event { namespace, id, name, args }),
        (any_namespace(), id, any_args()).prop_map(|(namespace, id, args)| Packet::Ack { namespace, id, args }),
        (any_namespace(), prop_oneof![plain_object(), any_text().prop_map(Value::from)])
            .prop_map(|(namespace, data)| Packet::ConnectError { namespace, data }),
    ]
}

/// Decodes an entry as the peer that received its frames would.
fn decoded(dialect: Dialect, entry: &Bytes) -> Option<Packet> {
    let mut partial = None;
    for (opcode, payload) in frames(entry) {
        let packet = match opcode {
            Opcode::Text => decode_text(dialect.revision(), std::str::from_utf8(&payload).ok()?),
            _ => decode_binary(dialect.revision(), &payload),
        };
        match packet.ok()? {
            packet::Packet::Text(text) => match message::decode_text(dialect, text, &LIMITS).ok()? {
                Header::Complete(packet) => return Some(packet),
                Header::NeedsAttachments(waiting) => partial = Some(waiting),
            },
            packet::Packet::Binary(bytes) if dialect == Dialect::MsgpackV5 => return msgpack::decode(&bytes, &LIMITS).ok(),
            packet::Packet::Binary(bytes) => {
                if let Some(packet) = partial.as_mut()?.add(bytes.into_owned().into(), &LIMITS).ok()? {
                    return Some(packet);
                }
            }
            _ => return None,
        }
    }
    None
}

#[derive(Debug, Clone, PartialEq)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(Option<(u16, String)>),
}

fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        vec(any_text(), 0..40).prop_map(|parts| Message::Text(parts.concat())),
        vec(any::<u8>(), 0..1000).prop_map(Message::Binary),
        vec(any::<u8>(), 0..=125).prop_map(Message::Ping),
        proptest::option::of((1000..1004_u16, any_text())).prop_map(Message::Close),
    ]
}

/// Writes a message as a client may: data cut anywhere, a ping in each gap.
fn put(out: &mut BytesMut, message: &Message, cuts: &[Index], mask: [u8; 4], expected: &mut Vec<Message>) {
    let (opcode, payload) = match message {
        Message::Text(text) => (1, text.as_bytes()),
        Message::Binary(bytes) => (2, bytes.as_slice()),
        Message::Ping(bytes) => {
            put_masked_fragment(out, 9, true, mask, bytes);
            return expected.push(message.clone());
        }
        Message::Close(close) => {
            let close = close.as_ref().map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat());
            put_masked_fragment(out, 8, true, mask, &close.unwrap_or_default());
            return expected.push(message.clone());
        }
    };
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
    ends.sort_unstable();
    let mut start = 0;
    for (at, end) in ends.into_iter().enumerate() {
        put_masked_fragment(out, if at == 0 { opcode } else { 0 }, false, mask, &payload[start..end]);
        put(out, &Message::Ping(vec![at as u8]), &[], mask, expected);
        start = end;
    }
    put_masked_fragment(out, if cuts.is_empty() { opcode } else { 0 }, true, mask, &payload[start..]);
    expected.push(message.clone());
}

fn any_packet_buf() -> impl Strategy<Value = PacketBuf> {
    let text = || any_text().prop_map(|text| text.replace('\u{1e}', ""));
    prop_oneof![
        Just(PacketBuf::Close),
        text().prop_map(PacketBuf::Ping),
        text().prop_map(PacketBuf::Pong),
        text().prop_map(PacketBuf::Text),
        any_bytes().prop_map(PacketBuf::Binary),
        Just(PacketBuf::Upgrade),
        Just(PacketBuf::Noop),
        text().prop_map(PacketBuf::Open),
    ]
}

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

proptest! {
    #[test]
    fn socket_io_packets_come_back(packet in any_packet()) {
        for dialect in [Dialect::JsonV5, Dialect::MsgpackV5] {
            prop_assert_eq!(decoded(dialect, &message::encode(dialect, &packet)), Some(packet.clone()));
        }
        // A `?` in a namespace is the start of a query in protocol 4.
        let has_query = matches!(&packet, Packet::Connect { namespace, .. } if namespace.contains('?'));
        if !has_query {
            prop_assert_eq!(decoded(Dialect::JsonV4, &message::encode(Dialect::JsonV4, &packet)), Some(packet));
        }
    }

    #[test]
    fn arguments_pass_through_as_text(value in any_value().prop_filter("JSON", |value| !value.has_binary())) {
        let text = serde_json::to_string(&value).expect("writes");
        let json = format!(r#"2["e",{text}]"#);
        let Ok(Header::Complete(Packet::Event { args, .. })) = message::decode_text(Dialect::JsonV5, &json, &LIMITS) else {
            return Err(TestCaseError::fail("not an event"));
        };
        let entry = message::event(Dialect::JsonV5, "/", None, "e", &args);
        let written = frames(&entry).next().expect("one frame").1;
        prop_assert_eq!(&written[1..], json.as_bytes());
        prop_assert_eq!(args.get::<Value>(0).expect("reads"), value);
    }

    #[test]
    fn websocket_messages_come_back_however_they_are_cut(
        messages in vec((any_message(), vec(any::<Index>(), 0..5), any::<[u8; 4]>()), 1..6),
        reads in vec(1..400_usize, 1..20),
    ) {
        let (mut bytes, mut expected, mut found) = (BytesMut::new(), Vec::new(), Vec::new());
        for (message, cuts, mask) in &messages {
            put(&mut bytes, message, cuts, *mask, &mut expected);
        }
        let mut decoder = Decoder::new(100_000, 16);
        let mut read_lens = reads.iter().cycle();
        while !bytes.is_empty() {
            let read_len = bytes.len().min(*read_lens.next().expect("cycles"));
            let mut read = bytes.split_to(read_len);
            let mut input = Input::new(&mut read);
            while let Some(incoming) = decoder.next(&mut input).expect("well-formed") {
                found.push(match incoming {
                    Incoming::Text(text) => Message::Text(text.into()),
                    Incoming::Binary(bytes) => Message::Binary(bytes.into()),
                    Incoming::Ping(bytes) | Incoming::Pong(bytes) => Message::Ping(bytes.into()),
                    Incoming::Close(close) => Message::Close(close.map(|(code, reason)| (code, reason.into()))),
                });
            }
            prop_assert_eq!(input.remaining(), 0);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn polling_bodies_come_back(packets in vec(any_packet_buf(), 1..8), v4: bool, binary_ok: bool) {
        let revision = if v4 { Revision::V4 } else { Revision::V3 };
        let mut encoder = Encoder::new(revision, binary_ok, 1_000_000);
        for packet in &packets {
            prop_assert!(encoder.push_frames(&framed(revision, packet)));
        }
        let (body, content_type) = encoder.finish();
        let is_binary = content_type == ContentType::OctetStream;
        let decoded = payload::decode(revision, &body, is_binary, &Limits::new(1_000_000));
        prop_assert_eq!(decoded, Ok(packets));
    }

    #[test]
    fn a_body_is_cut_at_its_limit(lens in vec(0..50_usize, 1..20), max_bytes in 1..200_usize, v4: bool, binary_ok: bool) {
        let revision = if v4 { Revision::V4 } else { Revision::V3 };
        let mut encoder = Encoder::new(revision, binary_ok, max_bytes);
        let mut taken = 0;
        for (at, &len) in lens.iter().enumerate() {
            let frame = if len % 3 == 0 { binary_frame(revision, &vec![1; len]) } else { text_frame(PacketType::Message, &"ü".repeat(len)) };
            if !encoder.push_frames(&frame) {
                break;
            }
            taken = at + 1;
        }
        let (body, _) = encoder.finish();
        prop_assert!(taken >= 1);
        prop_assert!(taken == 1 || body.len() <= max_bytes);
    }

    #[test]
    fn no_input_is_too_odd(bytes in vec(any::<u8>(), 0..200), text in "[0-6b/,\\[\\]{}\":_a-e\\\\-]{0,60}") {
        let mut decoder = Decoder::new(1000, 4);
        let mut read = bytes.clone();
        let mut input = Input::new(&mut read);
        while let Ok(Some(_)) = decoder.next(&mut input) {}
        let _ = msgpack::decode(&bytes, &LIMITS);
        for revision in [Revision::V3, Revision::V4] {
            let _ = payload::decode(revision, &bytes, true, &LIMITS);
            let _ = payload::decode(revision, text.as_bytes(), false, &LIMITS);
            let _ = decode_text(revision, &text);
        }
        let _ = message::decode_text(Dialect::JsonV5, &text, &LIMITS);
        let _ = message::decode_text(Dialect::JsonV4, &text, &LIMITS);
    }
}
