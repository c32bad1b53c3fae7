//! Which rooms a socket is in, so that they hear of its end.

use actix::{Context, Handler, Message};
use hubbub_protocol::quiz::RoomId;

use super::Lobby;
use crate::kit::ids::SocketId;
use crate::quiz::room::coming;

/// A socket is in a room now.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Entered {
    /// Which socket.
    pub socket: SocketId,
    /// Which room.
    pub room: RoomId,
}

impl Handler<Entered> for Lobby {
    type Result = ();

    fn handle(&mut self, entered: Entered, _: &mut Context<Self>) {
        let rooms = self.sockets.entry(entered.socket).or_default();
        if !rooms.contains(&entered.room) {
            rooms.push(entered.room);
        }
    }
}

/// A socket is gone, and all its events have been handled.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SocketGone {
    /// Which.
    pub socket: SocketId,
}

impl Handler<SocketGone> for Lobby {
    type Result = ();

    fn handle(&mut self, gone: SocketGone, _: &mut Context<Self>) {
        for id in self.sockets.remove(&gone.socket).unwrap_or_default() {
            if let Ok(room) = self.room(&id) {
                room.do_send(coming::SocketGone { socket: gone.socket.clone() });
            }
        }
    }
}
