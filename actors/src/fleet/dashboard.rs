//! A dashboard, or any other socket that watches the fleet.
//!
//! What it is shown comes from the roster; whether it watches is membership in the dashboards' room, which ends with the socket.

use std::sync::Arc;

use actix::{Actor, Context, Handler, ResponseFuture, Supervised};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::dashboard::{FleetStatus, Subscribe, Unsubscribe};

use super::{Wiring, rooms, roster};
use crate::kit::ask::{Ask, KeyOf, Route, Routed, restarting};
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{StoreError, Stored};

/// One watching socket.
pub struct Dashboard {
    socket: SocketId,
    deps: Deps,
    wiring: Arc<Wiring>,
}

impl Actor for Dashboard {
    type Context = Context<Self>;
}

impl Supervised for Dashboard {}

impl Entity for Dashboard {
    type Key = SocketId;
    const KIND: &'static str = "fleet.dashboard";

    fn new(socket: SocketId, deps: Deps) -> Self {
        Self { socket, wiring: Wiring::of(&deps), deps }
    }

    fn restore(&mut self, _: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Routed for Subscribe {
    type Actor = Dashboard;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Dashboard>>, Fault> {
        Ok(Route::Summon(ask.caller.socket()?.clone()))
    }
}

impl Handler<Ask<Subscribe>> for Dashboard {
    type Result = ResponseFuture<Result<FleetStatus, Fault>>;

    fn handle(&mut self, _: Ask<Subscribe>, _: &mut Context<Self>) -> Self::Result {
        let (deps, socket) = (self.deps.clone(), self.socket.clone());
        Box::pin(
            async move { roster::of(&deps)?.send(roster::Subscribe(socket)).await.unwrap_or_else(|_closed| Err(restarting())) },
        )
    }
}

impl Routed for Unsubscribe {
    type Actor = Dashboard;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Dashboard>>, Fault> {
        Ok(Route::Summon(ask.caller.socket()?.clone()))
    }
}

impl Handler<Ask<Unsubscribe>> for Dashboard {
    type Result = Result<(), Fault>;

    fn handle(&mut self, _: Ask<Unsubscribe>, _: &mut Context<Self>) -> Self::Result {
        self.wiring.emitter.leave(&self.socket, &rooms::dashboards());
        Ok(())
    }
}
