//! Real actors over a store in memory.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::connections::{
    GetConnection, GetConnectionStats, ListActiveConnections, ListConnections, ListDeviceConnections,
};
use hubbub_protocol::quiz::devices::{
    GetDeviceSession, GetDeviceStats, ListDeviceSessions, ListSessionConnections, UpdateMetadata,
};
use hubbub_protocol::quiz::error::{connection_not_found, device_session_not_found, no_connections, unauthorized};
use hubbub_protocol::quiz::{ConnectionId, DeviceId, UserId};
use serde::Serialize;
use serde_json::{Value, json};

use super::retention::Retention;
use super::visits;
use crate::kit::ask::{Ask, Routed, ask};
use crate::kit::caller::Caller;
use crate::kit::clock::TestClock;
use crate::kit::deps::Deps;
use crate::kit::ids::{SeededRandom, SocketId};
use crate::kit::snapshot::{MemoryStore, SnapshotStore};

const DEVICE: &str = "550e8400-e29b-41d4-a716-446655440000";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 \
                      Mobile/15E148 Safari/604.1";

struct World {
    deps: Deps,
    clock: TestClock,
    store: Arc<dyn SnapshotStore>,
    retention: Retention,
}

impl World {
    fn new() -> Self {
        Self::keeping(Retention::default())
    }

    fn keeping(retention: Retention) -> Self {
        Self::on(Arc::new(MemoryStore::new()), TestClock::default(), 1, retention)
    }

    fn on(store: Arc<dyn SnapshotStore>, clock: TestClock, boot_id: u64, retention: Retention) -> Self {
        let builder = Deps::builder().clock(clock.clone()).random(SeededRandom::new(boot_id)).boot_id(boot_id);
        let deps = builder.snapshots(store.clone()).insert(retention).build();
        Self { deps, clock, store, retention }
    }

    /// Returns the same hub after a restart of the process.
    async fn restarted(self) -> Self {
        self.deps.stop_all().await;
        Self::on(self.store, self.clock, self.deps.boot_id() + 1, self.retention)
    }

    fn open(&self, who: &Caller, socket: &str, device: Option<&str>) {
        let caller = Caller { socket: Some(SocketId::new(socket)), ..who.clone() };
        visits::opened(&self.deps, &caller, Some(IPHONE), device).expect("noted");
    }

    fn close(&self, socket: &str) {
        let caller = Caller { socket: Some(SocketId::new(socket)), ..Caller::anonymous() };
        visits::closed(&self.deps, &caller).expect("noted");
    }

    async fn ask<C>(&self, who: &Caller, body: C) -> Result<Value, Fault>
    where
        C: Routed,
        C::Reply: Serialize,
    {
        ask(&self.deps, Ask::new(who.clone(), body)).await.map(|reply| json!(reply))
    }

    async fn get<C>(&self, who: &Caller, body: C) -> Value
    where
        C: Routed,
        C::Reply: Serialize,
    {
        self.ask(who, body).await.expect("a reply")
    }
}

fn user(n: u8) -> Caller {
    Caller { subject: Some(UserId::random([n; 16]).to_string()), ..guest() }
}

fn guest() -> Caller {
    Caller { address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), ..Caller::anonymous() }
}

fn admin() -> Caller {
    Caller { admin: true, ..user(9) }
}

fn device() -> DeviceId {
    DeviceId::parse(DEVICE).expect("an id")
}

#[actix::test]
async fn a_socket_leaves_a_connection_and_a_device() {
    let world = World::new();
    let me = user(1);
    world.open(&me, "s1", Some(DEVICE));
    world.clock.advance(45 * 60_000 + 2_000);
    world.close("s1");
    let list = world.get(&me, ListConnections::default()).await;
    let (connection, owner) = (&list["connections"][0], UserId::random([1; 16]));
    assert_eq!(
        list,
        json!({
            "connections": [{
                "id": connection["id"], "device_id": DEVICE, "user_id": owner, "socket_id": "s1", "status": "disconnected",
                "connected_at": "2026-02-06T12:00:00.000Z", "disconnected_at": "2026-02-06T12:45:02.000Z",
                "ip_address": "127.0.0.1", "user_agent": IPHONE
            }],
            "total": 1, "limit": 20, "offset": 0
        })
    );
    let id = ConnectionId::parse(connection["id"].as_str().expect("a text")).expect("an id");
    assert_eq!(world.get(&me, GetConnection { id }).await["created_at"], "2026-02-06T12:00:00.000Z");
    let session = world.get(&me, GetDeviceSession { device_id: device() }).await;
    assert_eq!(
        session,
        json!({
            "id": session["id"], "device_id": DEVICE, "user_id": owner, "device_type": "mobile", "os": "iOS", "browser": "Safari",
            "first_seen": "2026-02-06T12:00:00.000Z", "last_seen": "2026-02-06T12:45:02.000Z", "session_count": 1, "metadata": {},
            "created_at": "2026-02-06T12:00:00.000Z", "updated_at": "2026-02-06T12:45:02.000Z"
        })
    );
    let of_device = world.get(&me, ListSessionConnections { device_id: device() }).await;
    assert_eq!((&of_device["count"], &of_device["connections"][0]["duration_minutes"]), (&json!(1), &json!(45)));
}

#[actix::test]
async fn the_actor_is_stored_under_its_name() {
    let world = World::new();
    world.open(&guest(), "s1", None);
    let world = world.restarted().await;
    assert_eq!(world.store.ids("quiz.visits"), ["visits"]);
}

