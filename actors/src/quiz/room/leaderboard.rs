//! `game:leaderboard:request`: the ranking, for whoever takes part.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::{LeaderboardUpdated, RequestLeaderboard};
use hubbub_protocol::quiz::{RoomId, error};

use super::{Room, by, route, views};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::deps::Deps;

impl Routed for RequestLeaderboard {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        route(ask.body.room_id)
    }
}

impl Handler<Ask<RequestLeaderboard>> for Room {
    type Result = Result<LeaderboardUpdated, Fault>;

    fn handle(&mut self, ask: Ask<RequestLeaderboard>, _: &mut Context<Self>) -> Self::Result {
        let (id, caller) = (self.id, ask.caller);
        let state = self.open()?;
        if !state.takes_part(by(&caller)) {
            return Err(error::not_in_the_room());
        }
        let leaderboard = views::leaderboard(id, state);
        if let Some(socket) = &caller.socket {
            self.wiring.emitter.socket(socket, &leaderboard);
        }
        Ok(leaderboard)
    }
}
