//! A headset: the one actor that decides who holds it, and the source of everything that is told about it.
//!
//! What a device changes it tells the roster before it answers or emits, so that whoever asks the roster after an answer sees the change.

use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::{DeviceId, error};

use super::roster::state::{DeviceWord, SeenDevice};
use super::{Wiring, rooms, roster};
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::emit::Room;
use crate::kit::ids::SocketId;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Persist, Snapshot, StoreError, Stored};

mod command;
mod frames;
mod headset;
mod history;
mod locking;
mod naming;
pub mod state;
mod views;

pub use command::{Command, Instruction, TellHeld, command_all};
pub use headset::SocketGone;
pub use locking::{HoldOn, Lock, Release, Unlock, lock_all, release_all, unlock_all};
pub use views::{IsRecording, Look, Points, look_at_all};

use frames::Batch;
use history::History;
use state::{Connected, State};

/// The version of a device's snapshot.
const VERSION: u16 = 1;
/// The kind under which the history is stored: it is large and changes every five minutes, the device is small and changes always.
pub(super) const HISTORY_KIND: &str = "fleet.history";

/// One headset.
pub struct Device {
    id: DeviceId,
    deps: Deps,
    wiring: Arc<Wiring>,
    room: Room,
    state: State,
    history: History,
    batch: Batch,
}

impl Actor for Device {
    type Context = Context<Self>;
}

impl Supervised for Device {}

impl Entity for Device {
    type Key = DeviceId;
    const KIND: &'static str = "fleet.device";

    fn new(id: DeviceId, deps: Deps) -> Self {
        let (wiring, room) = (Wiring::of(&deps), rooms::device(&id));
        Self { id, deps, wiring, room, state: State::default(), history: History::default(), batch: Batch::default() }
    }

    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        if let Some(stored) = snapshot {
            self.state = stored.decode()?;
        }
        self.state.settle(self.deps.boot_id());
        self.load_history(ctx);
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        (!self.state.is_blank()).then(|| Snapshot::of(Self::KIND, &self.id, VERSION, &self.state))
    }

    fn is_idle(&self) -> bool {
        self.state.socket().is_none()
    }
}

impl Device {
    /// Loads the history before any message is handled. A damaged one is given up: charts are no reason to refuse a device.
    fn load_history(&mut self, ctx: &mut Context<Self>) {
        let (store, id) = (self.deps.snapshots().clone(), self.id.to_string());
        if !store.contains(HISTORY_KIND, &id) {
            return;
        }
        let loading =
            actix_rt::task::spawn_blocking(move || store.load(HISTORY_KIND, &id)?.map(|stored| stored.decode()).transpose());
        ctx.wait(fut::wrap_future::<_, Self>(loading).map(|loaded, device, _| match loaded {
            Ok(Ok(history)) => device.history = history.unwrap_or_default(),
            Ok(Err(error)) => {
                tracing::error!(device.id = %device.id, %error, "the history of device `{}` cannot be read", device.id)
            }
            Err(_stopping) => {}
        }));
    }

    fn save_history(&self) {
        self.deps.snapshots().write_behind(Snapshot::of(HISTORY_KIND, &self.id, VERSION, &self.history));
    }

    /// Saves the device soon and gives the roster its word.
    fn tell(&self, telling: Telling) {
        self.write_behind(&self.deps);
        self.tell_roster(telling);
    }

    fn tell_roster(&self, telling: Telling) {
        match roster::of(&self.deps) {
            Ok(roster) => roster.do_send(roster::DeviceNews { word: self.word(), telling }),
            Err(_down) => tracing::warn!(device.id = %self.id, "the roster is down and misses news of device `{}`", self.id),
        }
    }

    /// Returns what the device says about itself.
    fn word(&self) -> DeviceWord {
        word(&self.id, &self.state)
    }

    /// Returns the caller's socket if it is this headset's registered one.
    fn registered<'a>(&self, caller: &'a Caller) -> Result<&'a SocketId, Fault> {
        let socket = caller.socket()?;
        if self.state.is_connected_as(socket) { Ok(socket) } else { Err(error::not_identified()) }
    }

    /// Registers a socket of this headset, if it is new.
    fn register(&mut self, socket: &SocketId) -> Result<(), Fault> {
        let connected = self.state.connect(socket, self.deps.now()).ok_or_else(error::not_identified)?;
        if let Connected::Now { superseded } = connected {
            if let Some(old) = superseded {
                self.wiring.emitter.leave(&old, &self.room);
                self.wiring.emitter.disconnect(&old);
                self.wiring.metrics.disconnected(DeviceType::Headset);
            }
            self.wiring.emitter.join(socket, &self.room);
            self.wiring.metrics.connected(DeviceType::Headset);
            self.tell(Telling::Change);
        }
        Ok(())
    }
}

/// Returns what a device in this state says about itself.
pub(super) fn word(id: &DeviceId, state: &State) -> DeviceWord {
    match (state.view(id), state.last_seen(), state.named_unseen()) {
        (Some(view), Some(last_seen), _) => DeviceWord::Seen(Box::new(SeenDevice {
            state: view,
            name: state.name().to_owned(),
            is_recording: state.is_recording(),
            last_seen,
        })),
        (_, _, Some(named_at)) => DeviceWord::Named(id.clone(), named_at),
        _ => DeviceWord::Blank(id.clone()),
    }
}

/// Whether dashboards want to hear of a device's news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Telemetry, a connection, a name or a lock: they do.
    Change,
    /// Mere activity: they do not.
    Activity,
}
