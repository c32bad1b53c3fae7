//! A fleet without ports: real actors and a real emitter, whose sockets are outboxes that a test reads.

use std::collections::HashMap;
use std::sync::Arc;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::wire::frame;
use hubbub_protocol::wire::message::Dialect;
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;

use super::auth::Enrolment;
use super::metrics::Metrics;
use super::uploads::Files;
use super::{Wiring, connected, disconnected, roster};
use crate::kit::ask::{Ask, Routed, ask};
use crate::kit::blobs::{BlobStore, LocalBlobs};
use crate::kit::caller::Caller;
use crate::kit::clock::TestClock;
use crate::kit::deps::{Deps, DepsBuilder};
use crate::kit::emit::Emitter;
use crate::kit::ids::{SeededRandom, SocketId};
use crate::kit::outbox::{Outbox, OutboxPolicy};
use crate::kit::snapshot::{MemoryStore, SnapshotStore};
use crate::kit::tokens::Tokens;

/// One hub with the fleet in it.
pub struct World {
    pub deps: Deps,
    pub clock: TestClock,
    pub store: Arc<dyn SnapshotStore>,
    pub blobs: Arc<dyn BlobStore>,
    files: Arc<TempDir>,
    emitter: Emitter,
    outboxes: Mutex<HashMap<SocketId, Arc<Outbox>>>,
}

impl World {
    /// Returns a fresh fleet.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// Returns a fresh fleet with other settings.
    pub fn with(change: impl FnOnce(&mut Wiring)) -> Self {
        Self::on(Arc::new(MemoryStore::new()), TestClock::default(), 1, change)
    }

    /// Returns a fleet over a store that another one may have left, in another run of the process.
    pub fn on(store: Arc<dyn SnapshotStore>, clock: TestClock, boot_id: u64, change: impl FnOnce(&mut Wiring)) -> Self {
        Self::build(Deps::builder(), store, clock, boot_id, directory(), change)
    }

    /// Returns a fresh fleet whose actors live on several threads.
    pub fn on_threads(count: usize) -> Self {
        let builder = Deps::builder().start_arbiters(count);
        Self::build(builder, Arc::new(MemoryStore::new()), TestClock::default(), 1, directory(), |_| {})
    }

    fn build(
        builder: DepsBuilder,
        store: Arc<dyn SnapshotStore>,
        clock: TestClock,
        boot_id: u64,
        files: Arc<TempDir>,
        change: impl FnOnce(&mut Wiring),
    ) -> Self {
        let blobs: Arc<dyn BlobStore> = Arc::new(LocalBlobs::open(files.path(), clock.shared()).expect("a store"));
        let emitter = Emitter::new("/", None, None);
        let mut wiring = Wiring {
            emitter: emitter.clone(),
            metrics: Metrics::unobserved(),
            tokens: Tokens::new("fleet", b"a key of at least thirty-two bytes, for tests"),
            enrolment: Enrolment::default(),
            lock_grace_ms: 0,
            files: Files {
                blobs: blobs.clone(),
                bucket: "turing-robotics-datahub".to_owned(),
                public_url: "http://hub".to_owned(),
            },
        };
        change(&mut wiring);
        let builder = builder.clock(clock.clone()).random(SeededRandom::new(boot_id)).boot_id(boot_id);
        let deps = builder.snapshots(store.clone()).insert(wiring).build();
        Self { deps, clock, store, blobs, files, emitter, outboxes: Mutex::default() }
    }

    /// Returns the same fleet after a restart of the process.
    pub async fn restarted(self) -> Self {
        self.deps.stop_all().await;
        Self::build(Deps::builder(), self.store, self.clock, self.deps.boot_id() + 1, self.files, |_| {})
    }

    /// Connects a socket with a device token.
    pub async fn connect(&self, kind: DeviceType, subject: &str, socket: &str) -> Caller {
        let id = SocketId::new(socket);
        let outbox = Outbox::new(Arc::new(OutboxPolicy::new(1 << 24, 10_000)));
        self.emitter.add(id.clone(), Dialect::JsonV5, Arc::clone(&outbox));
        self.outboxes.lock().insert(id.clone(), outbox);
        let role = Some(kind.as_str().to_owned());
        let caller = Caller { role, subject: Some(subject.to_owned()), socket: Some(id), ..Caller::anonymous() };
        connected(&self.deps, &caller).await.expect("the fleet welcomes it");
        caller
    }

    /// Connects a headset and registers it.
    pub async fn headset(&self, subject: &str, socket: &str) -> Caller {
        let caller = self.connect(DeviceType::Headset, subject, socket).await;
        let device_id = hubbub_protocol::fleet::DeviceId::parse(subject).expect("a good id");
        self.ask(&caller, hubbub_protocol::fleet::headset::Identify { device_id }).await.expect("it is who it says");
        self.forget().await;
        caller
    }

    /// Connects a tablet.
    pub async fn tablet(&self, subject: &str, socket: &str) -> Caller {
        let caller = self.connect(DeviceType::Tablet, subject, socket).await;
        self.forget().await;
        caller
    }

    /// Ends a socket's connection, as the edge does.
    pub async fn disconnect(&self, caller: &Caller) {
        self.emitter.remove(caller.socket().expect("a socket"));
        disconnected(&self.deps, caller, "transport close").await.expect("the fleet says goodbye");
    }

    /// Sends an event, or a request, and returns its reply.
    pub async fn ask<C: Routed>(&self, caller: &Caller, body: C) -> Result<C::Reply, Fault> {
        ask(&self.deps, Ask::new(caller.clone(), body)).await
    }

    /// Asks over REST and returns the reply's JSON.
    pub async fn get<C: Routed>(&self, body: C) -> Value {
        serde_json::to_value(self.ask(&Caller::anonymous(), body).await.expect("a reply")).expect("JSON")
    }

    /// Waits until every notice so far has been taken up.
    pub async fn settle(&self) {
        let roster = roster::of(&self.deps).expect("the roster is up");
        let _numbers = roster.send(roster::ReadGauges).await.expect("it answers");
    }

    /// Takes what a socket was sent since the last look: event names and arguments.
    pub async fn received(&self, socket: &str) -> Vec<Value> {
        self.settle().await;
        let mut events = Vec::new();
        let outboxes = self.outboxes.lock();
        let Some(outbox) = outboxes.get(&SocketId::new(socket)) else { return events };
        outbox.drain(|entry| {
            events.extend(frame::frames(entry).filter_map(|(_, payload)| event(&payload)));
            true
        });
        events
    }

    /// Takes what a socket was sent, without the lists that everyone is told.
    pub async fn told(&self, socket: &str) -> Vec<Value> {
        let mut events = self.received(socket).await;
        events.retain(|event| !LISTS.iter().any(|list| event[0] == *list));
        events
    }

    /// Takes everything that everyone was sent.
    pub async fn forget(&self) {
        let sockets: Vec<SocketId> = self.outboxes.lock().keys().cloned().collect();
        for socket in sockets {
            self.received(socket.as_str()).await;
        }
    }

    /// Returns why a socket was closed, if it was.
    pub fn is_closed(&self, socket: &str) -> bool {
        self.outboxes.lock().get(&SocketId::new(socket)).is_some_and(|outbox| outbox.closed().is_some())
    }
}

fn directory() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().expect("a directory"))
}

const LISTS: [&str; 3] = ["on-headsets-updated", "on-headsets-with-lock-status-updated", "on-device-locks-updated"];

/// Reads `42["name",...]`.
fn event(payload: &[u8]) -> Option<Value> {
    serde_json::from_slice(payload.strip_prefix(b"42")?).ok()
}
