//! The REST lists.

use actix::{Context, Handler, ResponseFuture};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::DeviceId;
use hubbub_protocol::fleet::devices::{DeviceList, FleetSummary, GetHistory, History, ListDevices, SummariseFleet};
use hubbub_protocol::fleet::sessions::{ListSessions, SessionList};

use super::Roster;
use crate::fleet::device::{Device, Points};
use crate::kit::ask::Ask;
use crate::kit::single::routed_to_the_only;

routed_to_the_only!(Roster: ListDevices, SummariseFleet, ListSessions, GetHistory);

impl Handler<Ask<ListDevices>> for Roster {
    type Result = Result<DeviceList, Fault>;

    fn handle(&mut self, _: Ask<ListDevices>, _: &mut Context<Self>) -> Self::Result {
        self.expire();
        Ok(DeviceList::new(self.state.fleet().0))
    }
}

impl Handler<Ask<SummariseFleet>> for Roster {
    type Result = Result<FleetSummary, Fault>;

    fn handle(&mut self, _: Ask<SummariseFleet>, _: &mut Context<Self>) -> Self::Result {
        self.expire();
        Ok(FleetSummary::new(self.state.summary()))
    }
}

impl Handler<Ask<ListSessions>> for Roster {
    type Result = Result<SessionList, Fault>;

    fn handle(&mut self, _: Ask<ListSessions>, _: &mut Context<Self>) -> Self::Result {
        self.expire();
        Ok(SessionList::new(self.state.sessions()))
    }
}

impl Handler<Ask<GetHistory>> for Roster {
    type Result = ResponseFuture<Result<History, Fault>>;

    /// The roster knows which devices exist: an unknown one has an empty history and is not brought into being by the question.
    fn handle(&mut self, ask: Ask<GetHistory>, _: &mut Context<Self>) -> Self::Result {
        let asked = ask.body.device_id;
        let known = DeviceId::parse(&asked).ok().filter(|id| self.state.knows(id));
        let deps = self.deps.clone();
        Box::pin(async move {
            let device = known.and_then(|id| deps.registry::<Device>().find(&id).ok());
            let points = match device {
                Some(device) => device.send(Points).await.unwrap_or_default(),
                None => Vec::new(),
            };
            Ok(History::new(asked, points))
        })
    }
}
