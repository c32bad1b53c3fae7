//! One emission into the Outboxes of a large room: encoded once, pushed ten thousand times.

use std::sync::Arc;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput};
use hubbub_actors::kit::emit::{Emitter, Room};
use hubbub_actors::kit::ids::SocketId;
use hubbub_actors::kit::outbox::Outbox;
use hubbub_protocol::contract::Emit;
use hubbub_protocol::wire::message::Dialect;
use serde::Serialize;

use crate::outbox::{attached, empty};

const MEMBERS: u64 = 10_000;

#[derive(Serialize)]
struct Update {
    number: u64,
    text: &'static str,
}

impl Emit for Update {
    const NAME: &'static str = "update";
}

const UPDATE: Update = Update { number: 123_456, text: "about a hundred bytes, which is what an event of this size is made of" };

pub fn benches(criterion: &mut Criterion) {
    let (emitter, room) = (Emitter::new("/", None, None), Room::new("stadium"));
    let outboxes: Vec<Arc<Outbox>> = (0..MEMBERS).map(|number| member(&emitter, &room, number)).collect();
    let mut buffer = BytesMut::new();
    let mut drain = || outboxes.iter().for_each(|outbox| empty(outbox, &mut buffer));

    let mut group = criterion.benchmark_group("fan-out to 10,000");
    group.throughput(Throughput::Elements(MEMBERS));
    group.sample_size(50);
    group.bench_function("reliable", |bencher| {
        bencher.iter_batched(&mut drain, |()| emitter.emit(&room, &UPDATE), BatchSize::PerIteration);
    });
    group.bench_function("latest", |bencher| {
        bencher.iter_batched(&mut drain, |()| emitter.latest(&room, "VR-0001", &UPDATE), BatchSize::PerIteration);
    });
    group.bench_function("reliable, and drain", |bencher| {
        bencher.iter(|| {
            emitter.emit(&room, &UPDATE);
            drain();
        });
    });
    group.finish();
}

fn member(emitter: &Emitter, room: &Room, number: u64) -> Arc<Outbox> {
    let (id, outbox) = (SocketId::new(format!("socket-{number}")), attached());
    emitter.add(id.clone(), Dialect::JsonV5, Arc::clone(&outbox));
    emitter.join(&id, room);
    outbox
}
