//! What tablets tell this headset: passed on to its socket and to nobody else.

use actix::{Context, Handler, Message};
use futures_util::future::join_all;
use hubbub_protocol::fleet::capture::SessionOver;
use hubbub_protocol::fleet::headset::{MetadataSynced, StartRequested, StopRequested, ToggleRequested};
use hubbub_protocol::fleet::tablet::LockRefusal;
use hubbub_protocol::fleet::{DeviceId, SessionId, TabletId};

use super::Device;
use crate::kit::deps::Deps;

/// What a headset is told.
#[derive(Debug, Clone)]
pub enum Instruction {
    /// Start recording.
    Start,
    /// Stop recording.
    Stop,
    /// Start or stop, whichever it does not do now.
    Toggle,
    /// Take this metadata.
    TakeMetadata(String),
    /// A session is over.
    SessionOver(SessionId),
}

/// A tablet tells a headset something. It passes if the headset is online and no other tablet holds it; whether it already does what it
/// is told is not asked, because the hub's view of that may be old.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), LockRefusal>")]
pub struct Command {
    /// Who.
    pub by: TabletId,
    /// What.
    pub instruction: Instruction,
}

impl Handler<Command> for Device {
    type Result = Result<(), LockRefusal>;

    fn handle(&mut self, command: Command, _: &mut Context<Self>) -> Self::Result {
        let socket = self.state.may_command(&command.by)?;
        let emitter = &self.wiring.emitter;
        match command.instruction {
            Instruction::Start => emitter.socket(socket, &StartRequested),
            Instruction::Stop => emitter.socket(socket, &StopRequested),
            Instruction::Toggle => emitter.socket(socket, &ToggleRequested),
            Instruction::TakeMetadata(metadata) => emitter.socket(socket, &MetadataSynced { metadata }),
            Instruction::SessionOver(session_id) => emitter.socket(socket, &SessionOver { session_id }),
        };
        Ok(())
    }
}

/// The same, if the tablet holds the device.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), LockRefusal>")]
pub struct TellHeld(pub Command);

impl Handler<TellHeld> for Device {
    type Result = Result<(), LockRefusal>;

    fn handle(&mut self, TellHeld(command): TellHeld, ctx: &mut Context<Self>) -> Self::Result {
        self.state.may_command(&command.by)?;
        if self.state.is_held_by(&command.by) { self.handle(command, ctx) } else { Err(LockRefusal::LockedByAnother) }
    }
}

/// Tells headsets something in parallel; each decides for itself. One that cannot be asked is not online.
pub async fn command_all<M>(deps: &Deps, devices: Vec<DeviceId>, message: M) -> Vec<(DeviceId, Result<(), LockRefusal>)>
where
    M: Message<Result = Result<(), LockRefusal>> + Clone + Send + 'static,
    Device: Handler<M>,
{
    let message = &message;
    let tell = |id: DeviceId| async move {
        let answer = match deps.registry::<Device>().find(&id) {
            Ok(device) => device.send(message.clone()).await.unwrap_or(Err(LockRefusal::NotOnline)),
            Err(_missing) => Err(LockRefusal::NotOnline),
        };
        (id, answer)
    };
    join_all(devices.into_iter().map(tell)).await
}
