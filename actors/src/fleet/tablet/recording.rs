//! Recording commands: to one headset, or to all that this tablet holds.

use actix::{Context, Handler, ResponseFuture};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::tablet::{
    AllStarted, AllStopped, AllToggled, GetRecordingStatus, LockRefusal, RecordingActive, RecordingDenied, RecordingInactive,
    RecordingReply, RecordingResult, RecordingResults, StartAllRecording, StartRecording, StopAllRecording, StopRecording,
    ToggleAllRecording, ToggleRecording,
};
use hubbub_protocol::fleet::{DeviceId, TabletId};

use super::{Tablet, route};
use crate::fleet::device::{self, Command, Device, Instruction, IsRecording, TellHeld};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;

type Reply<T> = ResponseFuture<Result<T, Fault>>;

impl Tablet {
    /// Tells one headset, and its sender if that was denied.
    fn command(&self, caller: &Caller, device_id: DeviceId, instruction: Instruction) -> Reply<RecordingReply> {
        let (deps, wiring, caller) = (self.deps.clone(), self.wiring.clone(), caller.clone());
        let command = Command { by: self.id.clone(), instruction };
        Box::pin(async move {
            let answers = device::command_all(&deps, vec![device_id.clone()], command).await;
            let error = answers.into_iter().find_map(|(_, answer)| answer.err());
            if error.is_some() {
                wiring.emitter.socket(caller.socket()?, &RecordingDenied { device_id: device_id.clone() });
            }
            Ok(RecordingReply { success: error.is_none(), error, device_id })
        })
    }

    /// Tells every headset that this tablet holds.
    fn command_held<T: From<RecordingResults> + 'static>(&self, instruction: Instruction) -> Reply<T> {
        let (deps, held) = (self.deps.clone(), self.state.locked());
        let command = TellHeld(Command { by: self.id.clone(), instruction });
        Box::pin(async move {
            let answers = device::command_all(&deps, held, command).await;
            let result = |(id, answer): (DeviceId, Result<(), LockRefusal>)| {
                (id, RecordingResult { success: answer.is_ok(), error: answer.err() })
            };
            Ok(RecordingResults(answers.into_iter().map(result).collect()).into())
        })
    }
}

impl Routed for StartRecording {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<StartRecording>> for Tablet {
    type Result = Reply<RecordingReply>;

    fn handle(&mut self, ask: Ask<StartRecording>, _: &mut Context<Self>) -> Self::Result {
        self.command(&ask.caller, ask.body.device_id, Instruction::Start)
    }
}

impl Routed for StopRecording {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<StopRecording>> for Tablet {
    type Result = Reply<RecordingReply>;

    fn handle(&mut self, ask: Ask<StopRecording>, _: &mut Context<Self>) -> Self::Result {
        self.command(&ask.caller, ask.body.device_id, Instruction::Stop)
    }
}

impl Routed for ToggleRecording {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<ToggleRecording>> for Tablet {
    type Result = Reply<RecordingReply>;

    fn handle(&mut self, ask: Ask<ToggleRecording>, _: &mut Context<Self>) -> Self::Result {
        self.command(&ask.caller, ask.body.device_id, Instruction::Toggle)
    }
}

impl Routed for StartAllRecording {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<StartAllRecording>> for Tablet {
    type Result = Reply<AllStarted>;

    fn handle(&mut self, _: Ask<StartAllRecording>, _: &mut Context<Self>) -> Self::Result {
        self.command_held(Instruction::Start)
    }
}

impl Routed for StopAllRecording {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<StopAllRecording>> for Tablet {
    type Result = Reply<AllStopped>;

    fn handle(&mut self, _: Ask<StopAllRecording>, _: &mut Context<Self>) -> Self::Result {
        self.command_held(Instruction::Stop)
    }
}

impl Routed for ToggleAllRecording {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<ToggleAllRecording>> for Tablet {
    type Result = Reply<AllToggled>;

    fn handle(&mut self, _: Ask<ToggleAllRecording>, _: &mut Context<Self>) -> Self::Result {
        self.command_held(Instruction::Toggle)
    }
}

impl Routed for GetRecordingStatus {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<GetRecordingStatus>> for Tablet {
    type Result = Reply<()>;

    /// A device that does not exist, or is offline, does not record.
    fn handle(&mut self, ask: Ask<GetRecordingStatus>, _: &mut Context<Self>) -> Self::Result {
        let (deps, wiring) = (self.deps.clone(), self.wiring.clone());
        Box::pin(async move {
            let socket = ask.caller.socket()?;
            let is_recording = match deps.registry::<Device>().find(&ask.body.device_id) {
                Ok(device) => device.send(IsRecording).await.unwrap_or(false),
                Err(_missing) => false,
            };
            if is_recording {
                wiring.emitter.socket(socket, &RecordingActive);
            } else {
                wiring.emitter.socket(socket, &RecordingInactive);
            }
            Ok(())
        })
    }
}
