//! One ask through the registry and back.

use std::fmt;
use std::hint::black_box;

use actix::{Actor, Context, Handler, Supervised};
use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use hubbub_actors::kit::ask::{Ask, Route, Routed, ask};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::registry::Entity;
use hubbub_actors::kit::snapshot::{StoreError, Stored};
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

pub fn benches(criterion: &mut Criterion) {
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
