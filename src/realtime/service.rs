//! One Socket.IO server: what its listener serves at one path.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_http::header::HeaderMap;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::outbox::{CloseReason, OutboxPolicy};
use hubbub_protocol::wire::limits::Limits;
use parking_lot::RwLock;

use super::capacity::Capacity;
use super::namespace::Namespace;
use super::reaper::Reaper;
use super::session::Session;
use crate::edge::address::TrustedProxies;
use crate::edge::origin::OriginPolicy;

/// The timing of connections, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Between two pings.
    pub ping_interval_ms: u64,
    /// From a ping until its answer is overdue.
    pub ping_timeout_ms: u64,
    /// From the handshake until a namespace must be joined, and from a packet's header until its last attachment.
    pub connect_timeout_ms: u64,
    /// From a probe until the upgrade must be complete.
    pub upgrade_timeout_ms: u64,
}

/// What the messages of a server are.
pub enum Layer {
    /// Socket.IO packets for these namespaces.
    SocketIo(Vec<Arc<Namespace>>),
    /// Bare Engine.IO messages, each sent back as it came.
    Echo,
}

/// One Socket.IO (or bare Engine.IO) server.
pub struct Service {
    /// The system's name, for logs and metrics.
    pub system: &'static str,
    /// Its path without the trailing slash: `/socket.io`.
    pub path: &'static str,
    /// Deadlines and heartbeats.
    pub timing: Timing,
    /// What a packet may cost.
    pub limits: Limits,
    /// Who may connect from a browser.
    pub origins: OriginPolicy,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// The bounds of every Outbox.
    pub outbox: Arc<OutboxPolicy>,
    /// What messages are.
    pub layer: Layer,
    /// Places for connections, shared by all services.
    pub capacity: Arc<Capacity>,
    /// The clock of all connections.
    pub reaper: Arc<Reaper>,
    /// Randomness for ids.
    pub deps: Deps,
    /// The connections.
    pub sessions: Sessions,
}

/// The living connections of a service, by Engine.IO session id.
#[derive(Default)]
pub struct Sessions {
    by_id: RwLock<HashMap<Arc<str>, Arc<Session>>>,
    websockets: AtomicUsize,
    is_draining: std::sync::atomic::AtomicBool,
}

impl Sessions {
    /// Returns the connection of this id.
    pub fn get(&self, id: &str) -> Option<Arc<Session>> {
        self.by_id.read().get(id).cloned()
    }

    /// Makes a connection known.
    pub fn insert(&self, session: &Arc<Session>) {
        self.by_id.write().insert(Arc::clone(&session.id), Arc::clone(session));
    }

    /// Forgets a connection.
    pub fn remove(&self, id: &str) {
        self.by_id.write().remove(id);
    }

    /// Returns how many connections use polling and how many WebSocket.
    pub fn count(&self) -> (usize, usize) {
        let websockets = self.websockets.load(Ordering::Relaxed);
        (self.by_id.read().len().saturating_sub(websockets), websockets)
    }

    /// Counts a connection that now uses WebSocket.
    pub fn websocket_opened(&self) {
        self.websockets.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts down a connection that used WebSocket.
    pub fn websocket_closed(&self) {
        self.websockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns whether the hub is stopping: no new connection is taken.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Tells every client that the hub is stopping, and refuses new ones.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        let all: Vec<_> = self.by_id.read().values().cloned().collect();
        for session in all {
            session.close(CloseReason::ShuttingDown);
        }
    }
}

impl Service {
    /// Returns the address of a request's client, which may be behind a trusted proxy.
    pub fn client_of(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        peer.map(|peer| self.proxies.client_of(peer.ip(), headers))
    }

    /// Returns the namespace of this name.
    pub fn namespace(&self, name: &str) -> Option<&Arc<Namespace>> {
        match &self.layer {
            Layer::SocketIo(namespaces) => namespaces.iter().find(|namespace| namespace.name == name),
            Layer::Echo => None,
        }
    }
}
