//! A quiz without ports: real actors and a real emitter, whose sockets are outboxes that a test reads.

use std::collections::HashMap;
use std::sync::Arc;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::RoomId;
use hubbub_protocol::quiz::rooms::{CreateRoom, GameSettings, JoinRoom, RoomCreated, SubmitAnswer, Submitted};
use hubbub_protocol::wire::frame;
use hubbub_protocol::wire::message::Dialect;
use serde_json::Value;

use super::{asked, player_id};
use crate::kit::ask::{Ask, Routed, ask};
use crate::kit::caller::Caller;
use crate::kit::clock::TestClock;
use crate::kit::deps::Deps;
use crate::kit::emit::Emitter;
use crate::kit::ids::{SeededRandom, SocketId};
use crate::kit::outbox::{Outbox, OutboxPolicy};
use crate::kit::snapshot::{MemoryStore, SnapshotStore};
use crate::quiz::presence::Origin;
use crate::quiz::room::Room;
use crate::quiz::room::coming::Wake;
use crate::quiz::{Wiring, authoring, connected, disconnected};

pub struct World {
    pub deps: Deps,
    pub clock: TestClock,
    pub store: Arc<MemoryStore>,
    emitter: Emitter,
    outboxes: parking_lot::Mutex<HashMap<SocketId, Arc<Outbox>>>,
}

impl World {
    pub fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), TestClock::default(), 1)
    }

    fn on(store: Arc<MemoryStore>, clock: TestClock, boot_id: u64) -> Self {
        let emitter = Emitter::new("/", None, None);
        let wiring = Wiring { emitter: emitter.clone(), max_room_players: 400, only_players_see_flows: false };
        let builder = Deps::builder().clock(clock.clone()).random(SeededRandom::new(boot_id)).boot_id(boot_id);
        let deps = builder
            .snapshots(Arc::clone(&store) as Arc<dyn SnapshotStore>)
            .insert(wiring)
            .insert(authoring::Settings { max_room_players: 400 })
            .build();
        Self { deps, clock, store, emitter, outboxes: parking_lot::Mutex::default() }
    }

    /// Returns the same quiz after an orderly restart of the process.
    pub async fn restarted(self) -> Self {
        self.deps.stop_all().await;
        Self::on(self.store, self.clock, self.deps.boot_id() + 1)
    }

    /// Returns a quiz over what the disk holds at this moment, as after a power cut.
    pub async fn cut_off(&self) -> Self {
        let copy = MemoryStore::new();
        for kind in ["quiz.room", "quiz.room.log", "quiz.lobby", "quiz.host"] {
            for id in self.store.ids(kind) {
                let stored = self.store.load(kind, &id).unwrap().unwrap();
                copy.commit(crate::kit::snapshot::Snapshot::new(kind, id, stored)).await.unwrap();
            }
        }
        Self::on(Arc::new(copy), self.clock.clone(), self.deps.boot_id() + 1)
    }

    pub async fn guest(&self, socket: &str) -> Caller {
        self.connect(None, socket).await
    }

    pub async fn user(&self, user: &str, socket: &str) -> Caller {
        self.connect(Some(user), socket).await
    }

    async fn connect(&self, user: Option<&str>, socket: &str) -> Caller {
        let id = SocketId::new(socket);
        let outbox = Outbox::new(Arc::new(OutboxPolicy::new(1 << 24, 10_000)));
        self.emitter.add(id.clone(), Dialect::JsonV5, Arc::clone(&outbox));
        self.outboxes.lock().insert(id.clone(), outbox);
        let caller = Caller { subject: user.map(Into::into), socket: Some(id), ..Caller::anonymous() };
        connected(&self.deps, &caller, Origin::default()).await.unwrap();
        caller
    }

    pub async fn disconnect(&self, caller: &Caller) {
        self.emitter.remove(caller.socket().unwrap());
        disconnected(&self.deps, caller).await.unwrap();
    }

    pub async fn ask<C: Routed>(&self, caller: &Caller, body: C) -> Result<C::Reply, Fault> {
        ask(&self.deps, Ask::new(caller.clone(), body)).await
    }

    pub async fn create(&self, host: &Caller) -> RoomCreated {
        let host_id = host.subject.clone().unwrap();
        let settings = GameSettings::default();
        self.ask(host, CreateRoom { host_id, title: "Friday".into(), settings }).await.unwrap()
    }

    /// A player joins over a socket of his own name.
    pub async fn player(&self, room: &RoomCreated, name: &str) -> Caller {
        let caller = self.guest(name).await;
        self.join(&caller, room, name).await.unwrap();
        caller
    }

    pub async fn join(&self, caller: &Caller, room: &RoomCreated, name: &str) -> Result<(), Fault> {
        let join = JoinRoom { room_code: room.code.clone(), player_id: player_id(name), display_name: name.to_uppercase() };
        self.ask(caller, join).await.map(drop)
    }

    pub async fn submit(&self, caller: &Caller, room: RoomId, player: &str, answer: &str) -> Result<(), Fault> {
        self.ask(caller, submission(room, player, answer)).await.map(drop)
    }

    /// Waits until the room has handled all that was sent to it.
    pub async fn settle(&self, room: RoomId) {
        if let Ok(room) = self.deps.registry::<Room>().find(&room) {
            room.send(Wake).await.unwrap();
        }
    }

    /// Takes what a socket was sent since the last look.
    pub fn received(&self, socket: &str) -> Vec<Value> {
        let mut events = Vec::new();
        if let Some(outbox) = self.outboxes.lock().get(&SocketId::new(socket)) {
            outbox.drain(|entry| {
                events.extend(frame::frames(entry).filter_map(|(_, payload)| event(&payload)));
                true
            });
        }
        events
    }

    /// Takes what a socket was sent of one event.
    pub fn received_of(&self, socket: &str, event: &str) -> Vec<Value> {
        let events = self.received(socket).into_iter();
        events.filter(|found| found[0] == event).map(|mut found| found[1].take()).collect()
    }
}

pub fn submission(room_id: RoomId, player: &str, answer: &str) -> SubmitAnswer {
    SubmitAnswer { room_id, player_id: player_id(player), question_id: asked("free"), answer: Submitted::Text(answer.into()) }
}

/// Reads `42["name",...]`.
fn event(payload: &[u8]) -> Option<Value> {
    serde_json::from_slice(payload.strip_prefix(b"42")?).ok()
}