#[actix::test]
async fn two_users_see_nothing_of_each_other() {
    let world = World::new();
    let (me, other) = (user(1), user(2));
    world.open(&me, "s1", Some(DEVICE));
    world.open(&guest(), "s2", None);
    let active = world.get(&me, ListActiveConnections {}).await;
    assert_eq!(active["count"], 1);
    let id = ConnectionId::parse(active["connections"][0]["id"].as_str().expect("a text")).expect("an id");

    assert_eq!(world.get(&other, ListConnections::default()).await["total"], 0);
    assert_eq!(world.get(&other, ListActiveConnections {}).await["count"], 0);
    assert_eq!(world.get(&other, GetConnectionStats {}).await["total_connections"], 0);
    assert_eq!(world.ask(&other, GetConnection { id }).await, Err(connection_not_found()));
    assert_eq!(world.ask(&other, ListDeviceConnections { device_id: device() }).await, Err(no_connections()));
    assert_eq!(world.get(&other, ListDeviceSessions::default()).await["total"], 0);
    assert_eq!(world.get(&other, GetDeviceStats {}).await["total_devices"], 0);
    assert_eq!(world.ask(&other, GetDeviceSession { device_id: device() }).await, Err(device_session_not_found()));
    assert_eq!(world.ask(&other, ListSessionConnections { device_id: device() }).await, Err(device_session_not_found()));
    let update = UpdateMetadata { device_id: device(), changes: None };
    assert_eq!(world.ask(&other, update).await, Err(device_session_not_found()));

    assert_eq!(world.get(&admin(), GetConnectionStats {}).await["active_connections"], 2);
    assert_eq!(world.get(&admin(), GetDeviceStats {}).await["total_devices"], 2);
    assert_eq!(world.ask(&guest(), GetConnectionStats {}).await, Err(unauthorized()));
}

#[actix::test]
async fn everything_survives_a_restart_but_the_sockets() {
    let world = World::new();
    let me = user(1);
    world.open(&me, "s1", Some(DEVICE));
    let changes = json!({ "theme": "dark", "size": 1.5 }).as_object().cloned();
    let update = UpdateMetadata { device_id: device(), changes };
    let updated = world.get(&me, update).await;
    assert_eq!(updated["message"], "Device session metadata updated");
    world.clock.advance(30 * 60_000);

    let world = world.restarted().await;
    world.clock.advance(60 * 60_000);
    assert_eq!(
        world.get(&me, GetConnectionStats {}).await,
        json!({ "total_connections": 1, "active_connections": 0, "total_disconnected": 1, "avg_duration_minutes": 30 })
    );
    world.open(&me, "s2", Some(DEVICE));
    let session = world.get(&me, GetDeviceSession { device_id: device() }).await;
    assert_eq!(session["id"], updated["session"]["id"]);
    assert_eq!((&session["session_count"], &session["metadata"]), (&json!(2), &json!({ "theme": "dark", "size": 1.5 })));
    assert_eq!(world.get(&me, ListActiveConnections {}).await["connections"][0]["socket_id"], "s2");
}

#[actix::test]
async fn connections_end_with_the_last_sign_of_life_before_a_crash() {
    let world = World::new();
    let me = user(1);
    world.open(&me, "s1", None);
    assert_eq!(world.get(&me, GetConnectionStats {}).await["active_connections"], 1);
    let clock = world.clock.clone();
    clock.advance(10 * 60_000);

    let world = World::on(world.store.clone(), clock, 2, world.retention);
    let ended = &world.get(&me, ListConnections::default()).await["connections"][0];
    assert_eq!((&ended["status"], &ended["disconnected_at"]), (&json!("disconnected"), &json!("2026-02-06T12:00:00.000Z")));
}

#[actix::test]
async fn a_recovered_socket_is_no_further_connection() {
    let world = World::new();
    let me = user(1);
    world.open(&me, "s1", Some(DEVICE));
    world.close("s1");
    world.open(&me, "s1", Some(DEVICE));
    let session = world.get(&me, GetDeviceSession { device_id: device() }).await;
    assert_eq!(session["session_count"], 1);
    let stats = world.get(&me, GetConnectionStats {}).await;
    assert_eq!((&stats["total_connections"], &stats["active_connections"]), (&json!(1), &json!(1)));
}

#[actix::test]
async fn the_store_keeps_no_more_rows_than_it_should() {
    let world = World::keeping(Retention { connections_per_device: 2, connections: 3, devices: 1 });
    for n in 0..10 {
        let socket = format!("s{n}");
        world.open(&user(n % 3), &socket, None);
        world.clock.advance(1000);
        world.close(&socket);
    }
    assert_eq!(world.get(&admin(), GetConnectionStats {}).await["total_connections"], 3);
    assert_eq!((world.store.count("quiz.connection"), world.store.count("quiz.device")), (3, 1));
    let world = world.restarted().await;
    assert_eq!(world.get(&admin(), GetConnectionStats {}).await["total_connections"], 3);
}

#[actix::test]
async fn ten_thousand_sockets_open_at_once() {
    let world = World::new();
    for n in 0..10_000 {
        world.open(&guest(), &n.to_string(), None);
    }
    assert_eq!(world.get(&admin(), ListActiveConnections {}).await["count"], 10_000);
    assert_eq!(world.get(&admin(), ListDeviceSessions::default()).await["sessions"][0]["session_count"], 10_000);
}
