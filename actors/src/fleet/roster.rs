//! The roster: one actor that keeps the last word of every device and session, tells everyone the lists, and feeds dashboards.
//!
//! Decision: lists, dashboards and REST lists come from one place, fed by small notices. Reason: whoever subscribes gets the whole fleet and
//! then every change, in one order and without a gap. It never decides anything about a device; a fleet so large that its notices keep one
//! thread busy would change our mind.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Supervised};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::DeviceId;

use super::Wiring;
use super::capture::CaptureSession;
use super::device::Device;
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;
use crate::kit::registry::Entity;
use crate::kit::single::{Only, single};
use crate::kit::snapshot::{SnapshotStore, StoreError, Stored, reading};

mod clients;
mod lists;
mod news;
mod queries;
pub mod state;
mod stored;
mod uploads;

pub use clients::{ActiveSessions, Arrived, Departed, HeldBy, ReadGauges, Subscribe};
pub use news::{DeviceNews, SessionNews};
pub use uploads::SessionsOf;

use state::{Changed, State};

/// How often the roster looks for what is too old.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);

/// The roster.
pub struct Roster {
    deps: Deps,
    wiring: Arc<Wiring>,
    state: State,
    /// Lists that changed since they were last told.
    untold: Changed,
    /// The lists were told less than a tenth of a second ago.
    is_resting: bool,
}

/// Returns the roster's address.
///
/// # Errors
/// It is down after a panic storm.
pub fn of(deps: &Deps) -> Result<Addr<Roster>, Fault> {
    single(deps)
}

/// Returns the devices that a socket holds, as far as the roster knows.
pub async fn held_by(deps: &Deps, socket: &SocketId) -> Vec<DeviceId> {
    match of(deps) {
        Ok(roster) => roster.send(HeldBy(socket.clone())).await.unwrap_or_default(),
        Err(_down) => Vec::new(),
    }
}

impl Actor for Roster {
    type Context = Context<Self>;
}

impl Supervised for Roster {}

impl Entity for Roster {
    type Key = Only<Self>;
    const KIND: &'static str = "fleet.roster";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        Self { wiring: Wiring::of(&deps), deps, state: State::default(), untold: Changed::default(), is_resting: false }
    }

    /// Reads what devices and sessions have stored; what they change meanwhile waits in the mailbox.
    fn restore(&mut self, _: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        let boot_id = self.deps.boot_id();
        let read = move |store: &dyn SnapshotStore| Ok(stored::read(store, boot_id));
        reading::first(&self.deps, ctx, read, |roster: &mut Self, words, _| {
            if let Ok(words) = words {
                roster.state.hear_stored(words);
            }
        });
        ctx.run_interval(EXPIRY_INTERVAL, |roster, _| roster.expire());
        Ok(())
    }

    fn is_idle(&self) -> bool {
        false
    }
}

impl Roster {
    /// Forgets what is too old, here and in the store.
    fn expire(&mut self) {
        let expired = self.state.expire(self.deps.now());
        for id in expired.devices {
            // The orders are given at once; nobody needs to wait for them.
            drop(self.deps.registry::<Device>().remove(&id));
            drop(self.deps.snapshots().remove(super::device::HISTORY_KIND, id.as_str()));
        }
        for id in expired.sessions {
            drop(self.deps.registry::<CaptureSession>().remove(&id));
        }
    }
}
