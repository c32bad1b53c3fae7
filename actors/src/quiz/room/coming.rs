//! Who comes and goes: the host who opens the room, players who join, leave, drop and come back.

use actix::{Context, Handler, Message};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::{LeaveRoom, PlayerSummary, RoomJoined};
use hubbub_protocol::quiz::{PlayerId, RoomId, error};

use super::change::Change;
use super::flow::started;
use super::state::{Game, State};
use super::{Answer, Room, by, refuse, route, views};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;
use crate::kit::snapshot::after;

/// A new room is opened by its host.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct Open {
    /// What is played.
    pub game: Game,
    /// The host.
    pub caller: Caller,
}

impl Handler<Open> for Room {
    type Result = Answer<()>;

    fn handle(&mut self, open: Open, ctx: &mut Context<Self>) -> Self::Result {
        let Ok(socket) = open.caller.socket().cloned() else { return refuse(error::unauthorized()) };
        if self.state.is_some() || self.unreadable {
            return refuse(Fault::unavailable("this room id is taken, try again"));
        }
        self.state = Some(State::create(open.game, socket, self.deps.boot_id()));
        self.let_hear(&open.caller);
        self.log.want_checkpoint();
        let committed = self.log.wait();
        self.write_soon(ctx);
        after(committed, ())
    }
}

impl Room {
    /// Answers a player whose place in the room is on its way to the disk, and shows him the open question if he comes back.
    fn welcome(&mut self, change: Change, player: PlayerSummary, caller: &Caller, ctx: &mut Context<Self>) -> Answer<RoomJoined> {
        let (id, now) = (self.id, self.deps.now());
        let open = self.state.as_ref().filter(|state| state.open_question(now).is_some());
        let question = open.and_then(|state| started(id, state));
        self.let_hear(caller);
        let committed = self.commit(change, ctx);
        let joined = RoomJoined { room_id: self.id, player };
        let (wiring, socket) = (self.wiring.clone(), caller.socket.clone());
        Box::pin(async move {
            committed.await?;
            if let Some(socket) = socket {
                wiring.emitter.socket(&socket, &joined);
                if let Some(question) = &question {
                    wiring.emitter.socket(&socket, question);
                }
            }
            Ok(joined)
        })
    }

    /// Answers the host, who is no participant.
    fn welcome_host(&mut self, caller: &Caller, name: String, ctx: &mut Context<Self>) -> Result<RoomJoined, Fault> {
        let (id, now) = (self.id, self.deps.now());
        let state = self.open()?;
        let came_back = state.host_comes(by(caller))?;
        let player_id = PlayerId::try_from(state.game().host.clone()).map_err(|_| error::unauthorized())?;
        let joined_at = state.game().created_at.0;
        let question = state.open_question(now).and_then(|_| started(id, state));
        self.note(came_back.into_iter().collect(), ctx);
        self.let_hear(caller);
        let joined = RoomJoined {
            room_id: id,
            player: PlayerSummary { player_id, display_name: name, is_host: true, score: 0, joined_at },
        };
        if let Some(socket) = &caller.socket {
            self.wiring.emitter.socket(socket, &joined);
            if let Some(question) = &question {
                self.wiring.emitter.socket(socket, question);
            }
        }
        Ok(joined)
    }

    /// Returns whether the host comes, and not one of his own players.
    fn is_host(&self, caller: &Caller, player: Option<&PlayerId>) -> bool {
        let Some(state) = &self.state else { return false };
        let is_his_account = state.must_be_host(by(caller)).is_ok();
        let is_his_socket = caller.socket.as_ref().is_some_and(|socket| state.is_host_socket(socket));
        is_his_account && (is_his_socket || player.is_none_or(|player| player.as_str() == state.game().host))
    }
}

/// A player joins, by a code that the lobby knew.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<RoomJoined, Fault>")]
pub struct Join {
    /// Who asks.
    pub caller: Caller,
    /// Who he wants to be.
    pub player_id: PlayerId,
    /// What he calls himself.
    pub name: String,
}

impl Handler<Join> for Room {
    type Result = Answer<RoomJoined>;

    fn handle(&mut self, join: Join, ctx: &mut Context<Self>) -> Self::Result {
        if self.is_host(&join.caller, Some(&join.player_id)) {
            return Box::pin(std::future::ready(self.welcome_host(&join.caller, join.name, ctx)));
        }
        match self.join(&join) {
            Ok((change, player)) => self.welcome(change, player, &join.caller, ctx),
            Err(fault) => refuse(fault),
        }
    }
}

