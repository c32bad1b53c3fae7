//! The one actor that takes note of sockets and devices, and answers for both.
//!
//! Decision: one actor keeps all rows in memory, found by user, device, socket and id, and writes each down by itself, behind. Reason: the
//! rows are bounded, a note costs microseconds, so that ten thousand sockets at once are a fraction of a second of one thread, and what
//! admins see is in one order. Many more rows than fit into memory would change our mind.

use std::net::IpAddr;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, Supervised};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::UserId;
use hubbub_protocol::quiz::ids::Id;
use serde::{Deserialize, Serialize};

use super::retention::Retention;
use super::state::{self, Connections, Opened};
use super::stored::{self, CONNECTION_KIND, DEVICE_KIND};
use crate::kit::caller::Caller;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::ids::{Random, SocketId};
use crate::kit::registry::Entity;
use crate::kit::single::{Only, single};
use crate::kit::snapshot::{Persist, Snapshot, SnapshotStore, StoreError, Stored, reading};
use crate::quiz::devices::identity::device_id;
use crate::quiz::devices::state::{Arrival, Devices};
use crate::quiz::devices::user_agent::Machine;

/// The version of every snapshot in here.
const VERSION: u16 = 1;
/// How often the hub writes down that it is alive: after a crash, connections ended at most so long before it.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// Characters of a user agent that are kept.
const USER_AGENT_CHARACTERS: usize = 512;

/// All connections and devices.
pub struct Visits {
    pub(in crate::quiz) deps: Deps,
    pub(in crate::quiz) connections: Connections,
    pub(in crate::quiz) devices: Devices,
}

/// What the actor itself has stored: until when the hub was alive for certain, and in which run.
#[derive(Debug, Serialize, Deserialize)]
struct Alive {
    boot_id: u64,
    at: Timestamp,
}

impl Actor for Visits {
    type Context = Context<Self>;
}

impl Supervised for Visits {}

impl Entity for Visits {
    type Key = Only<Self>;
    const KIND: &'static str = "quiz.visits";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        let retention = deps.try_extension::<Retention>().map_or_else(Retention::default, |retention| *retention);
        Self { connections: Connections::new(retention), devices: Devices::new(retention.devices), deps }
    }

    /// Reads all rows; what happens meanwhile waits in the mailbox.
    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        let alive: Option<Alive> = snapshot.map(|stored| stored.decode()).transpose()?;
        let read = |store: &dyn SnapshotStore| Ok(stored::read(store));
        reading::first(&self.deps, ctx, read, |visits: &mut Self, rows, _| match rows {
            Ok(rows) => visits.take_over(rows, alive),
            Err(_stopping) => {}
        });
        ctx.run_interval(HEARTBEAT, |visits, _| visits.write_behind(&visits.deps));
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        let alive = Alive { boot_id: self.deps.boot_id(), at: self.deps.now() };
        Some(Snapshot::of(Self::KIND, &Only::<Self>::KEY, VERSION, &alive))
    }

    fn is_idle(&self) -> bool {
        false
    }
}

impl Visits {
    fn take_over(&mut self, rows: stored::Rows, alive: Option<Alive>) {
        let is_same_run = alive.as_ref().is_some_and(|alive| alive.boot_id == self.deps.boot_id());
        let last_alive = alive.map_or(Timestamp(i64::MIN), |alive| alive.at);
        self.connections.load(rows.connections, (!is_same_run).then_some(last_alive));
        self.devices.load(rows.devices);
        let open = self.connections.all().filter(|row| row.disconnected_at.is_none());
        for row in open {
            self.devices.resume(row.device_id);
        }
        self.save();
        self.write_behind(&self.deps);
    }

