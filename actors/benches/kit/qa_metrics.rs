//! How long it takes to find out how good a session of 10,000 frames is: to read its arrays, and a whole run that finds one new file.
//!
//! The file is numpy's (`tests/it/fleet/npz/make.py`): confidences at random, which hardly compress.

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use hubbub_actors::fleet::qa_metrics::Progress;
use hubbub_actors::fleet::qa_metrics::npz::measure;
use hubbub_actors::fleet::reports::Reports;
use hubbub_actors::kit::ask::{Ask, ask};
use hubbub_actors::kit::blobs::{BlobStore, Key, LocalBlobs, once};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::clock::SystemClock;
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::fleet::qa_metrics::RefreshQaMetrics;

const FRAMES: &[u8] = include_bytes!("frames.npz");

pub fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("qa_metrics");
    group.throughput(Throughput::Elements(10_000)).sample_size(50);
    group.bench_function("measure", |bencher| bencher.iter(|| measure(Cursor::new(FRAMES)).expect("a good file")));

    let (directory, store) = crate::store();
    let system = actix_rt::System::new();
    let blobs: Arc<dyn BlobStore> =
        Arc::new(LocalBlobs::open(directory.path().join("blobs"), Arc::new(SystemClock)).expect("a store"));
    let reports = Reports {
        blobs: blobs.clone(),
        foreign: Vec::new(),
        directory: directory.path().join("qa"),
        files_at_once: 1,
        progress: Progress::unobserved(),
    };
    let deps = Deps::builder().snapshots(store).insert(reports).build();
    let key = Key::parse("sessions/20260206_120000/session_data.npz").expect("a key");
    group.bench_function("run", |bencher| {
        let replace = || {
            let put = blobs.put(&key, "application/octet-stream", once(Bytes::from_static(FRAMES)));
            system.block_on(put).expect("written");
        };
        let refresh = |()| system.block_on(ask(&deps, Ask::new(Caller::anonymous(), RefreshQaMetrics {}))).expect("a report");
        bencher.iter_batched(replace, refresh, BatchSize::PerIteration);
    });
    group.finish();
    system.block_on(deps.stop_all());
}
