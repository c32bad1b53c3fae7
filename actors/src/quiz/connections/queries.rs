//! The five routes of `/websocket-connections`.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::connections::{
    ActiveConnections, Connection, ConnectionList, ConnectionStats, DeviceConnections, GetConnection, GetConnectionStats,
    ListActiveConnections, ListConnections, ListDeviceConnections,
};

use super::views::Viewer;
use super::visits::Visits;
use crate::kit::ask::Ask;
use crate::kit::single::routed_to_the_only;

routed_to_the_only!(Visits: ListConnections, ListActiveConnections, ListDeviceConnections, GetConnectionStats, GetConnection);

impl Handler<Ask<ListConnections>> for Visits {
    type Result = Result<ConnectionList, Fault>;

    fn handle(&mut self, ask: Ask<ListConnections>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.connections.list(Viewer::of(&ask.caller)?, &ask.body.read()?))
    }
}

impl Handler<Ask<ListActiveConnections>> for Visits {
    type Result = Result<ActiveConnections, Fault>;

    fn handle(&mut self, ask: Ask<ListActiveConnections>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.connections.active(Viewer::of(&ask.caller)?))
    }
}

impl Handler<Ask<ListDeviceConnections>> for Visits {
    type Result = Result<DeviceConnections, Fault>;

    fn handle(&mut self, ask: Ask<ListDeviceConnections>, _: &mut Context<Self>) -> Self::Result {
        self.connections.device(Viewer::of(&ask.caller)?, ask.body.device_id)
    }
}

impl Handler<Ask<GetConnectionStats>> for Visits {
    type Result = Result<ConnectionStats, Fault>;

    fn handle(&mut self, ask: Ask<GetConnectionStats>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.connections.stats(Viewer::of(&ask.caller)?))
    }
}

impl Handler<Ask<GetConnection>> for Visits {
    type Result = Result<Connection, Fault>;

    fn handle(&mut self, ask: Ask<GetConnection>, _: &mut Context<Self>) -> Self::Result {
        self.connections.one(Viewer::of(&ask.caller)?, ask.body.id)
    }
}
