//! The lobby: one actor that finds a room by its code, and the rooms of a socket that is gone. It decides nothing about a game.

use std::collections::{BTreeMap, HashMap};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::{ClientHello, CreateRoom, Heartbeat, JoinRoom, Reconnect, RoomJoined};
use hubbub_protocol::quiz::{RoomCode, RoomId, error};

use super::room::{Room, coming};
use crate::kit::ask::{Ask, restarting};
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;
use crate::kit::registry::{Entity, Missing};
use crate::kit::single::{Only, routed_to_the_only, single};
use crate::kit::snapshot::{Committed, Latest, Snapshot, StoreError, Stored};

mod connection;
mod create;
mod hello;
pub mod play;
mod sockets;

pub use sockets::{Entered, SocketGone};

/// The version of the lobby's snapshot.
const VERSION: u16 = 1;

/// The lobby.
pub struct Lobby {
    deps: Deps,
    codes: BTreeMap<String, RoomId>,
    sockets: HashMap<SocketId, Vec<RoomId>>,
    latest: Latest,
}

/// Returns the lobby's address.
///
/// # Errors
/// It is down after a panic storm.
pub fn of(deps: &Deps) -> Result<Addr<Lobby>, Fault> {
    single(deps)
}

/// Sends the lobby a notice.
pub(super) fn tell<N>(deps: &Deps, notice: N)
where
    N: Message + Send + 'static,
    N::Result: Send,
    Lobby: Handler<N>,
{
    match of(deps) {
        Ok(lobby) => lobby.do_send(notice),
        Err(_down) => tracing::warn!("the lobby is down and misses a notice"),
    }
}

impl Actor for Lobby {
    type Context = Context<Self>;
}

impl Supervised for Lobby {}

impl Entity for Lobby {
    type Key = Only<Self>;
    const KIND: &'static str = "quiz.lobby";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        Self { deps, codes: BTreeMap::new(), sockets: HashMap::new(), latest: Latest::default() }
    }

    /// Brings up the rooms that have a code, so that the time of those whom nobody returns to runs out.
    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        if let Some(stored) = snapshot {
            self.codes = stored.decode()?;
            let turn = fut::wrap_future::<_, Self>(std::future::ready(()));
            ctx.spawn(turn.map(|(), lobby, _| lobby.wake_rooms()));
        }
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot::of(Self::KIND, &Only::<Self>::KEY, VERSION, &self.codes))
    }

    fn is_idle(&self) -> bool {
        false
    }
}

impl Lobby {
    fn wake_rooms(&mut self) {
        let registry = self.deps.registry::<Room>();
        self.codes.retain(|_, id| match registry.find(id) {
            Ok(room) => {
                room.do_send(coming::Wake);
                true
            }
            // The hub went down before the room was opened.
            Err(missing) => missing != Missing::Unknown,
        });
    }

    fn save(&mut self, ctx: &mut Context<Self>) -> Committed {
        let deps = self.deps.clone();
        self.latest.commit(&deps, ctx, |lobby| &mut lobby.latest)
    }

    fn room(&self, id: &RoomId) -> Result<Addr<Room>, Fault> {
        self.deps.registry::<Room>().find(id).map_err(|missing| match missing {
            Missing::Unknown => error::room_not_found(),
            Missing::BackingOff(back_off) => back_off.into(),
        })
    }
}

// Everything that names no room by its id comes here.
routed_to_the_only!(Lobby: CreateRoom, JoinRoom, Reconnect, Heartbeat, ClientHello);

impl Handler<Ask<JoinRoom>> for Lobby {
    type Result = ResponseFuture<Result<RoomJoined, Fault>>;

    fn handle(&mut self, ask: Ask<JoinRoom>, _: &mut Context<Self>) -> Self::Result {
        let id = self.codes.get(ask.body.room_code.as_str());
        let room = id.ok_or_else(error::room_not_found).and_then(|id| self.room(id));
        let join = coming::Join { caller: ask.caller, player_id: ask.body.player_id, name: ask.body.display_name };
        Box::pin(async move { room?.send(join).await.map_err(|_closed| restarting())? })
    }
}

/// A room is over, and its code is free.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct RoomEnded {
    /// Its code.
    pub code: RoomCode,
    /// Which room.
    pub room: RoomId,
}

impl Handler<RoomEnded> for Lobby {
    type Result = ();

    fn handle(&mut self, ended: RoomEnded, ctx: &mut Context<Self>) {
        if self.codes.get(ended.code.as_str()) == Some(&ended.room) {
            self.codes.remove(ended.code.as_str());
            drop(self.save(ctx));
        }
    }
}
