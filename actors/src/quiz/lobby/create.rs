//! `game:host:create`: a new room, with a code that no other one has.

use actix::{ActorFutureExt, Context, Handler, ResponseActFuture, ResponseFuture, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::{CreateRoom, RoomCreated};
use hubbub_protocol::quiz::{FlowId, RoomCode, RoomId, error};

use super::Lobby;
use super::play::{self, Play};
use crate::kit::ask::{Ask, restarting};
use crate::kit::deps::Deps;
use crate::kit::ids;
use crate::kit::snapshot::Committed;
use crate::quiz::room::score::Bonuses;
use crate::quiz::room::state::{Game, Settings};
use crate::quiz::room::{Room, coming};
use crate::quiz::{Wiring, host};

/// Codes have six digits, and the first is no zero.
const CODES: std::ops::Range<u64> = 100_000..1_000_000;
/// Most rooms at once: so that a code is found soon.
const MAX_ROOMS: usize = 100_000;

impl Handler<Ask<CreateRoom>> for Lobby {
    type Result = ResponseActFuture<Self, Result<RoomCreated, Fault>>;

    fn handle(&mut self, ask: Ask<CreateRoom>, _: &mut Context<Self>) -> Self::Result {
        let deps = self.deps.clone();
        let playing = async move {
            may_host(&ask)?;
            let play = match ask.body.settings.quiz_set_id {
                Some(quiz) => play::of(&deps, &ask.caller, quiz).await?,
                None => Play::default(),
            };
            Ok((play, ask))
        };
        Box::pin(fut::wrap_future::<_, Self>(playing).then(|played, lobby: &mut Self, ctx| {
            let created = played.and_then(|(play, ask)| lobby.create(play, ask, ctx));
            fut::wrap_future(async move { created?.await })
        }))
    }
}

/// Checks that the sender hosts for himself.
fn may_host(ask: &Ask<CreateRoom>) -> Result<(), Fault> {
    let host = ask.caller.subject.as_ref().ok_or_else(error::unauthorized)?;
    if ask.body.host_id == *host { Ok(()) } else { Err(error::forbidden("hostId is not your account")) }
}

impl Lobby {
    fn create(
        &mut self,
        play: Play,
        ask: Ask<CreateRoom>,
        ctx: &mut Context<Self>,
    ) -> Result<ResponseFuture<Result<RoomCreated, Fault>>, Fault> {
        let code = self.free_code(play.code).ok_or_else(|| Fault::unavailable("too many rooms, try again later"))?;
        let room_id = RoomId::random(self.random());
        self.codes.insert(code.to_string(), room_id);
        let game = self.game(code, play, &ask);
        let (saved, deps) = (self.save(ctx), self.deps.clone());
        Ok(Box::pin(open(deps, room_id, game, ask, saved)))
    }

    fn game(&self, code: RoomCode, play: Play, ask: &Ask<CreateRoom>) -> Game {
        let wanted = ask.body.settings;
        let bonuses = Bonuses {
            time: wanted.time_bonus.unwrap_or(play.bonuses.time),
            streak: wanted.streak_bonus.unwrap_or(play.bonuses.streak),
        };
        let most = Wiring::of(&self.deps).max_room_players;
        let settings = Settings {
            bonuses,
            show_correct_answer: wanted.show_correct_answer.unwrap_or(play.show_correct_answer),
            max_players: wanted.max_players.or(play.max_players).unwrap_or(most),
        };
        Game {
            flow_id: FlowId::random(self.random()),
            host: ask.body.host_id.clone(),
            title: ask.body.title.clone(),
            code,
            quiz_set_id: wanted.quiz_set_id,
            settings,
            script: play.script,
            created_at: self.deps.now(),
        }
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.deps.random().fill(&mut bytes);
        bytes
    }

    /// Returns the code that is wanted if it is free, else a random one.
    fn free_code(&self, wanted: Option<u32>) -> Option<RoomCode> {
        if self.codes.len() >= MAX_ROOMS {
            return None;
        }
        let width = CODES.end - CODES.start;
        let first = ids::number(self.deps.random()) % width;
        let others = (0..width).map(|step| CODES.start + (first + step) % width);
        let mut candidates = wanted.map(u64::from).into_iter().chain(others).map(|code| code.to_string());
        let code = candidates.find(|code| !self.codes.contains_key(code))?;
        RoomCode::parse(&code).ok()
    }
}

/// Opens the room, and tells its host when everything about it is on disk.
async fn open(deps: Deps, room_id: RoomId, game: Game, ask: Ask<CreateRoom>, saved: Committed) -> Result<RoomCreated, Fault> {
    let socket = ask.caller.socket()?.clone();
    let created = RoomCreated { room_id, code: game.code.clone() };
    let hosted = host::HostedGame { game_id: room_id, quiz_set_id: game.quiz_set_id, created_at: game.created_at };
    let hosted_quiz = game.quiz_set_id;
    let games = host::of(&deps, &game.host)?;
    let room = deps.registry::<Room>().summon(&room_id)?;
    room.send(coming::Open { game, caller: ask.caller }).await.map_err(|_closed| restarting())??;
    games.send(host::Opened(hosted)).await.map_err(|_closed| restarting())??;
    saved.await?;
    if let Some(quiz) = hosted_quiz {
        // The game is open whether or not its quiz can count it.
        if let Err(fault) = play::began(&deps, quiz).await {
            tracing::warn!(quiz = %quiz, error = %fault, "quiz `{quiz}` was not told that it is played: {fault}");
        }
    }
    Wiring::of(&deps).emitter.socket(&socket, &created);
    Ok(created)
}