    /// Writes what changed, behind.
    pub(in crate::quiz) fn save(&mut self) {
        let store = self.deps.snapshots();
        let connections = self.connections.take_unsaved();
        for row in connections.changed {
            store.write_behind(Snapshot::of(CONNECTION_KIND, &row.id, VERSION, &row));
        }
        for id in connections.dropped {
            drop(store.remove(CONNECTION_KIND, &id.to_string()));
        }
        let devices = self.devices.take_unsaved();
        for row in devices.changed.into_iter().filter_map(|id| self.devices.get(id)) {
            store.write_behind(Snapshot::of(DEVICE_KIND, &row.device_id, VERSION, row));
        }
        for id in devices.dropped {
            drop(store.remove(DEVICE_KIND, &id.to_string()));
        }
    }
}

/// A socket opened.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct SocketOpened {
    at: Timestamp,
    socket: SocketId,
    user: Option<UserId>,
    address: Option<IpAddr>,
    user_agent: String,
    device: Option<String>,
}

/// A socket closed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct SocketClosed {
    at: Timestamp,
    socket: SocketId,
}

/// An open socket gave a sign of life.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct SocketSeen {
    at: Timestamp,
    socket: SocketId,
}

/// Takes note of a socket that opened; one that was recovered goes on with the row that it had. `user_agent` is the header of its handshake,
/// `device` the `deviceId` that it names.
///
/// # Errors
/// The caller has no socket, or the actor is down.
pub fn opened(deps: &Deps, caller: &Caller, user_agent: Option<&str>, device: Option<&str>) -> Result<(), Fault> {
    let notice = SocketOpened {
        at: deps.now(),
        socket: caller.socket()?.clone(),
        user: caller.subject.as_deref().and_then(|subject| UserId::parse(subject).ok()),
        address: caller.address,
        user_agent: user_agent.unwrap_or_default().chars().take(USER_AGENT_CHARACTERS).collect(),
        device: device.map(str::to_owned),
    };
    single::<Visits>(deps)?.do_send(notice);
    Ok(())
}

/// Takes note of a socket that closed.
///
/// # Errors
/// The caller has no socket, or the actor is down.
pub fn closed(deps: &Deps, caller: &Caller) -> Result<(), Fault> {
    single::<Visits>(deps)?.do_send(SocketClosed { at: deps.now(), socket: caller.socket()?.clone() });
    Ok(())
}

/// Takes note of a sign of life from a socket.
///
/// # Errors
/// The caller has no socket, or the actor is down.
pub fn seen(deps: &Deps, caller: &Caller) -> Result<(), Fault> {
    single::<Visits>(deps)?.do_send(SocketSeen { at: deps.now(), socket: caller.socket()?.clone() });
    Ok(())
}

impl Handler<SocketOpened> for Visits {
    type Result = ();

    fn handle(&mut self, opened: SocketOpened, _: &mut Context<Self>) {
        let SocketOpened { at: now, socket, user, address, user_agent, device } = opened;
        let random = self.deps.random();
        let device_id = device_id(device.as_deref(), user, address, &user_agent);
        let arrival = Arrival { fresh_id: fresh(random), device_id, user_id: user, machine: Machine::read(&user_agent) };
        let row = state::Row {
            id: fresh(random),
            device_id,
            user_id: user,
            socket_id: socket,
            connected_at: now,
            disconnected_at: None,
            ip_address: address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
            user_agent,
        };
        match self.connections.open(row) {
            Opened::Now => self.devices.arrive(arrival, now),
            Opened::Again(device) => self.devices.come_back(device, now),
            Opened::Already => {}
        }
        self.save();
    }
}

impl Handler<SocketSeen> for Visits {
    type Result = ();

    fn handle(&mut self, seen: SocketSeen, _: &mut Context<Self>) {
        if let Some(device) = self.connections.device_of(&seen.socket) {
            self.devices.seen(device, seen.at);
        }
    }
}

impl Handler<SocketClosed> for Visits {
    type Result = ();

    fn handle(&mut self, closed: SocketClosed, _: &mut Context<Self>) {
        if let Some(device) = self.connections.close(&closed.socket, closed.at) {
            self.devices.leave(device, closed.at);
        }
        self.save();
    }
}

fn fresh<Of>(random: &dyn Random) -> Id<Of> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    Id::random(bytes)
}
