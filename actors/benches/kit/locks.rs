//! Lock decisions: the rule alone, and on the whole way of the event, through the tablet's actor and the device's.

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use hubbub_actors::fleet::auth::Enrolment;
use hubbub_actors::fleet::device::state::{Holder, State};
use hubbub_actors::fleet::metrics::Metrics;
use hubbub_actors::fleet::uploads::Files;
use hubbub_actors::fleet::{Wiring, connected};
use hubbub_actors::kit::ask::{Ask, ask};
use hubbub_actors::kit::blobs::LocalBlobs;
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::clock::{Clock, SystemClock};
use hubbub_actors::kit::deps::{Deps, DepsBuilder};
use hubbub_actors::kit::emit::Emitter;
use hubbub_actors::kit::ids::SocketId;
use hubbub_actors::kit::outbox::{Outbox, OutboxPolicy};
use hubbub_actors::kit::tokens::Tokens;
use hubbub_protocol::fleet::DeviceId;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::headset::Identify;
use hubbub_protocol::fleet::tablet::{LockDevice, UnlockDevice};
use hubbub_protocol::wire::message::Dialect;
use tempfile::TempDir;

use crate::outbox::empty;

const TABLETS: usize = 100;
const DEVICES: usize = 50;

pub fn benches(criterion: &mut Criterion) {
    rule(criterion);
    actors(criterion);
}

fn rule(criterion: &mut Criterion) {
    let mut state = State::default();
    state.connect(&SocketId::new("headset"), SystemClock.now());
    let (first, second) = (holder("TAB-0001"), holder("TAB-0002"));
    let mut group = criterion.benchmark_group("locks");
    group.throughput(Throughput::Elements(2));
    group.bench_function("the rule: lock, refuse, unlock", |bencher| {
        bencher.iter(|| {
            assert!(state.lock(black_box(&first).clone()).is_ok());
            assert!(state.lock(black_box(&second).clone()).is_err());
            state.unlock(&first.tablet)
        });
    });
    group.finish();
}

fn holder(tablet: &str) -> Holder {
    Holder { tablet: device_id(tablet).into(), socket: SocketId::new(tablet) }
}

fn device_id(text: &str) -> DeviceId {
    DeviceId::parse(text).expect("a good id")
}

/// All tablets want a device at once, two of them the same one; who got it gives it back.
fn actors(criterion: &mut Criterion) {
    let system = actix_rt::System::new();
    let (_dir, store) = crate::store();
    let fleet = system.block_on(Fleet::start(Deps::builder().start_arbiters(2).snapshots(store)));
    let mut buffer = BytesMut::new();
    let mut group = criterion.benchmark_group("locks");
    group.throughput(Throughput::Elements(TABLETS as u64));
    group.bench_function("through the actors: 100 tablets, 50 devices", |bencher| {
        bencher.iter(|| {
            let decided = system.block_on(fleet.fight());
            assert_eq!(decided, (DEVICES, TABLETS - DEVICES));
            fleet.outboxes.iter().for_each(|outbox| empty(outbox, &mut buffer));
        });
    });
    group.finish();
    system.block_on(fleet.deps.stop_all());
}

struct Fleet {
    deps: Deps,
    _directory: TempDir,
    emitter: Emitter,
    outboxes: Vec<Arc<Outbox>>,
    tablets: Vec<Caller>,
    devices: Vec<DeviceId>,
}

impl Fleet {
    async fn start(builder: DepsBuilder) -> Self {
        let emitter = Emitter::new("/", None, None);
        let directory = tempfile::tempdir().expect("a directory");
        let blobs = LocalBlobs::open(directory.path(), Arc::new(SystemClock)).expect("a store");
        let wiring = Wiring {
            emitter: emitter.clone(),
            metrics: Metrics::unobserved(),
            tokens: Tokens::new("fleet", b"a key of at least thirty-two bytes, for benches"),
            enrolment: Enrolment::default(),
            lock_grace_ms: 0,
            files: Files { blobs: Arc::new(blobs), bucket: String::new(), public_url: String::new() },
        };
        let deps = builder.insert(wiring).build();
        let mut fleet =
            Self { deps, _directory: directory, emitter, outboxes: Vec::new(), tablets: Vec::new(), devices: Vec::new() };
        for number in 0..DEVICES {
            let headset = fleet.connect(DeviceType::Headset, format!("headset-{number}")).await;
            let device_id = device_id(&format!("headset-{number}"));
            fleet.devices.push(device_id.clone());
            ask(&fleet.deps, Ask::new(headset, Identify { device_id })).await.expect("it is who it says");
        }
        for number in 0..TABLETS {
            let tablet = fleet.connect(DeviceType::Tablet, format!("tablet-{number}")).await;
            fleet.tablets.push(tablet);
        }
        fleet
    }

    async fn connect(&mut self, kind: DeviceType, subject: String) -> Caller {
        let (id, outbox) = (SocketId::new(subject.as_str()), Outbox::new(Arc::new(OutboxPolicy::new(1 << 24, 1 << 16))));
        self.emitter.add(id.clone(), Dialect::JsonV5, Arc::clone(&outbox));
        self.outboxes.push(outbox);
        let role = Some(kind.as_str().to_owned());
        let caller = Caller { role, subject: Some(subject), socket: Some(id), ..Caller::anonymous() };
        connected(&self.deps, &caller).await.expect("the fleet welcomes it");
        caller
    }

    /// Returns how many tablets got the device that they wanted, and how many did not.
    async fn fight(&self) -> (usize, usize) {
        let wanted = self.tablets.iter().zip(self.devices.iter().cycle());
        let answers = join_all(wanted.clone().map(|(tablet, device)| self.lock(tablet, device))).await;
        let winners = wanted.zip(&answers).filter(|(_, got_it)| **got_it);
        join_all(winners.map(|((tablet, device), _)| self.unlock(tablet, device))).await;
        let won = answers.iter().filter(|got_it| **got_it).count();
        (won, answers.len() - won)
    }

    async fn lock(&self, tablet: &Caller, device: &DeviceId) -> bool {
        let reply = ask(&self.deps, Ask::new(tablet.clone(), LockDevice { device_id: device.clone() })).await;
        reply.expect("a tablet may ask").reason.is_none()
    }

    async fn unlock(&self, tablet: &Caller, device: &DeviceId) {
        let reply = ask(&self.deps, Ask::new(tablet.clone(), UnlockDevice { device_id: device.clone() })).await;
        assert!(reply.expect("a tablet may ask").reason.is_none(), "who holds a device can give it back");
    }
}
