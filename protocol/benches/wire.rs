//! What the codecs cost: packets in JSON and MessagePack, and frames.
//!
//! `cargo bench -p hubbub-protocol`

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hubbub_protocol::contract::Emit;
use hubbub_protocol::wire::frame::{Decoder, Input, Opcode, frames, put_frame, put_masked_frame};
use hubbub_protocol::wire::limits::Limits;
use hubbub_protocol::wire::message::{Dialect, Header, Packet, decode_text, emit, event};
use hubbub_protocol::wire::msgpack;
use serde::Serialize;

const LIMITS: Limits = Limits::new(2_000_000);

/// An emission of ordinary size.
#[derive(Serialize)]
struct Telemetry {
    device_id: &'static str,
    battery: f64,
    temperature: f64,
    frames: u64,
    is_charging: bool,
    joints: [f64; 12],
}

impl Emit for Telemetry {
    const NAME: &'static str = "on-device-telemetry-updated";
}

const TELEMETRY: Telemetry = Telemetry {
    device_id: "VR-0001",
    battery: 83.0,
    temperature: 36.6,
    frames: 123_456,
    is_charging: true,
    joints: [0.125, 1.5, -2.25, 3.75, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
};

/// Returns the payload of an entry's only frame.
fn payload(entry: &Bytes) -> Bytes {
    frames(entry).next().expect("one frame").1
}

fn text_of(entry: &Bytes) -> String {
    String::from_utf8(payload(entry)[1..].to_vec()).expect("text")
}

fn decoded(text: &str) -> Packet {
    match decode_text(Dialect::JsonV5, text, &LIMITS) {
        Ok(Header::Complete(packet)) => packet,
        other => panic!("not a packet: {other:?}"),
    }
}

fn json(c: &mut Criterion) {
    let small = r#"2["echo",{"seq":12345,"text":"hello there"}]"#;
    let ordinary = text_of(&emit(Dialect::JsonV5, "/", &TELEMETRY));
    let large = format!(r#"2["echo","{}"]"#, "x".repeat(1_000_000));
    for (name, text) in [("small", small), ("ordinary", &ordinary), ("1 MB string", &large)] {
        let mut group = c.benchmark_group(format!("json/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("decode", |b| b.iter(|| decoded(black_box(text))));
        let Packet::Event { name, args, .. } = decoded(text) else { panic!("not an event") };
        group.bench_function("encode", |b| b.iter(|| event(Dialect::JsonV5, "/", None, black_box(&name), &args)));
        group.finish();
    }
    c.bench_function("json/typed emit", |b| b.iter(|| emit(Dialect::JsonV5, "/", black_box(&TELEMETRY))));
}

fn messagepack(c: &mut Criterion) {
    let packed = payload(&emit(Dialect::MsgpackV5, "/", &TELEMETRY));
    let mut group = c.benchmark_group("msgpack/ordinary");
    group.throughput(Throughput::Bytes(packed.len() as u64));
    group.bench_function("decode", |b| b.iter(|| msgpack::decode(black_box(&packed), &LIMITS).expect("decodes")));
    let Ok(Packet::Event { name, args, .. }) = msgpack::decode(&packed, &LIMITS) else { panic!("not an event") };
    group.bench_function("encode", |b| b.iter(|| event(Dialect::MsgpackV5, "/", None, black_box(&name), &args)));
    group.bench_function("typed emit", |b| b.iter(|| emit(Dialect::MsgpackV5, "/", black_box(&TELEMETRY))));
    group.finish();
}

fn websocket(c: &mut Criterion) {
    for (len, count) in [(50, 100), (50_000, 10), (1_000_000, 1)] {
        for (kind, opcode) in [("text", Opcode::Text), ("binary", Opcode::Binary)] {
            let payload = vec![b'x'; len];
            let mut masked = BytesMut::new();
            for _ in 0..count {
                put_masked_frame(&mut masked, opcode, [0x37, 0xfa, 0x21, 0x3d], &payload);
            }
            let mut group = c.benchmark_group(format!("frames/{kind} {len}"));
            group.throughput(Throughput::Bytes(masked.len() as u64));
            // Decoding unmasks in place, so every round needs its own input.
            group.bench_function("decode", |b| {
                b.iter_batched_ref(|| masked.to_vec(), |bytes| decode_all(bytes, usize::MAX), BatchSize::LargeInput);
            });
            group.bench_function("decode in 16 KiB reads", |b| {
                b.iter_batched_ref(|| masked.to_vec(), |bytes| decode_all(bytes, 16_384), BatchSize::LargeInput);
            });
            group.throughput(Throughput::Bytes(payload.len() as u64));
            group.bench_function("encode one", |b| {
                b.iter(|| {
                    let mut out = BytesMut::new();
                    put_frame(&mut out, opcode, black_box(&payload));
                    out
                });
            });
            group.finish();
        }
    }
}

fn decode_all(bytes: &mut [u8], read_len: usize) {
    let mut decoder = Decoder::new(2_000_000, 128);
    for read in bytes.chunks_mut(read_len) {
        let mut input = Input::new(read);
        while let Some(message) = decoder.next(&mut input).expect("well-formed") {
            black_box(message);
        }
    }
}

criterion_group!(benches, json, messagepack, websocket);
criterion_main!(benches);
