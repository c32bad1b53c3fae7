//! A tablet: asks devices and capture sessions for its sockets, and remembers what ties them.
//!
//! It answers every `tablet-*` event, the few that a dashboard may send included. It decides nothing about a device: it asks, in parallel,
//! and each device is the only judge of its own lock.

use std::sync::Arc;

use actix::{Actor, ActorFuture, AtomicResponse, Context, Handler, Message, Supervised, fut};
use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::{DeviceId, TabletId};

use super::device::state::Holder;
use super::{Wiring, device_id, rooms};
use crate::kit::ask::{Ask, Route};
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Persist, Snapshot, StoreError, Stored};

mod locking;
mod metadata;
mod pairing;
mod presence;
mod recording;
mod sessions;
pub mod state;

pub use presence::{Arrived, Departed};

use state::State;

/// The version of a tablet's snapshot.
const VERSION: u16 = 1;

/// One tablet, whatever the number of its sockets.
pub struct Tablet {
    id: TabletId,
    deps: Deps,
    wiring: Arc<Wiring>,
    state: State,
}

impl Actor for Tablet {
    type Context = Context<Self>;
}

impl Supervised for Tablet {}

impl Entity for Tablet {
    type Key = TabletId;
    const KIND: &'static str = "fleet.tablet";

    fn new(id: TabletId, deps: Deps) -> Self {
        Self { id, wiring: Wiring::of(&deps), deps, state: State::default() }
    }

    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        if let Some(stored) = snapshot {
            self.state = stored.decode()?;
        }
        self.state.settle(self.deps.boot_id());
        self.await_what_was_left_behind(ctx);
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        (!self.state.is_idle()).then(|| Snapshot::of(Self::KIND, &self.id, VERSION, &self.state))
    }

    fn is_idle(&self) -> bool {
        self.state.is_idle()
    }
}

/// An answer during which the tablet takes up nothing else, so that its ties and the devices' locks go together.
type Answer<T> = AtomicResponse<Tablet, Result<T, Fault>>;

fn answer<T: 'static>(work: impl ActorFuture<Tablet, Output = Result<T, Fault>> + 'static) -> Answer<T> {
    AtomicResponse::new(Box::pin(work))
}

fn refuse<T: 'static>(fault: Fault) -> Answer<T> {
    answer(fut::ready(Err(fault)))
}

/// Every tablet event goes to the tablet of the caller's token.
fn route<C: Contract>(ask: &Ask<C>) -> Result<Route<TabletId>, Fault> {
    Ok(Route::Summon(device_id(&ask.caller)?.into()))
}

impl Tablet {
    /// Returns who holds what is locked for this caller.
    fn holder(&self, caller: &Caller) -> Result<Holder, Fault> {
        Ok(Holder { tablet: self.id.clone(), socket: caller.socket()?.clone() })
    }

    /// Saves the ties soon. They end with the process, but not with a panic.
    fn save(&self) {
        if self.state.is_idle() {
            drop(self.deps.snapshots().remove(Self::KIND, &self.id.to_string()));
        } else {
            self.write_behind(&self.deps);
        }
    }

    /// Ties a device that said yes to a socket.
    fn tie(&mut self, socket: &SocketId, device: &DeviceId) {
        if let Some(former) = self.state.lock(socket, device) {
            self.wiring.emitter.leave(&former, &rooms::device(device));
        }
        self.wiring.emitter.join(socket, &rooms::device(device));
    }

    /// Unties a device that is not held any more.
    fn untie(&mut self, device: &DeviceId) {
        for socket in self.state.unlock(device) {
            self.wiring.emitter.leave(&socket, &rooms::device(device));
        }
    }
}

/// A headset that this tablet held is gone, and with it the lock. The tablet's sockets stay in its room, to see it come back.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct LockLost {
    /// Which device.
    pub device: DeviceId,
}

impl Handler<LockLost> for Tablet {
    type Result = ();

    fn handle(&mut self, lost: LockLost, _: &mut Context<Self>) {
        self.state.unlock(&lost.device);
        self.save();
    }
}
