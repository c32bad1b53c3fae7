//! What others see of this headset.

use actix::{Context, Handler, Message};
use futures_util::future::join_all;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::devices::{DEVICE_NOT_FOUND, DeviceDetail, GetDevice};
use hubbub_protocol::fleet::{DeviceId, Telemetry};

use super::Device;
use crate::fleet::capture::state::Glimpse;
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;

impl Routed for GetDevice {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        let not_found = || Fault::not_found(DEVICE_NOT_FOUND);
        let id = DeviceId::parse(&ask.body.device_id).map_err(|_| not_found())?;
        Ok(Route::Find(id, not_found()))
    }
}

impl Handler<Ask<GetDevice>> for Device {
    type Result = Result<DeviceDetail, Fault>;

    fn handle(&mut self, _: Ask<GetDevice>, _: &mut Context<Self>) -> Self::Result {
        // A device may exist only because it was named.
        self.state.view(&self.id).map(DeviceDetail::new).ok_or_else(|| Fault::not_found(DEVICE_NOT_FOUND))
    }
}

/// Somebody wants the history.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Vec<Telemetry>")]
pub struct Points;

impl Handler<Points> for Device {
    type Result = Vec<Telemetry>;

    fn handle(&mut self, _: Points, _: &mut Context<Self>) -> Self::Result {
        self.history.points(self.deps.now())
    }
}

/// Somebody wants to know whether this headset records.
#[derive(Debug, Clone, Message)]
#[rtype(result = "bool")]
pub struct IsRecording;

impl Handler<IsRecording> for Device {
    type Result = bool;

    fn handle(&mut self, _: IsRecording, _: &mut Context<Self>) -> bool {
        self.state.socket().is_some() && self.state.is_recording()
    }
}

/// A session looks at its device.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Glimpse, Fault>")]
pub struct Look {
    /// When the session started, if it has.
    pub since: Option<Timestamp>,
}

impl Handler<Look> for Device {
    type Result = Result<Glimpse, Fault>;

    fn handle(&mut self, look: Look, _: &mut Context<Self>) -> Self::Result {
        Ok(Glimpse {
            is_recording: self.state.is_recording(),
            frames: look.since.and_then(|since| self.state.frames_since(since)),
            telemetry: self.state.telemetry().cloned(),
        })
    }
}

/// Looks at devices in parallel, in their order. One that cannot be asked shows nothing.
pub async fn look_at_all(deps: &Deps, devices: Vec<DeviceId>, since: Option<Timestamp>) -> Vec<Glimpse> {
    let look = |id: DeviceId| async move {
        let device = deps.registry::<Device>().find(&id).ok()?;
        device.send(Look { since }).await.ok()?.ok()
    };
    join_all(devices.into_iter().map(look)).await.into_iter().map(Option::unwrap_or_default).collect()
}
