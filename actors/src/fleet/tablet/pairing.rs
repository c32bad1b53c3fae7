//! The legacy pairing of a tablet with one headset: to watch it, and to hold it if it is free.

use actix::{ActorFutureExt, Context, Handler, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::tablet::{ConnectHeadset, DisconnectHeadset};
use hubbub_protocol::fleet::{TabletId, error};

use super::{Answer, Tablet, answer, refuse, route};
use crate::fleet::{device, rooms};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::deps::Deps;

impl Routed for ConnectHeadset {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<ConnectHeadset>> for Tablet {
    type Result = Answer<()>;

    fn handle(&mut self, ask: Ask<ConnectHeadset>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, socket, device) = (self.deps.clone(), holder.socket.clone(), ask.body.device_id);
        if self.state.pair(&socket, &device) {
            return refuse(error::invalid_input("Too many paired headsets"));
        }
        self.wiring.emitter.join(&socket, &rooms::device(&device));
        let locking = async move { device::lock_all(&deps, &holder, vec![device]).await };
        answer(fut::wrap_future::<_, Self>(locking).map(move |answers, tablet, _| {
            for (device, _) in answers.iter().filter(|(_, answer)| answer.is_ok()) {
                tablet.tie(&socket, device);
            }
            tablet.save();
            Ok(())
        }))
    }
}

impl Routed for DisconnectHeadset {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<DisconnectHeadset>> for Tablet {
    type Result = Answer<()>;

    fn handle(&mut self, ask: Ask<DisconnectHeadset>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, device) = (self.deps.clone(), ask.body.device_id);
        self.state.unpair(&holder.socket, &device);
        let unlocking = async move { device::unlock_all(&deps, &holder.tablet, vec![device]).await };
        answer(fut::wrap_future::<_, Self>(unlocking).map(|answers, tablet, _| {
            answers.iter().for_each(|(device, _)| tablet.untie(device));
            tablet.save();
            Ok(())
        }))
    }
}
