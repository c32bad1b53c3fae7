//! Locking and unlocking for this tablet.

use std::collections::HashMap;

use actix::{ActorFutureExt, Context, Handler, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::tablet::{
    AllDevicesUnlocked, DeviceLockFailed, DeviceLocked, DeviceUnlocked, DevicesLocked, LockDevice, LockDevices, LockRefusal,
    LockReply, UnlockAllDevices, UnlockDevice,
};
use hubbub_protocol::fleet::{DeviceId, TabletId};

use super::{Answer, Tablet, answer, refuse, route};
use crate::fleet::device;
use crate::fleet::device::state::Unlocked;
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;

impl Routed for LockDevice {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<LockDevice>> for Tablet {
    type Result = Answer<LockReply>;

    fn handle(&mut self, ask: Ask<LockDevice>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, socket, device_id) = (self.deps.clone(), holder.socket.clone(), ask.body.device_id);
        let asked = vec![device_id.clone()];
        let locking = async move { device::lock_all(&deps, &holder, asked).await };
        answer(fut::wrap_future::<_, Self>(locking).map(move |answers, tablet, _| {
            let refusal = answers.into_iter().find_map(|(_, answer)| answer.err());
            Ok(tablet.answer_lock(&socket, device_id, refusal))
        }))
    }
}

impl Routed for UnlockDevice {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<UnlockDevice>> for Tablet {
    type Result = Answer<LockReply>;

    fn handle(&mut self, ask: Ask<UnlockDevice>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, device_id) = (self.deps.clone(), ask.body.device_id);
        let asked = vec![device_id.clone()];
        let unlocking = async move { (device::unlock_all(&deps, &holder.tablet, asked).await, holder.socket) };
        answer(fut::wrap_future::<_, Self>(unlocking).map(move |(answers, socket), tablet, _| {
            let refusal = answers.into_iter().find_map(|(_, answer)| answer.err());
            Ok(tablet.answer_unlock(&socket, device_id, refusal))
        }))
    }
}

impl Routed for LockDevices {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<LockDevices>> for Tablet {
    type Result = Answer<DevicesLocked>;

    fn handle(&mut self, ask: Ask<LockDevices>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, socket, texts) = (self.deps.clone(), holder.socket.clone(), ask.body.device_ids);
        let devices = well_formed(&texts);
        let locking = async move { device::lock_all(&deps, &holder, devices).await };
        answer(fut::wrap_future::<_, Self>(locking).map(move |answers, tablet, _| {
            let locked: Vec<DeviceId> = answers.into_iter().filter_map(|(id, answer)| answer.is_ok().then_some(id)).collect();
            locked.iter().for_each(|device| tablet.tie(&socket, device));
            tablet.save();
            let (locked, failed) = part(texts, &locked);
            let devices_locked = DevicesLocked { locked, failed };
            tablet.wiring.emitter.socket(&socket, &devices_locked);
            Ok(devices_locked)
        }))
    }
}

/// Returns the texts that are device ids.
pub(super) fn well_formed(texts: &[String]) -> Vec<DeviceId> {
    texts.iter().filter_map(|text| DeviceId::parse(text).ok()).collect()
}

/// Parts texts into those that were locked and the others, each in the order of the request.
pub(super) fn part(texts: Vec<String>, locked: &[DeviceId]) -> (Vec<String>, Vec<String>) {
    let locked: HashMap<&str, ()> = locked.iter().map(|id| (id.as_str(), ())).collect();
    texts.into_iter().partition(|text| locked.contains_key(text.as_str()))
}

impl Routed for UnlockAllDevices {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<UnlockAllDevices>> for Tablet {
    type Result = Answer<AllDevicesUnlocked>;

    fn handle(&mut self, ask: Ask<UnlockAllDevices>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, held) = (self.deps.clone(), self.state.locked());
        let unlocking = async move { (device::unlock_all(&deps, &holder.tablet, held).await, holder.socket) };
        answer(fut::wrap_future::<_, Self>(unlocking).map(|(answers, socket), tablet, _| {
            let mut unlocked = Vec::new();
            for (device, answer) in answers {
                tablet.untie(&device);
                if answer == Ok(Unlocked::Released) {
                    unlocked.push(device);
                }
            }
            tablet.save();
            let all_unlocked = AllDevicesUnlocked { unlocked };
            tablet.wiring.emitter.socket(&socket, &all_unlocked);
            Ok(all_unlocked)
        }))
    }
}

impl Tablet {
    fn answer_lock(&mut self, socket: &SocketId, device_id: DeviceId, refusal: Option<LockRefusal>) -> LockReply {
        match refusal {
            None => {
                self.tie(socket, &device_id);
                self.save();
                self.wiring.emitter.socket(socket, &DeviceLocked { device_id: device_id.clone() });
            }
            Some(reason) => {
                self.wiring.emitter.socket(socket, &DeviceLockFailed { device_id: device_id.clone(), reason });
            }
        }
        LockReply { device_id, reason: refusal }
    }

    fn answer_unlock(&mut self, socket: &SocketId, device_id: DeviceId, refusal: Option<LockRefusal>) -> LockReply {
        match refusal {
            None => {
                self.untie(&device_id);
                self.save();
                self.wiring.emitter.socket(socket, &DeviceUnlocked { device_id: device_id.clone() });
            }
            Some(reason) => {
                self.wiring.emitter.socket(socket, &DeviceLockFailed { device_id: device_id.clone(), reason });
            }
        }
        LockReply { device_id, reason: refusal }
    }
}
