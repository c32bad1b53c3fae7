//! The five routes of `/websocket-connections`.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::connections::{
    ActiveConnections, Connection, ConnectionList, ConnectionStats, DeviceConnections, GetConnection, GetConnectionStats,
    ListActiveConnections, ListConnections, ListDeviceConnections,
};

use super::views::Viewer;
use super::visits::{TheOne, Visits};
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;

impl Routed for ListConnections {
    type Actor = Visits;

    fn route(_: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Visits>>, Fault> {
        Ok(Route::Summon(TheOne::Visits))
    }
}

impl Handler<Ask<ListConnections>> for Visits {
    type Result = Result<ConnectionList, Fault>;

    fn handle(&mut self, ask: Ask<ListConnections>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.connections.list(Viewer::of(&ask.caller)?, &ask.body.read()?))
    }
}

impl Routed for ListActiveConnections {
    type Actor = Visits;

    fn route(_: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Visits>>, Fault> {
        Ok(Route::Summon(TheOne::Visits))
    }
}

impl Handler<Ask<ListActiveConnections>> for Visits {
    type Result = Result<ActiveConnections, Fault>;

    fn handle(&mut self, ask: Ask<ListActiveConnections>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.connections.active(Viewer::of(&ask.caller)?))
    }
}

impl Routed for ListDeviceConnections {
    type Actor = Visits;

    fn route(_: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Visits>>, Fault> {
        Ok(Route::Summon(TheOne::Visits))
    }
}

impl Handler<Ask<ListDeviceConnections>> for Visits {
    type Result = Result<DeviceConnections, Fault>;

    fn handle(&mut self, ask: Ask<ListDeviceConnections>, _: &mut Context<Self>) -> Self::Result {
        self.connections.device(Viewer::of(&ask.caller)?, ask.body.device_id)
    }
}

impl Routed for GetConnectionStats {
    type Actor = Visits;

    fn route(_: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Visits>>, Fault> {
        Ok(Route::Summon(TheOne::Visits))
    }
}

impl Handler<Ask<GetConnectionStats>> for Visits {
    type Result = Result<ConnectionStats, Fault>;

    fn handle(&mut self, ask: Ask<GetConnectionStats>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.connections.stats(Viewer::of(&ask.caller)?))
    }
}

impl Routed for GetConnection {
    type Actor = Visits;

    fn route(_: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Visits>>, Fault> {
        Ok(Route::Summon(TheOne::Visits))
    }
}

impl Handler<Ask<GetConnection>> for Visits {
    type Result = Result<Connection, Fault>;

    fn handle(&mut self, ask: Ask<GetConnection>, _: &mut Context<Self>) -> Self::Result {
        self.connections.one(Viewer::of(&ask.caller)?, ask.body.id)
    }
}
