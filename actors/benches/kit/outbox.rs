//! Pushing into one Outbox and taking out again, as a flusher does.

use std::hint::black_box;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput};
use hubbub_actors::kit::outbox::{LatestKey, Outbox, OutboxPolicy, Taken, Wake};

/// How much a flusher gathers for one write.
const WRITE_BYTES: usize = 64 * 1024;

/// Somebody who is told, and does nothing about it.
struct Nobody;

impl Wake for Nobody {
    fn wake(&self, outbox: &Arc<Outbox>) {
        black_box(outbox);
    }
}

/// Returns an Outbox with ordinary bounds that wakes somebody.
pub fn attached() -> Arc<Outbox> {
    let outbox = Outbox::new(Arc::new(OutboxPolicy::new(1 << 20, 4096)));
    outbox.attach(Arc::new(Nobody));
    outbox
}

/// Takes until nothing is left.
pub fn empty(outbox: &Outbox, buffer: &mut BytesMut) {
    while matches!(outbox.take(buffer, WRITE_BYTES, || true), Taken::Gathered | Taken::Large(_)) {
        black_box(&*buffer);
        buffer.clear();
    }
}

pub fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("outbox");
    let mut buffer = BytesMut::with_capacity(WRITE_BYTES);
    let outbox = attached();
    let (packet, frame) = (Bytes::from(vec![b'x'; 100]), Bytes::from(vec![b'x'; 50_000]));
    for burst in [1_u64, 16, 256] {
        group.throughput(Throughput::Elements(burst));
        group.bench_function(format!("push and drain {burst}"), |bencher| {
            bencher.iter(|| {
                for _ in 0..burst {
                    outbox.push(packet.clone());
                }
                empty(&outbox, &mut buffer);
            });
        });
    }
    let key = LatestKey::new("frame", "VR-0001");
    group.throughput(Throughput::Elements(16));
    group.bench_function("replace 16 frames and drain the last", |bencher| {
        bencher.iter(|| {
            for _ in 0..16 {
                outbox.push_latest(&key, frame.clone());
            }
            empty(&outbox, &mut buffer);
        });
    });
    group.finish();
}
