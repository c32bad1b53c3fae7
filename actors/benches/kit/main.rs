//! What the kit costs, and on top of it the fleet's locks and QA metrics and the quiz's answers.
//!
//! `cargo bench -p hubbub-actors`, or a part of it: `cargo bench -p hubbub-actors -- commit`

use std::sync::Arc;

use criterion::{criterion_group, criterion_main};
use hubbub_actors::kit::snapshot::sled::SledStore;
use tempfile::TempDir;

mod answers;
mod ask;
mod commit;
mod fan_out;
mod locks;
mod outbox;
mod qa_metrics;

/// Returns a fresh store on the disk that the build lies on: `/tmp` may be memory, where syncing is free.
fn store() -> (TempDir, Arc<SledStore>) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build's directory can be written");
    let store = SledStore::open_dir(dir.path()).expect("an empty directory becomes a store");
    (dir, Arc::new(store))
}

criterion_group!(
    benches,
    ask::benches,
    commit::benches,
    outbox::benches,
    fan_out::benches,
    locks::benches,
    answers::benches,
    qa_metrics::benches
);
criterion_main!(benches);