impl Room {
    fn join(&mut self, join: &Join) -> Result<(Change, PlayerSummary), Fault> {
        let (now, most) = (self.deps.now(), self.wiring.max_room_players);
        let state = self.open()?;
        let change = state.join(by(&join.caller), &join.player_id, &join.name, most, now)?;
        Ok((change, summary(state, &join.player_id)?))
    }

    fn reconnect(&mut self, again: &Again, player_id: &PlayerId) -> Result<(Change, PlayerSummary), Fault> {
        let now = self.deps.now();
        let state = self.open()?;
        let change = state.reconnect(by(&again.caller), &again.previous, player_id.as_str(), now)?;
        Ok((change, summary(state, player_id)?))
    }
}

fn summary(state: &State, player_id: &PlayerId) -> Result<PlayerSummary, Fault> {
    let (_, player) = state.players().find(player_id.as_str()).ok_or_else(error::not_in_the_room)?;
    Ok(views::summary(player))
}

/// A client comes back on another socket.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<RoomJoined, Fault>")]
pub struct Again {
    /// Who asks.
    pub caller: Caller,
    /// The socket that he had.
    pub previous: String,
    /// Who he was; nobody: the host.
    pub player_id: Option<PlayerId>,
}

impl Handler<Again> for Room {
    type Result = Answer<RoomJoined>;

    fn handle(&mut self, again: Again, ctx: &mut Context<Self>) -> Self::Result {
        if self.is_host(&again.caller, again.player_id.as_ref()) {
            let title = self.state.as_ref().map(|state| state.game().title.clone()).unwrap_or_default();
            return Box::pin(std::future::ready(self.welcome_host(&again.caller, title, ctx)));
        }
        let bound = match &again.player_id {
            Some(player_id) => self.reconnect(&again, player_id),
            None => self.open().and(Err(error::not_in_the_room())),
        };
        match bound {
            Ok((change, player)) => self.welcome(change, player, &again.caller, ctx),
            Err(fault) => refuse(fault),
        }
    }
}

impl Routed for LeaveRoom {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        route(ask.body.room_id)
    }
}

impl Handler<Ask<LeaveRoom>> for Room {
    type Result = Answer<()>;

    fn handle(&mut self, ask: Ask<LeaveRoom>, ctx: &mut Context<Self>) -> Self::Result {
        let now = self.deps.now();
        let left = self.open().and_then(|state| Ok(state.leave(by(&ask.caller), ask.body.player_id.as_str(), now)?));
        let change = match left {
            Ok(change) => change,
            Err(fault) => return refuse(fault),
        };
        if let Some(socket) = &ask.caller.socket {
            self.wiring.emitter.leave(socket, &self.sockets);
        }
        after(self.commit(change, ctx), ())
    }
}

/// A socket is gone, and all its events have been handled.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SocketGone {
    /// Which.
    pub socket: SocketId,
}

impl Handler<SocketGone> for Room {
    type Result = ();

    fn handle(&mut self, gone: SocketGone, ctx: &mut Context<Self>) {
        let now = self.deps.now();
        let Ok(state) = self.open() else { return };
        let dropped = state.dropped(&gone.socket, now);
        self.note(dropped, ctx);
    }
}

/// A socket that was gone is there again under its own id, with all that it has missed.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SocketBack {
    /// Whose it is.
    pub caller: Caller,
}

impl Handler<SocketBack> for Room {
    type Result = ();

    fn handle(&mut self, back: SocketBack, ctx: &mut Context<Self>) {
        let now = self.deps.now();
        let (Ok(state), Some(socket)) = (self.open(), &back.caller.socket) else { return };
        let mut changes: Vec<Change> = state.came_back(socket, now).into_iter().collect();
        if state.host_socket() == Some(socket) {
            changes.extend(state.host_is_here(by(&back.caller)).ok().flatten());
        }
        self.note(changes, ctx);
        self.let_hear(&back.caller);
    }
}

/// The hub was started anew and the room comes up, so that its time runs.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Wake;

impl Handler<Wake> for Room {
    type Result = ();

    fn handle(&mut self, _: Wake, _: &mut Context<Self>) {
        let is_over = self.state.as_ref().is_some_and(|state| state.ended_at().is_some());
        if is_over {
            self.dissolve();
        }
    }
}
