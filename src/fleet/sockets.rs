//! What the fleet does when sockets come, go, and send too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hubbub_actors::fleet::{connected, disconnected};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_protocol::fleet::Fleet;
use hubbub_protocol::wire::value::Value;

use super::access;
use super::metrics::FleetMetrics;
use crate::realtime::dispatch::Socket;
use crate::realtime::handshake::Handshake;
use crate::realtime::namespace::{ConnectRefusal, Handled, Hooks};

/// At most one warning in this time says how many events were dropped.
const WARNING_INTERVAL_MS: i64 = 1_000;

/// The fleet's part of its namespace.
pub struct FleetHooks {
    deps: Deps,
    metrics: Arc<FleetMetrics>,
    dropped: AtomicU64,
    warned_at: AtomicI64,
}

impl FleetHooks {
    /// Returns the hooks of the fleet in `deps`.
    #[must_use]
    pub fn new(deps: Deps, metrics: Arc<FleetMetrics>) -> Self {
        Self { deps, metrics, dropped: AtomicU64::new(0), warned_at: AtomicI64::new(i64::MIN) }
    }

    fn warn_of_dropped(&self, event: &'static str) {
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        let (now, warned_at) = (self.deps.now().0, self.warned_at.load(Ordering::Relaxed));
        let is_due = now.saturating_sub(warned_at) >= WARNING_INTERVAL_MS;
        if is_due && self.warned_at.compare_exchange(warned_at, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.dropped.fetch_sub(dropped, Ordering::Relaxed);
            tracing::warn!(event, dropped, "{dropped} events over their rate limit were dropped, `{event}` last");
        }
    }
}

impl Hooks for FleetHooks {
    fn admit(&self, handshake: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal> {
        access::admit(&self.deps, handshake, auth)
    }

    fn connected(&self, socket: &Arc<Socket>, _: &Handshake, _: Option<&Value>) -> Handled {
        let (deps, socket) = (self.deps.clone(), Arc::clone(socket));
        Handled::Later(Box::pin(async move {
            if let Err(fault) = connected(&deps, &socket.caller).await {
                socket.fail::<Fleet>(&deps, &fault, None);
            }
        }))
    }

    fn disconnected(&self, socket: &Arc<Socket>, reason: CloseReason) -> Handled {
        if let Some(kind) = &socket.caller.role {
            self.metrics.connection_ended(kind, socket.joined_at.elapsed());
        }
        let (deps, socket) = (self.deps.clone(), Arc::clone(socket));
        Handled::Later(Box::pin(async move {
            if let Err(fault) = disconnected(&deps, &socket.caller, reason.as_str()).await {
                tracing::warn!(socket.id = %socket.id, %fault, "socket `{}` could not be seen off: {fault}", socket.id);
            }
        }))
    }

    fn counted(&self, event: &'static str, is_accepted: bool) {
        if is_accepted {
            self.metrics.received(event);
        } else {
            self.metrics.dropped(event);
            self.warn_of_dropped(event);
        }
    }
}
