//! Emitting to sockets and rooms: the way from an actor to every receiver's Outbox.
//!
//! One [`Emitter`] serves one namespace of one system. Decision: one global member list per room, and the emitter pushes
//! straight into each member's Outbox. Reason: what one actor emits to a room and to a socket of that room arrives in the
//! order in which it was emitted; a queue per worker would let one overtake the other.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use hubbub_protocol::contract::Emit;
use hubbub_protocol::wire::args::Args;
use hubbub_protocol::wire::message::{self, Dialect};
use indexmap::IndexMap;
use parking_lot::{Mutex, RwLock};

use super::ids::SocketId;
use super::outbox::{CloseReason, LatestKey, Outbox, Pushed};
use super::recovery::{Entry, Journal};

/// A named set of sockets of one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Room(Arc<str>);

impl Room {
    /// Returns the room of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the room's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A socket of the namespace.
struct Member {
    receiver: Receiver,
    rooms: Mutex<Vec<Room>>,
}

/// A socket as rooms see it: how its packets are written and where they go. Rooms keep it in place: a fan-out meets nothing
/// of a member on the way to its Outbox, whose memory is hardly ever in a cache.
#[derive(Clone)]
struct Receiver {
    dialect: Dialect,
    outbox: Arc<Outbox>,
}

/// Hears what was emitted, for a system's metrics.
pub trait Observe: Send + Sync {
    /// `event` was pushed to `receivers` sockets.
    fn emitted(&self, event: &str, receivers: usize);
}

/// How many sockets an emission reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Sockets whose Outbox took it.
    pub receivers: usize,
    /// Receivers for which it replaced an older value that was never sent.
    pub superseded: usize,
}

/// Emits to the sockets of one namespace; cheap to clone.
#[derive(Clone)]
pub struct Emitter(Arc<Shared>);

struct Shared {
    namespace: String,
    sockets: RwLock<HashMap<SocketId, Arc<Member>, RandomState>>,
    rooms: RwLock<HashMap<Room, Members>>,
    observer: Option<Box<dyn Observe>>,
    journal: Option<Journal>,
}

type Members = Arc<RwLock<IndexMap<SocketId, Receiver, RandomState>>>;

