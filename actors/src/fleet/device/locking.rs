//! Who holds this headset.

use actix::{Context, Handler, Message};
use futures_util::future::join_all;
use hubbub_protocol::fleet::tablet::LockRefusal;
use hubbub_protocol::fleet::{DeviceId, TabletId};

use super::state::{Holder, Unlocked};
use super::{Device, Telling};
use crate::fleet::Wiring;
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;

/// A tablet wants the device. The answer says whether it was free, or that tablet's already.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<bool, LockRefusal>")]
pub struct Lock(pub Holder);

impl Handler<Lock> for Device {
    type Result = Result<bool, LockRefusal>;

    fn handle(&mut self, Lock(by): Lock, _: &mut Context<Self>) -> Self::Result {
        let locked = self.state.lock(by);
        self.wiring.metrics.tried_to_lock(locked.is_ok());
        if locked.is_ok() {
            self.tell(Telling::Change);
        }
        locked
    }
}

/// A tablet is back over another socket and goes on holding the device.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), LockRefusal>")]
pub struct HoldOn(pub Holder);

impl Handler<HoldOn> for Device {
    type Result = Result<(), LockRefusal>;

    fn handle(&mut self, HoldOn(by): HoldOn, _: &mut Context<Self>) -> Self::Result {
        self.state.hold_on(by)?;
        self.tell(Telling::Change);
        Ok(())
    }
}

/// A tablet gives the device back.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Unlocked, LockRefusal>")]
pub struct Unlock(pub TabletId);

impl Handler<Unlock> for Device {
    type Result = Result<Unlocked, LockRefusal>;

    fn handle(&mut self, Unlock(by): Unlock, _: &mut Context<Self>) -> Self::Result {
        let unlocked = self.state.unlock(&by);
        self.wiring.metrics.tried_to_unlock(unlocked.is_ok());
        if unlocked == Ok(Unlocked::Released) {
            self.tell(Telling::Change);
        }
        unlocked
    }
}

/// A tablet's socket is gone for good. The answer says whether it held the device.
#[derive(Debug, Clone, Message)]
#[rtype(result = "bool")]
pub struct Release(pub SocketId);

impl Handler<Release> for Device {
    type Result = bool;

    fn handle(&mut self, Release(socket): Release, _: &mut Context<Self>) -> bool {
        let was_held = self.state.release(&socket);
        if was_held {
            self.wiring.metrics.tried_to_unlock(true);
            self.tell(Telling::Change);
        }
        was_held
    }
}

/// Asks devices in parallel to let `by` hold them; each decides for itself. A device that cannot be asked is not online.
pub async fn lock_all(deps: &Deps, by: &Holder, devices: Vec<DeviceId>) -> Vec<(DeviceId, Result<bool, LockRefusal>)> {
    let lock = |id: DeviceId| async move {
        let answer = match deps.registry::<Device>().find(&id) {
            Ok(device) => device.send(Lock(by.clone())).await.ok(),
            Err(_missing) => None,
        };
        (id, answer.unwrap_or_else(|| nobody_to_lock(deps)))
    };
    join_all(devices.into_iter().map(lock)).await
}

/// Gives devices back in parallel. A device that does not exist is free.
pub async fn unlock_all(deps: &Deps, by: &TabletId, devices: Vec<DeviceId>) -> Vec<(DeviceId, Result<Unlocked, LockRefusal>)> {
    let unlock = |id: DeviceId| async move {
        let answer = match deps.registry::<Device>().find(&id) {
            Ok(device) => device.send(Unlock(by.clone())).await.ok(),
            Err(_missing) => None,
        };
        (id, answer.unwrap_or_else(|| nobody_to_unlock(deps)))
    };
    join_all(devices.into_iter().map(unlock)).await
}

/// The answer for a device that cannot answer, and so cannot count the try either.
fn nobody_to_lock(deps: &Deps) -> Result<bool, LockRefusal> {
    Wiring::of(deps).metrics.tried_to_lock(false);
    Err(LockRefusal::NotOnline)
}

fn nobody_to_unlock(deps: &Deps) -> Result<Unlocked, LockRefusal> {
    Wiring::of(deps).metrics.tried_to_unlock(true);
    Ok(Unlocked::WasFree)
}

/// Tells devices in parallel that a socket is gone for good.
pub async fn release_all(deps: &Deps, socket: &SocketId, devices: Vec<DeviceId>) {
    let release = |id: DeviceId| async move {
        if let Ok(device) = deps.registry::<Device>().find(&id) {
            let _was_held = device.send(Release(socket.clone())).await;
        }
    };
    join_all(devices.into_iter().map(release)).await;
}
