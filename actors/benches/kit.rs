//! What the kit costs: one ask through the registry, and commits with few and many who wait.

use std::fmt;
use std::hint::black_box;

use actix::{Actor, Context, Handler, Supervised};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use hubbub_actors::kit::ask::{Ask, Route, Routed, ask};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::registry::Entity;
use hubbub_actors::kit::snapshot::sled::SledStore;
use hubbub_actors::kit::snapshot::{Snapshot, SnapshotStore, StoreError, Stored};
use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct EchoId(String);

impl fmt::Display for EchoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Echo;

impl Actor for Echo {
    type Context = Context<Self>;
}

impl Supervised for Echo {}

impl Entity for Echo {
    type Key = EchoId;
    const KIND: &'static str = "bench.echo";

    fn new(_: EchoId, _: Deps) -> Self {
        Self
    }

    fn restore(&mut self, _: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Say(u64);

impl Contract for Say {
    type Reply = u64;
}

impl Routed for Say {
    type Actor = Echo;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<EchoId>, Fault> {
        Ok(Route::Summon(EchoId(format!("echo-{}", ask.body.0 % 16))))
    }
}

impl Handler<Ask<Say>> for Echo {
    type Result = Result<u64, Fault>;

    fn handle(&mut self, ask: Ask<Say>, _: &mut Context<Self>) -> Self::Result {
        Ok(ask.body.0)
    }
}

fn asks(criterion: &mut Criterion) {
    let system = actix_rt::System::new();
    let mut group = criterion.benchmark_group("ask");
    let local = Deps::builder().build();
    group.throughput(Throughput::Elements(1));
    group.bench_function("same thread", |bencher| {
        bencher.iter(|| system.block_on(ask(&local, Ask::new(Caller::anonymous(), Say(black_box(7))))));
    });
    let remote = system.block_on(async { Deps::builder().start_arbiters(2).build() });
    group.bench_function("another thread", |bencher| {
        bencher.iter(|| system.block_on(ask(&remote, Ask::new(Caller::anonymous(), Say(black_box(7))))));
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("another thread, 100 at a time", |bencher| {
        let hundred = || join_all((0..100).map(|n| ask(&remote, Ask::new(Caller::anonymous(), Say(n)))));
        bencher.iter(|| system.block_on(hundred()));
    });
    group.finish();
}

fn commits(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let dir = tempfile::tempdir().expect("there is a temporary directory");
    let store = SledStore::open_dir(dir.path()).expect("an empty directory becomes a store");
    let value = vec![7; 500];
    let mut group = criterion.benchmark_group("commit");
    group.sample_size(20);
    for waiters in [1_u64, 100, 1_000] {
        group.throughput(Throughput::Elements(waiters));
        group.bench_with_input(BenchmarkId::new("waiters", waiters), &waiters, |bencher, waiters| {
            let commit = |n| store.commit(Snapshot::of("bench.entity", &n, 1, &value));
            bencher.iter(|| runtime.block_on(join_all((0..*waiters).map(commit))));
        });
    }
    group.finish();
}

criterion_group!(benches, asks, commits);
criterion_main!(benches);