/// Whom an emission is for.
#[derive(Clone, Copy)]
enum Target<'a> {
    All,
    Room(&'a Room, Option<&'a SocketId>),
    Either(&'a Room, &'a Room),
    Socket(&'a SocketId),
    Sockets(&'a [SocketId]),
}

/// Which lane an emission takes, and whether recovery may replay it.
#[derive(Clone, Copy)]
enum Lane<'a> {
    Reliable,
    Reply,
    Volatile,
    Latest(&'a LatestKey),
}

impl Emitter {
    /// Returns the emitter of `namespace`; with a journal, reliable emissions can be recovered.
    #[must_use]
    pub fn new(namespace: &str, observer: Option<Box<dyn Observe>>, journal: Option<Journal>) -> Self {
        let (sockets, rooms) = (RwLock::default(), RwLock::default());
        Self(Arc::new(Shared { namespace: namespace.to_owned(), sockets, rooms, observer, journal }))
    }

    /// Returns the namespace's name.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Emits to everyone in `room`.
    pub fn emit<E: Emit>(&self, room: &Room, event: &E) -> Delivery {
        self.send(Target::Room(room, None), event, Lane::Reliable)
    }

    /// Emits to everyone in `room` but `except`.
    pub fn emit_except<E: Emit>(&self, room: &Room, except: &SocketId, event: &E) -> Delivery {
        self.send(Target::Room(room, Some(except)), event, Lane::Reliable)
    }

    /// Emits to everyone who is in one of two rooms, once to those who are in both.
    pub fn emit_either<E: Emit>(&self, one: &Room, other: &Room, event: &E) -> Delivery {
        self.send(Target::Either(one, other), event, Lane::Reliable)
    }

    /// Emits to every socket of the namespace.
    pub fn all<E: Emit>(&self, event: &E) -> Delivery {
        self.send(Target::All, event, Lane::Reliable)
    }

    /// Emits to one socket.
    pub fn socket<E: Emit>(&self, socket: &SocketId, event: &E) -> Delivery {
        self.send(Target::Socket(socket), event, Lane::Reliable)
    }

    /// Emits to everyone in `room` who is not behind; nobody else ever gets it, and it is never recorded for recovery.
    pub fn volatile<E: Emit>(&self, room: &Room, event: &E) -> Delivery {
        self.send(Target::Room(room, None), event, Lane::Volatile)
    }

    /// Emits the newest value about `subject` to everyone in `room`; whoever is slow sees only the newest one.
    pub fn latest<E: Emit>(&self, room: &Room, subject: &str, event: &E) -> Delivery {
        self.send(Target::Room(room, None), event, Lane::Latest(&LatestKey::new(E::NAME, subject)))
    }

    /// Emits the newest value about `subject` to these sockets, encoded once; whoever is slow sees only the newest one.
    pub fn latest_to<E: Emit>(&self, sockets: &[SocketId], subject: &str, event: &E) -> Delivery {
        self.send(Target::Sockets(sockets), event, Lane::Latest(&LatestKey::new(E::NAME, subject)))
    }

    /// Emits arguments as they are to everyone in `room` but `except`.
    pub fn emit_args(&self, room: &Room, except: Option<&SocketId>, name: &str, args: &Args) -> Delivery {
        self.send_args(Target::Room(room, except), name, args, Lane::Reliable)
    }

    /// Answers one socket with arguments as they are.
    pub fn reply_args(&self, socket: &SocketId, name: &str, args: &Args) -> Delivery {
        self.send_args(Target::Socket(socket), name, args, Lane::Reply)
    }

    /// Emits the newest arguments about `subject` to everyone in `room` but `except`.
    pub fn latest_args(&self, room: &Room, except: Option<&SocketId>, subject: &str, name: &str, args: &Args) -> Delivery {
        self.send_args(Target::Room(room, except), name, args, Lane::Latest(&LatestKey::new(name, subject)))
    }

    fn send<E: Emit>(&self, target: Target<'_>, event: &E, lane: Lane<'_>) -> Delivery {
        let namespace = &self.0.namespace;
        let encode = |dialect, offset: Option<&str>| message::emit_with_offset(dialect, namespace, event, offset);
        self.deliver(target, E::NAME, lane, &encode, || Args::from_emit(event))
    }

    fn send_args(&self, target: Target<'_>, name: &str, args: &Args, lane: Lane<'_>) -> Delivery {
        let namespace = &self.0.namespace;
        let encode = |dialect, offset: Option<&str>| message::event_with_offset(dialect, namespace, name, args, offset);
        self.deliver(target, name, lane, &encode, || args.clone())
    }

    fn deliver(
        &self,
        target: Target<'_>,
        name: &str,
        lane: Lane<'_>,
        encode: &dyn Fn(Dialect, Option<&str>) -> Bytes,
        args: impl FnOnce() -> Args,
    ) -> Delivery {
        let delivery = match (&self.0.journal, lane) {
            (Some(journal), Lane::Reliable) => {
                let (rooms, except) = target.for_journal();
                let entry = Entry { rooms, except, name: name.to_owned(), args: args() };
                journal.record(entry, |offset| self.push(target, lane, &|dialect| encode(dialect, Some(offset))))
            }
            _ => self.push(target, lane, &|dialect| encode(dialect, None)),
        };
        if let Some(observer) = &self.0.observer {
            observer.emitted(name, delivery.receivers);
        }
        delivery
    }

    fn push(&self, target: Target<'_>, lane: Lane<'_>, encode: &dyn Fn(Dialect) -> Bytes) -> Delivery {
        let mut cast = Cast { lane, encode, encoded: Default::default(), delivery: Delivery::default() };
        match target {
            Target::All => self.0.sockets.read().values().for_each(|member| cast.to(&member.receiver)),
            Target::Socket(id) => {
                if let Some(member) = self.member(id) {
                    cast.to(&member.receiver);
                }
            }
            Target::Sockets(ids) => {
                ids.iter().filter_map(|id| self.member(id)).for_each(|member| cast.to(&member.receiver));
            }
            Target::Room(room, except) => {
                if let Some(members) = self.members_of(room) {
                    let members = members.read();
                    // By place: comparing ids would read every one of them.
                    let skipped = except.and_then(|id| members.get_index_of(id));
                    let receivers = members.values().enumerate().filter(|(place, _)| Some(*place) != skipped);
                    receivers.for_each(|(_, receiver)| cast.to(receiver));
                }
            }
            Target::Either(one, other) => {
                let (one, other) = (self.members_of(one), self.members_of(other));
                // The two may be the same room.
                let (one, other) = (one.as_deref().map(RwLock::read), other.as_deref().map(RwLock::read_recursive));
                one.iter().flat_map(|one| one.values()).for_each(|receiver| cast.to(receiver));
                for (id, receiver) in other.iter().flat_map(|other| other.iter()) {
                    if !one.as_ref().is_some_and(|one| one.contains_key(id)) {
                        cast.to(receiver);
                    }
                }
            }
        }
        cast.delivery
    }

    fn members_of(&self, room: &Room) -> Option<Members> {
        self.0.rooms.read().get(room).cloned()
    }

    fn member(&self, id: &SocketId) -> Option<Arc<Member>> {
        self.0.sockets.read().get(id).cloned()
    }

    /// Makes a socket known to the namespace.
    pub fn add(&self, id: SocketId, dialect: Dialect, outbox: Arc<Outbox>) {
        let member = Arc::new(Member { receiver: Receiver { dialect, outbox }, rooms: Mutex::default() });
        self.0.sockets.write().insert(id, member);
    }

    /// Forgets a socket and takes it out of all its rooms, which it returns.
    pub fn remove(&self, id: &SocketId) -> Vec<Room> {
        let Some(member) = self.0.sockets.write().remove(id) else { return Vec::new() };
        let left = std::mem::take(&mut *member.rooms.lock());
        for room in &left {
            self.remove_from(room, id);
        }
        left
    }

    /// Puts a socket into a room; a socket that is gone stays out.
    pub fn join(&self, id: &SocketId, room: &Room) {
        let Some(member) = self.member(id) else { return };
        let mut joined = member.rooms.lock();
        if joined.contains(room) {
            return;
        }
        joined.push(room.clone());
        let mut rooms = self.0.rooms.write();
        rooms.entry(room.clone()).or_default().write().insert(id.clone(), member.receiver.clone());
        drop(rooms);
        drop(joined);
        let gone_meanwhile = self.member(id).is_none();
        if gone_meanwhile {
            self.remove_from(room, id);
        }
    }

    /// Takes a socket out of a room.
    pub fn leave(&self, id: &SocketId, room: &Room) {
        if let Some(member) = self.member(id) {
            member.rooms.lock().retain(|joined| joined != room);
        }
        self.remove_from(room, id);
    }

    fn remove_from(&self, room: &Room, id: &SocketId) {
        let mut rooms = self.0.rooms.write();
        let Some(members) = rooms.get(room) else { return };
        members.write().swap_remove(id);
        let is_empty = members.read().is_empty();
        if is_empty {
            rooms.remove(room);
        }
    }

    /// Returns the rooms that a socket is in.
    #[must_use]
    pub fn rooms_of(&self, id: &SocketId) -> Vec<Room> {
        self.member(id).map(|member| member.rooms.lock().clone()).unwrap_or_default()
    }

    /// Returns how many sockets are in `room`.
    #[must_use]
    pub fn members(&self, room: &Room) -> usize {
        self.0.rooms.read().get(room).map_or(0, |members| members.read().len())
    }

    /// Returns how many rooms have a member.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.0.rooms.read().len()
    }

    /// Ends a socket's connection from the hub's side, after a disconnect packet; the client will not reconnect by itself.
    pub fn disconnect(&self, id: &SocketId) {
        if let Some(member) = self.member(id) {
            let farewell = message::disconnect(member.receiver.dialect, &self.0.namespace);
            member.receiver.outbox.close(CloseReason::ServerDisconnect, Some(farewell));
        }
    }

    /// Returns the journal, if recovery is on.
    #[must_use]
    pub fn journal(&self) -> Option<&Journal> {
        self.0.journal.as_ref()
    }
}

