//! The five routes of `/device-sessions`.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::devices::{
    DeviceSession, DeviceSessionList, DeviceStats, GetDeviceSession, GetDeviceStats, ListDeviceSessions, ListSessionConnections,
    MetadataUpdated, SessionConnections, UpdateMetadata,
};

use crate::kit::ask::Ask;
use crate::kit::single::routed_to_the_only;
use crate::quiz::connections::views::Viewer;
use crate::quiz::connections::visits::Visits;

routed_to_the_only!(Visits: ListDeviceSessions, GetDeviceSession, UpdateMetadata, ListSessionConnections, GetDeviceStats);

impl Handler<Ask<ListDeviceSessions>> for Visits {
    type Result = Result<DeviceSessionList, Fault>;

    fn handle(&mut self, ask: Ask<ListDeviceSessions>, _: &mut Context<Self>) -> Self::Result {
        let (user, window) = ask.body.read()?;
        Ok(self.devices.list(Viewer::of(&ask.caller)?, user, window))
    }
}

impl Handler<Ask<GetDeviceSession>> for Visits {
    type Result = Result<DeviceSession, Fault>;

    fn handle(&mut self, ask: Ask<GetDeviceSession>, _: &mut Context<Self>) -> Self::Result {
        self.devices.one(Viewer::of(&ask.caller)?, ask.body.device_id)
    }
}

impl Handler<Ask<UpdateMetadata>> for Visits {
    type Result = Result<MetadataUpdated, Fault>;

    fn handle(&mut self, ask: Ask<UpdateMetadata>, _: &mut Context<Self>) -> Self::Result {
        let (viewer, device, now) = (Viewer::of(&ask.caller)?, ask.body.device_id, self.deps.now());
        let updated = self.devices.describe(viewer, device, ask.body.read(), now)?;
        self.save();
        Ok(updated)
    }
}

impl Handler<Ask<ListSessionConnections>> for Visits {
    type Result = Result<SessionConnections, Fault>;

    fn handle(&mut self, ask: Ask<ListSessionConnections>, _: &mut Context<Self>) -> Self::Result {
        let (viewer, device) = (Viewer::of(&ask.caller)?, ask.body.device_id);
        self.devices.one(viewer, device)?;
        Ok(SessionConnections::new(device, self.connections.device_with_durations(viewer, device)))
    }
}

impl Handler<Ask<GetDeviceStats>> for Visits {
    type Result = Result<DeviceStats, Fault>;

    fn handle(&mut self, ask: Ask<GetDeviceStats>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.devices.stats(Viewer::of(&ask.caller)?))
    }
}
