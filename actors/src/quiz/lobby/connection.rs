//! `connection:reconnect` and `connection:heartbeat`.

use actix::{Context, Handler, ResponseFuture};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::error;
use hubbub_protocol::quiz::rooms::{Heartbeat, HeartbeatAck, Reconnect, RoomJoined};

use super::Lobby;
use crate::kit::ask::{Ask, restarting};
use crate::quiz::Wiring;
use crate::quiz::connections::visits;
use crate::quiz::room::coming;

impl Handler<Ask<Reconnect>> for Lobby {
    type Result = ResponseFuture<Result<Option<RoomJoined>, Fault>>;

    fn handle(&mut self, ask: Ask<Reconnect>, _: &mut Context<Self>) -> Self::Result {
        let Ask { caller, body } = ask;
        let is_caller = caller.socket.as_ref().is_some_and(|socket| socket.as_str() == body.new_socket_id);
        let room = body.room_id.map(|id| self.room(&id));
        Box::pin(async move {
            if !is_caller {
                return Err(error::forbidden("newSocketId is not this connection"));
            }
            let Some(room) = room.transpose()? else { return Ok(None) };
            let again = coming::Again { caller, previous: body.previous_socket_id, player_id: body.player_id };
            room.send(again).await.map_err(|_closed| restarting())?.map(Some)
        })
    }
}

impl Handler<Ask<Heartbeat>> for Lobby {
    type Result = Result<HeartbeatAck, Fault>;

    fn handle(&mut self, ask: Ask<Heartbeat>, _: &mut Context<Self>) -> Self::Result {
        // The client's connection is good, whatever has become of the record of it.
        let _down = visits::seen(&self.deps, &ask.caller);
        let ack = HeartbeatAck { timestamp: self.deps.now().0 };
        Wiring::of(&self.deps).emitter.socket(ask.caller.socket()?, &ack);
        Ok(ack)
    }
}
