//! Metadata for headsets, passed on verbatim.

use actix::{Context, Handler, ResponseFuture};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::tablet::{LockRefusal, SyncMetadata};
use hubbub_protocol::fleet::{TabletId, error};

use super::{Tablet, route};
use crate::fleet::device::{self, Command, Instruction};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::deps::Deps;

impl Routed for SyncMetadata {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<SyncMetadata>> for Tablet {
    type Result = ResponseFuture<Result<(), Fault>>;

    /// A named headset that another tablet holds is an error; among all of this tablet's headsets it is passed over.
    fn handle(&mut self, ask: Ask<SyncMetadata>, _: &mut Context<Self>) -> Self::Result {
        let SyncMetadata { metadata, target } = ask.body;
        let is_named = target.is_some();
        let devices = target.map_or_else(|| self.state.tied(), |device| vec![device]);
        let command = Command { by: self.id.clone(), instruction: Instruction::TakeMetadata(metadata) };
        let deps = self.deps.clone();
        Box::pin(async move {
            let answers = device::command_all(&deps, devices, command).await;
            let is_anothers = answers.iter().any(|(_, answer)| *answer == Err(LockRefusal::LockedByAnother));
            if is_named && is_anothers { Err(error::forbidden("Device locked by another tablet")) } else { Ok(()) }
        })
    }
}