impl Target<'_> {
    fn for_journal(self) -> (Vec<Room>, Option<SocketId>) {
        match self {
            Self::All => (Vec::new(), None),
            Self::Room(room, except) => (vec![room.clone()], except.cloned()),
            Self::Either(one, other) => (vec![one.clone(), other.clone()], None),
            Self::Socket(id) => (vec![Room::new(id.as_str())], None),
            Self::Sockets(ids) => (ids.iter().map(|id| Room::new(id.as_str())).collect(), None),
        }
    }
}

/// One emission under way: encoded at most once per dialect, whoever many receive it.
struct Cast<'a> {
    lane: Lane<'a>,
    encode: &'a dyn Fn(Dialect) -> Bytes,
    encoded: [Option<Arc<Bytes>>; 3],
    delivery: Delivery,
}

impl Cast<'_> {
    fn to(&mut self, receiver: &Receiver) {
        let slot = match receiver.dialect {
            Dialect::JsonV5 => 0,
            Dialect::JsonV4 => 1,
            Dialect::MsgpackV5 => 2,
        };
        let entry = self.encoded[slot].get_or_insert_with(|| Arc::new((self.encode)(receiver.dialect))).clone();
        let pushed = match self.lane {
            Lane::Reliable | Lane::Reply => receiver.outbox.push(entry),
            Lane::Volatile => receiver.outbox.push_volatile(Arc::unwrap_or_clone(entry)),
            Lane::Latest(key) => receiver.outbox.push_latest(key, Arc::unwrap_or_clone(entry)),
        };
        self.delivery.receivers += usize::from(pushed != Pushed::Refused);
        self.delivery.superseded += usize::from(pushed == Pushed::Superseded);
    }
}
