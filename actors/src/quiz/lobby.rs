//! The lobby: one actor that finds a room by its code, and the rooms of a socket that is gone. It decides nothing about a game.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::{
    ClientHello, CreateRoom, Heartbeat, HeartbeatAck, JoinRoom, Reconnect, RoomCreated, RoomJoined,
};
use hubbub_protocol::quiz::{FlowId, RoomCode, RoomId, error};
use serde::{Deserialize, Serialize};

use super::room::score::Bonuses;
use super::room::state::{Game, Settings};
use super::room::{Room, coming};
use super::{Wiring, host};
use crate::kit::ask::{Ask, Route, Routed, restarting};
use crate::kit::deps::Deps;
use crate::kit::ids::{self, SocketId};
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Committed, Latest, Snapshot, StoreError, Stored};

/// The version of the lobby's snapshot.
const VERSION: u16 = 1;
/// Codes have six digits, and the first is no zero.
const CODES: std::ops::Range<u64> = 100_000..1_000_000;
/// Most rooms at once: so that a code is found soon.
const MAX_ROOMS: usize = 100_000;

/// The key of the only lobby.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TheOne {
    /// There is one per hub.
    Lobby,
}

impl fmt::Display for TheOne {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("lobby")
    }
}

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
    Ok(deps.registry::<Lobby>().summon(&TheOne::Lobby)?)
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
    type Key = TheOne;
    const KIND: &'static str = "quiz.lobby";

    fn new(_: TheOne, deps: Deps) -> Self {
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
        Some(Snapshot::of(Self::KIND, &TheOne::Lobby, VERSION, &self.codes))
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
            Err(missing) => missing != crate::kit::registry::Missing::Unknown,
        });
    }

    fn save(&mut self, ctx: &mut Context<Self>) -> Committed {
        let deps = self.deps.clone();
        self.latest.commit(&deps, ctx, |lobby| &mut lobby.latest)
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.deps.random().fill(&mut bytes);
        bytes
    }

    fn free_code(&self) -> Option<RoomCode> {
        if self.codes.len() >= MAX_ROOMS {
            return None;
        }
        let width = CODES.end - CODES.start;
        let first = ids::number(self.deps.random()) % width;
        let mut candidates = (0..width).map(|step| (CODES.start + (first + step) % width).to_string());
        let code = candidates.find(|code| !self.codes.contains_key(code))?;
        RoomCode::parse(&code).ok()
    }

    fn room(&self, id: &RoomId) -> Result<Addr<Room>, Fault> {
        self.deps.registry::<Room>().find(id).map_err(|missing| match missing {
            crate::kit::registry::Missing::Unknown => error::room_not_found(),
            crate::kit::registry::Missing::BackingOff(back_off) => back_off.into(),
        })
    }
}

// Everything that names no room by its id comes here.
macro_rules! routed_to_the_lobby {
    ($($contract:ty),*) => {
        $(impl Routed for $contract {
            type Actor = Lobby;

            fn route(_: &Ask<Self>, _: &Deps) -> Result<Route<TheOne>, Fault> {
                Ok(Route::Summon(TheOne::Lobby))
            }
        })*
    };
}
routed_to_the_lobby!(CreateRoom, JoinRoom, Reconnect, Heartbeat, ClientHello);

impl Handler<Ask<CreateRoom>> for Lobby {
    type Result = ResponseFuture<Result<RoomCreated, Fault>>;

    fn handle(&mut self, ask: Ask<CreateRoom>, ctx: &mut Context<Self>) -> Self::Result {
        match self.prepare(&ask) {
            Ok(game) => self.create(game, ask, ctx),
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }
    }
}

impl Lobby {
    fn prepare(&self, ask: &Ask<CreateRoom>) -> Result<Game, Fault> {
        let host = ask.caller.subject.clone().ok_or_else(error::unauthorized)?;
        if ask.body.host_id != host {
            return Err(error::forbidden("hostId is not your account"));
        }
        let settings = ask.body.settings;
        if settings.quiz_set_id.is_some() {
            // Quizzes are not authored yet.
            return Err(error::quiz_not_found());
        }
        let code = self.free_code().ok_or_else(|| Fault::unavailable("too many rooms, try again later"))?;
        let bonuses = Bonuses { time: settings.time_bonus.unwrap_or(false), streak: settings.streak_bonus.unwrap_or(false) };
        let most = Wiring::of(&self.deps).max_room_players;
        let settings = Settings {
            bonuses,
            show_correct_answer: settings.show_correct_answer.unwrap_or(false),
            max_players: settings.max_players.unwrap_or(most),
        };
        let (title, created_at) = (ask.body.title.clone(), self.deps.now());
        let flow_id = FlowId::random(self.random());
        Ok(Game { flow_id, host, title, code, quiz_set_id: None, settings, script: Vec::new(), created_at })
    }

    fn create(
        &mut self,
        game: Game,
        ask: Ask<CreateRoom>,
        ctx: &mut Context<Self>,
    ) -> <Self as Handler<Ask<CreateRoom>>>::Result {
        let room_id = RoomId::random(self.random());
        let created = RoomCreated { room_id, code: game.code.clone() };
        self.codes.insert(game.code.to_string(), room_id);
        let (saved, deps) = (self.save(ctx), self.deps.clone());
        Box::pin(async move {
            let socket = ask.caller.socket()?.clone();
            let hosted = host::HostedGame { game_id: room_id, quiz_set_id: game.quiz_set_id, created_at: game.created_at };
            let games = host::of(&deps, &game.host)?;
            let room = deps.registry::<Room>().summon(&room_id)?;
            room.send(coming::Open { game, caller: ask.caller }).await.map_err(|_closed| restarting())??;
            games.send(host::Opened(hosted)).await.map_err(|_closed| restarting())??;
            saved.await?;
            Wiring::of(&deps).emitter.socket(&socket, &created);
            Ok(created)
        })
    }
}

impl Handler<Ask<JoinRoom>> for Lobby {
    type Result = ResponseFuture<Result<RoomJoined, Fault>>;

    fn handle(&mut self, ask: Ask<JoinRoom>, _: &mut Context<Self>) -> Self::Result {
        let id = self.codes.get(ask.body.room_code.as_str());
        let room = id.ok_or_else(error::room_not_found).and_then(|id| self.room(id));
        let join = coming::Join { caller: ask.caller, player_id: ask.body.player_id, name: ask.body.display_name };
        Box::pin(async move { room?.send(join).await.map_err(|_closed| restarting())? })
    }
}

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
        let ack = HeartbeatAck { timestamp: self.deps.now().0 };
        Wiring::of(&self.deps).emitter.socket(ask.caller.socket()?, &ack);
        Ok(ack)
    }
}

impl Handler<Ask<ClientHello>> for Lobby {
    type Result = Result<(), Fault>;

    fn handle(&mut self, _: Ask<ClientHello>, _: &mut Context<Self>) -> Self::Result {
        Ok(())
    }
}

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
