//! What the roster does for connected clients and for other actors.

use actix::{Context, Handler, Message};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::dashboard::FleetStatus;
use hubbub_protocol::fleet::{DeviceId, SessionId, TabletId};

use super::Roster;
use super::state::Gauges;
use crate::fleet::rooms;
use crate::kit::ids::SocketId;

/// A socket has connected.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Arrived {
    /// Which.
    pub socket: SocketId,
    /// What kind of client.
    pub kind: DeviceType,
}

impl Handler<Arrived> for Roster {
    type Result = ();

    fn handle(&mut self, arrived: Arrived, _: &mut Context<Self>) {
        self.state.arrive(&arrived.socket, arrived.kind);
        self.welcome(&arrived.socket);
    }
}

/// A socket is gone.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Departed {
    /// Which.
    pub socket: SocketId,
}

impl Handler<Departed> for Roster {
    type Result = ();

    fn handle(&mut self, departed: Departed, _: &mut Context<Self>) {
        self.state.depart(&departed.socket);
    }
}

/// A socket wants the whole fleet now and every change from now on.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<FleetStatus, Fault>")]
pub struct Subscribe(pub SocketId);

impl Handler<Subscribe> for Roster {
    type Result = Result<FleetStatus, Fault>;

    /// One step: no change is told between the whole and the first update.
    fn handle(&mut self, Subscribe(socket): Subscribe, _: &mut Context<Self>) -> Self::Result {
        let fleet = self.state.fleet();
        self.wiring.emitter.join(&socket, &rooms::dashboards());
        self.wiring.emitter.socket(&socket, &fleet);
        Ok(fleet)
    }
}

/// Which devices does a socket hold?
#[derive(Debug, Clone, Message)]
#[rtype(result = "Vec<DeviceId>")]
pub struct HeldBy(pub SocketId);

impl Handler<HeldBy> for Roster {
    type Result = Vec<DeviceId>;

    fn handle(&mut self, HeldBy(socket): HeldBy, _: &mut Context<Self>) -> Self::Result {
        self.state.held_by(&socket)
    }
}

/// Which sessions of a tablet go on, with which devices? Oldest first.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Vec<(SessionId, Vec<DeviceId>)>")]
pub struct ActiveSessions(pub TabletId);

impl Handler<ActiveSessions> for Roster {
    type Result = Vec<(SessionId, Vec<DeviceId>)>;

    fn handle(&mut self, ActiveSessions(owner): ActiveSessions, _: &mut Context<Self>) -> Self::Result {
        self.state.active_sessions(&owner)
    }
}

/// Numbers for a scrape.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Gauges, Fault>")]
pub struct ReadGauges;

impl Handler<ReadGauges> for Roster {
    type Result = Result<Gauges, Fault>;

    fn handle(&mut self, _: ReadGauges, _: &mut Context<Self>) -> Self::Result {
        Ok(self.state.gauges())
    }
}
