//! What the headset itself sends.

use actix::{Context, Handler, Message};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::error;
use hubbub_protocol::fleet::headset::{
    DeviceRecordingChanged, HeadsetConnected, HeadsetDisconnected, HeadsetRecordingActive, HeadsetRecordingInactive, Identify,
    LogsProcessed, ReportLogsProcessed, ReportRecording, ReportStatus, ReportTelemetry, StatusUpdated,
};
use hubbub_protocol::fleet::tablet::DeviceDisconnected;

use super::state::Holder;
use super::{Device, Telling};
use crate::fleet::{device_id, rooms, tablet};
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;

impl Routed for Identify {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        Ok(Route::Summon(device_id(&ask.caller)?))
    }
}

impl Handler<Ask<Identify>> for Device {
    type Result = Result<(), Fault>;

    fn handle(&mut self, ask: Ask<Identify>, _: &mut Context<Self>) -> Self::Result {
        if ask.body.device_id != self.id {
            return Err(error::invalid_device_id());
        }
        self.register(ask.caller.socket()?)?;
        self.wiring.emitter.emit(&self.room, &HeadsetConnected);
        Ok(())
    }
}

impl Routed for ReportStatus {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        Ok(Route::Find(device_id(&ask.caller)?, error::not_identified()))
    }
}

impl Handler<Ask<ReportStatus>> for Device {
    type Result = Result<(), Fault>;

    fn handle(&mut self, ask: Ask<ReportStatus>, _: &mut Context<Self>) -> Self::Result {
        self.registered(&ask.caller)?;
        self.note_activity();
        self.wiring.emitter.latest(&self.room, self.id.as_str(), &StatusUpdated { status: ask.body.status });
        Ok(())
    }
}

impl Routed for ReportTelemetry {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        Ok(Route::Summon(device_id(&ask.caller)?))
    }
}

impl Handler<Ask<ReportTelemetry>> for Device {
    type Result = Result<(), Fault>;

    fn handle(&mut self, ask: Ask<ReportTelemetry>, _: &mut Context<Self>) -> Self::Result {
        ask.body.check_device(self.id.as_str())?;
        self.register(ask.caller.socket()?)?;
        let (telemetry, now) = (ask.body.telemetry, self.deps.now());
        if self.history.sample(&telemetry, now) {
            self.save_history();
        }
        self.state.report(telemetry, now);
        self.tell(Telling::Change);
        Ok(())
    }
}

impl Routed for ReportRecording {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        Ok(Route::Find(device_id(&ask.caller)?, error::not_identified()))
    }
}

impl Handler<Ask<ReportRecording>> for Device {
    type Result = Result<(), Fault>;

    fn handle(&mut self, ask: Ask<ReportRecording>, _: &mut Context<Self>) -> Self::Result {
        self.registered(&ask.caller)?;
        let is_recording = ask.body.is_recording;
        self.state.set_recording(is_recording, self.deps.now());
        self.tell(Telling::Activity);
        if is_recording {
            self.wiring.emitter.emit(&self.room, &HeadsetRecordingActive);
        } else {
            self.wiring.emitter.emit(&self.room, &HeadsetRecordingInactive);
        }
        let changed = DeviceRecordingChanged { device_id: self.id.clone(), is_recording };
        self.wiring.emitter.emit_either(&self.room, &rooms::dashboards(), &changed);
        Ok(())
    }
}

impl Routed for ReportLogsProcessed {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        Ok(Route::Find(device_id(&ask.caller)?, error::not_identified()))
    }
}

impl Handler<Ask<ReportLogsProcessed>> for Device {
    type Result = Result<(), Fault>;

    fn handle(&mut self, ask: Ask<ReportLogsProcessed>, _: &mut Context<Self>) -> Self::Result {
        self.registered(&ask.caller)?;
        self.note_activity();
        self.wiring.emitter.emit(&self.room, &LogsProcessed);
        Ok(())
    }
}

/// A headset's socket is gone, and all its events have been handled.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SocketGone {
    /// Which socket.
    pub socket: SocketId,
}

impl Handler<SocketGone> for Device {
    type Result = ();

    fn handle(&mut self, gone: SocketGone, _: &mut Context<Self>) {
        let Some(holder) = self.state.disconnect(&gone.socket, self.deps.now()) else { return };
        self.wiring.metrics.disconnected(DeviceType::Headset);
        self.tell(Telling::Change);
        self.wiring.emitter.emit(&self.room, &HeadsetDisconnected);
        if let Some(holder) = holder {
            self.tell_holder(&holder);
        }
    }
}

impl Device {
    /// Tells the tablet that held this device until now: its client by an event, its actor by a notice.
    fn tell_holder(&self, holder: &Holder) {
        self.wiring.metrics.tried_to_unlock(true);
        self.wiring.emitter.socket(&holder.socket, &DeviceDisconnected { device_id: self.id.clone() });
        if let Ok(tablet) = self.deps.registry::<tablet::Tablet>().find(&holder.tablet) {
            tablet.do_send(tablet::LockLost { device: self.id.clone() });
        }
    }

    /// Takes note of activity, and tells others of it now and then.
    pub(super) fn note_activity(&mut self) {
        if self.state.touch(self.deps.now()) {
            self.tell(Telling::Activity);
        }
    }
}
