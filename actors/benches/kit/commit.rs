//! Commits on disk, each acknowledged only when it is synced, with few and many who wait at the same time.

use criterion::{BenchmarkId, Criterion, Throughput};
use futures_util::future::join_all;
use hubbub_actors::kit::snapshot::{Snapshot, SnapshotStore};

/// An entity of ordinary size.
const STATE: [u8; 500] = [7; 500];

pub fn benches(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let (_dir, store) = crate::store();
    let mut group = criterion.benchmark_group("commit");
    group.sample_size(20);
    for waiters in [1_u64, 100, 1_000] {
        group.throughput(Throughput::Elements(waiters));
        group.bench_with_input(BenchmarkId::new("waiters", waiters), &waiters, |bencher, waiters| {
            let commit = |n| store.commit(Snapshot::of("bench.entity", &n, 1, &STATE.as_slice()));
            bencher.iter(|| runtime.block_on(join_all((0..*waiters).map(commit))));
        });
    }
    group.finish();
}
