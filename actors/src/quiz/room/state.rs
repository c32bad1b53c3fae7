//! The rules of a game room: who may do what, and when. No actor, no clock, no I/O.
//!
//! A rule looks at the room and returns a [`Change`], which is applied already; the caller writes it down. An answer costs the same
//! in a room of ten and of ten thousand.

use hubbub_protocol::quiz::{FlowId, PlayerId, QuestionRef, QuizId, RoomCode};
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::players::{Player, Players, Slot};
use super::ranking::{self, Ranked};
use super::score::Bonuses;
use super::script::Question;
use super::tally::Tally;
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// How long a room waits for its host.
pub const HOST_AWAITED_MS: i64 = 10 * 60 * 1000;
/// How long a room without players stays.
pub const EMPTY_KEPT_MS: i64 = 30 * 60 * 1000;
/// How long a question may be open.
pub const MAX_OPEN_MS: i64 = 10 * 60 * 1000;
/// How much later than its end an answer may arrive.
pub const LATE_MS: i64 = 1000;
/// How long `game:flow:next` opens a question that the room knows nothing of.
const UNKNOWN_ANSWERING_TIME_MS: u64 = 30_000;
/// Most questions that one room asks.
const MAX_ASKED: usize = 1000;

/// Why a room does not do what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such room, or not any more.
    #[error("Room not found")]
    NotFound,
    /// Nobody else fits in.
    #[error("Room is full")]
    Full,
    /// Another connection speaks for this player.
    #[error("playerId is bound to another connection")]
    NotYours,
    /// Whoever asks plays no part in this room.
    #[error("not in the room")]
    NotInRoom,
    /// Only the host does this.
    #[error("only the host may do this")]
    NotHost,
    /// One answer per player and question.
    #[error("already answered")]
    AlreadyAnswered,
    /// The question is not open, or it is another one.
    #[error("question closed")]
    Closed,
    /// There is no question after this one.
    #[error("already at last question")]
    LastQuestion,
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
}

/// What a room was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Game {
    /// The record of its progress.
    pub flow_id: FlowId,
    /// The account that runs it.
    pub host: String,
    /// What the host calls it.
    pub title: String,
    /// What players type to come in.
    pub code: RoomCode,
    /// The quiz that is played.
    pub quiz_set_id: Option<QuizId>,
    /// How it is played.
    pub settings: Settings,
    /// Its questions, in order.
    pub script: Vec<Question>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a game is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What answers are worth.
    pub bonuses: Bonuses,
    /// Whether the end of a question tells its correct answers.
    pub show_correct_answer: bool,
    /// Most players at once.
    pub max_players: u32,
}

/// Where the game stands, for the flow routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The question, from 0.
    pub index: u32,
    /// How many there are.
    pub total: u32,
    /// When its time began.
    pub question_start_time: Option<Timestamp>,
    /// The last change.
    pub updated_at: Timestamp,
}

impl Flow {
    pub(super) fn move_to(&mut self, index: u32, question_start_time: Option<Timestamp>, at: Timestamp) {
        self.index = index;
        self.question_start_time = question_start_time;
        self.updated_at = at;
    }
}

/// A question that was opened in this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its id.
    pub question_id: QuestionRef,
    /// Its place in the script; without one it is not scored.
    pub script: Option<u32>,
    /// What was answered.
    pub tally: Tally,
}

/// The question that is open, or was last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// Which of those asked.
    pub number: u32,
    /// From when its time runs.
    pub opened_at: Timestamp,
    /// Until when it is open.
    pub ends_at: Timestamp,
    /// Whether the host has closed it.
    pub is_closed: bool,
}

/// A room, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) game: Game,
    pub(super) flow: Flow,
    pub(super) players: Players,
    pub(super) asked: Vec<Asked>,
    pub(super) current: Option<Current>,
    /// How many times a scored question came up; streaks are counted in it.
    pub(super) showing: u32,
    pub(super) host_socket: Option<SocketId>,
    pub(super) host_gone_at: Option<Timestamp>,
    pub(super) empty_since: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// The run of the process that the sockets belong to.
    pub(super) boot_id: u64,
}

/// A new start of the present question's time, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewStart(pub Option<Timestamp>);

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// His account, if he has one.
    pub user: Option<&'a str>,
    /// His socket; none over REST.
    pub socket: Option<&'a SocketId>,
}

impl State {
    /// Returns a new room, with its host in it.
    #[must_use]
    pub fn create(game: Game, host_socket: SocketId, boot_id: u64) -> Self {
        let (at, total) = (game.created_at, u32::try_from(game.script.len()).unwrap_or(u32::MAX));
        Self {
            game,
            flow: Flow { index: 0, total, question_start_time: None, updated_at: at },
            players: Players::default(),
            asked: Vec::new(),
            current: None,
            showing: 0,
            host_socket: Some(host_socket),
            host_gone_at: None,
            empty_since: Some(at),
            ended_at: None,
            boot_id,
        }
    }

    fn decide(&mut self, change: Change) -> Change {
        self.apply(&change);
        change
    }

    fn must_be_open(&self) -> Result<(), Refusal> {
        if self.ended_at.is_some() { Err(Refusal::NotFound) } else { Ok(()) }
    }

    /// Lets a player in, new or come back; `most` is what the hub allows in any room.
    ///
    /// # Errors
    /// Why not.
    pub fn join(&mut self, by: By<'_>, id: &PlayerId, name: &str, most: u32, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let socket = by.socket.ok_or(Refusal::NotInRoom)?;
        let most = most.min(self.game.settings.max_players);
        let known = self.players.find(id.as_str()).map(|(_, player)| player);
        if let Some(player) = known {
            may_speak_for(player, by)?;
        }
        let comes_in = known.is_none_or(|player| player.has_left);
        // Those who left with answers keep their places, so that nobody can answer twice; hence a second limit.
        let places = usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(2);
        let has_place = known.is_some() || self.players.places_with_newcomer() <= places;
        if comes_in && (self.players.count() >= most || !has_place) {
            return Err(Refusal::Full);
        }
        let user = by.user.map(Into::into);
        Ok(self.decide(Change::Joined { id: id.clone(), name: name.into(), user, socket: socket.clone(), at: now }))
    }

    /// Lets a player go who says goodbye.
    ///
    /// # Errors
    /// Why not.
    pub fn leave(&mut self, by: By<'_>, id: &str, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let (slot, _) = self.speaker(by, id)?;
        Ok(self.decide(Change::Left(slot, now)))
    }

    /// Notes that a socket is gone: a player's, the host's, or both.
    pub fn dropped(&mut self, socket: &SocketId, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(slot) = self.players.at(socket) {
            changes.push(self.decide(Change::Dropped(slot, now)));
        }
        if self.host_gone_at.is_none() && self.host_socket.as_ref() == Some(socket) {
            changes.push(self.decide(Change::HostGone(now)));
        }
        changes
    }

    /// Gives a player back to a client that shows the id of the socket it had.
    ///
    /// # Errors
    /// The player is not there, or not this client's.
    pub fn reconnect(&mut self, by: By<'_>, previous: &str, id: &str, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let socket = by.socket.ok_or(Refusal::NotInRoom)?;
        let (slot, player) = self.players.find(id).filter(|(_, player)| !player.has_left).ok_or(Refusal::NotInRoom)?;
        let is_his_last = player.socket.as_str() == previous && !player.is_connected;
        let is_his_own = player.is_connected && player.socket == *socket;
        let is_same_user = player.user.is_some() && player.user.as_deref() == by.user;
        if !(is_his_last || is_his_own || is_same_user) {
            return Err(Refusal::NotYours);
        }
        Ok(self.decide(Change::Bound(slot, socket.clone(), now)))
    }

    /// Gives a player back to his own socket, which was thought to be gone.
    pub fn came_back(&mut self, socket: &SocketId, now: Timestamp) -> Option<Change> {
        let slot = self.players.was_at(socket)?;
        let is_away = self.players.get(slot).is_some_and(|player| !player.is_connected);
        (is_away && self.ended_at.is_none()).then(|| self.decide(Change::Bound(slot, socket.clone(), now)))
    }

    /// Checks that this is the host.
    ///
    /// # Errors
    /// It is not.
    pub fn must_be_host(&self, by: By<'_>) -> Result<(), Refusal> {
        if by.user == Some(self.game.host.as_str()) { Ok(()) } else { Err(Refusal::NotHost) }
    }

    /// Lets the host speak over the socket that he asks from. Nothing changes while another one of his is there.
    ///
    /// # Errors
    /// It is not the host.
    pub fn host_is_here(&mut self, by: By<'_>) -> Result<Option<Change>, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        let (Some(socket), Some(_absent)) = (by.socket, self.host_gone_at) else { return Ok(None) };
        Ok(Some(self.decide(Change::HostBound(socket.clone()))))
    }

    /// Opens a question between two moments of the host's choice.
    ///
    /// # Errors
    /// Why not.
    pub fn start(
        &mut self,
        by: By<'_>,
        question_id: &QuestionRef,
        starts_at: Timestamp,
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        if ends_at <= starts_at {
            return Err(Refusal::Invalid("endsAt must be after startsAt"));
        }
        if ends_at.since(starts_at) > MAX_OPEN_MS {
            return Err(Refusal::Invalid("a question is open for 10 minutes at most"));
        }
        let index = self.place_of(question_id).unwrap_or(self.flow.index);
        self.may_ask(question_id)?;
        let opened_at = starts_at.max(now);
        Ok(self.decide(Change::Opened { question_id: question_id.clone(), index, at: now, opened_at, ends_at }))
    }

    /// Goes on to a question and opens it for its own time.
    ///
    /// # Errors
    /// Why not.
    pub fn next(&mut self, by: By<'_>, question_id: &QuestionRef, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        self.may_ask(question_id)?;
        let place = self.place_of(question_id);
        let index = place.unwrap_or_else(|| self.flow.index.saturating_add(1));
        let question = place.and_then(|place| self.game.script.get(usize::try_from(place).ok()?));
        let open_ms = question.map_or(UNKNOWN_ANSWERING_TIME_MS, Question::answering_time_ms);
        let ends_at = now.plus(i64::try_from(open_ms).unwrap_or(MAX_OPEN_MS));
        Ok(self.decide(Change::Opened { question_id: question_id.clone(), index, at: now, opened_at: now, ends_at }))
    }

    /// Goes on to the question after the present one: the same step as [`State::next`], without its id.
    ///
    /// # Errors
    /// Why not.
    pub fn advance(&mut self, by: By<'_>, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        let next = usize::try_from(self.flow.index).ok().and_then(|index| self.game.script.get(index + 1));
        let question_id = next.ok_or(Refusal::LastQuestion)?.id.into();
        self.next(by, &question_id, now)
    }

    /// Closes the present question. The room stays.
    ///
    /// # Errors
    /// Why not.
    pub fn close(&mut self, by: By<'_>, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        Ok(self.decide(Change::Closed(now)))
    }

    /// Moves the flow without opening anything.
    ///
    /// # Errors
    /// Why not.
    pub fn move_flow(
        &mut self,
        by: By<'_>,
        index: Option<u32>,
        start: Option<NewStart>,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.must_be_host(by)?;
        if index.is_none() && start.is_none() {
            return Err(Refusal::Invalid("nothing to update"));
        }
        if index.is_some_and(|index| index >= self.flow.total) {
            return Err(Refusal::Invalid("current_question_index is out of range"));
        }
        let question_start_time = start.map_or(self.flow.question_start_time, |NewStart(start)| start);
        Ok(self.decide(Change::Moved { index: index.unwrap_or(self.flow.index), question_start_time, at: now }))
    }

    /// Takes an answer: the first of this player to this question, in time, from his socket.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn submit(
        &mut self,
        by: By<'_>,
        id: &str,
        question_id: &QuestionRef,
        answer: &str,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let (slot, player) = self.speaker(by, id)?;
        let current = self.current.as_ref().ok_or(Refusal::Closed)?;
        let asked = self.asked(current.number).filter(|asked| asked.question_id == *question_id).ok_or(Refusal::Closed)?;
        if player.has_answered(current.number) {
            return Err(Refusal::AlreadyAnswered);
        }
        if current.is_closed || now > current.ends_at.plus(LATE_MS) {
            return Err(Refusal::Closed);
        }
        let change = match asked.tally.row(answer) {
            Some(row) => Change::Answered(slot, row, now),
            None if asked.tally.is_full() => return Err(Refusal::Invalid("too many different answers")),
            None => Change::AnsweredAnew(slot, answer.into(), now),
        };
        Ok(self.decide(change))
    }

    /// Ends the room if the host or all players have been away for too long.
    pub fn expire(&mut self, now: Timestamp) -> Option<Change> {
        let is_due = self.deadline().is_some_and(|deadline| now >= deadline);
        is_due.then(|| self.decide(Change::Ended(now)))
    }

    /// Ends the room because its host says so.
    ///
    /// # Errors
    /// Why not.
    pub fn end_by(&mut self, by: By<'_>, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_host(by)?;
        Ok(self.decide(Change::Ended(now)))
    }

    /// Returns when the room ends if nothing happens until then.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.ended_at.is_some() {
            return None;
        }
        let without_host = self.host_gone_at.map(|at| at.plus(HOST_AWAITED_MS));
        let without_players = self.empty_since.map(|at| at.plus(EMPTY_KEPT_MS));
        [without_host, without_players].into_iter().flatten().min()
    }

    /// Notes which run of the process has the room; in another than before, all sockets are gone.
    pub fn found_by(&mut self, boot_id: u64, now: Timestamp) -> Option<Change> {
        let is_another = self.boot_id != boot_id;
        is_another.then(|| self.decide(Change::Restarted(boot_id, now)))
    }

    /// Returns the player whom the caller speaks for.
    fn speaker(&self, by: By<'_>, id: &str) -> Result<(Slot, &Player), Refusal> {
        let (slot, player) = self.players.find(id).filter(|(_, player)| !player.has_left).ok_or(Refusal::NotInRoom)?;
        let is_bound = player.is_connected && Some(&player.socket) == by.socket;
        if is_bound { Ok((slot, player)) } else { Err(Refusal::NotYours) }
    }

    fn may_ask(&self, question_id: &QuestionRef) -> Result<(), Refusal> {
        let is_room = self.asked.len() < MAX_ASKED || self.asked.iter().any(|asked| asked.question_id == *question_id);
        if is_room { Ok(()) } else { Err(Refusal::Invalid("a room asks 1000 questions at most")) }
    }

    pub(super) fn place_of(&self, question_id: &QuestionRef) -> Option<u32> {
        let id = question_id.question()?;
        let place = self.game.script.iter().position(|question| question.id == id)?;
        u32::try_from(place).ok()
    }

    fn asked(&self, number: u32) -> Option<&Asked> {
        self.asked.get(usize::try_from(number).ok()?)
    }

    /// Returns what the room knows of a question that was asked.
    #[must_use]
    pub fn question(&self, number: u32) -> Option<&Question> {
        let place = self.asked(number)?.script?;
        self.game.script.get(usize::try_from(place).ok()?)
    }

    /// Returns what the room was made with.
    #[must_use]
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Returns where the game stands.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Returns the players.
    #[must_use]
    pub fn players(&self) -> &Players {
        &self.players
    }

    /// Returns the question that is open or was last.
    #[must_use]
    pub fn current(&self) -> Option<(&Current, &Asked)> {
        let current = self.current.as_ref()?;
        Some((current, self.asked(current.number)?))
    }

    /// Returns the question that may be answered now.
    #[must_use]
    pub fn open_question(&self, now: Timestamp) -> Option<(&Current, &Asked)> {
        self.current().filter(|(current, _)| !current.is_closed && now <= current.ends_at)
    }

    /// Returns the socket that the host spoke over last.
    #[must_use]
    pub fn host_socket(&self) -> Option<&SocketId> {
        self.host_socket.as_ref()
    }

    /// Returns whether the host's socket is there.
    #[must_use]
    pub fn is_host_socket(&self, socket: &SocketId) -> bool {
        self.host_gone_at.is_none() && self.host_socket.as_ref() == Some(socket)
    }

    /// Returns whether somebody has a part in this room: the host's account, or a player's connection.
    #[must_use]
    pub fn takes_part(&self, by: By<'_>) -> bool {
        let is_player = by.socket.is_some_and(|socket| self.players.at(socket).is_some());
        self.ended_at.is_none() && (is_player || self.must_be_host(by).is_ok())
    }

    /// Returns whether an account plays here.
    #[must_use]
    pub fn has_player_of(&self, user: &str) -> bool {
        self.players.present().any(|player| player.user.as_deref() == Some(user))
    }

    /// Returns when the room ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// Returns who did not leave, in the order of joining.
    #[must_use]
    pub fn participants(&self) -> Vec<&Player> {
        let mut participants: Vec<&Player> = self.players.present().collect();
        participants.sort_unstable_by_key(|player| player.order);
        participants
    }

    /// Returns the players in the order of their rank.
    #[must_use]
    pub fn ranking(&self) -> Vec<Ranked<'_>> {
        ranking::rank(self.players.present())
    }
}

/// Checks that a caller may come in as a known player.
fn may_speak_for(player: &Player, by: By<'_>) -> Result<(), Refusal> {
    let is_same_user = player.user.is_some() && player.user.as_deref() == by.user;
    let is_same_socket = player.is_connected && Some(&player.socket) == by.socket;
    // An account's player is given back to that account only: everyone in the room sees his id.
    let is_unclaimed = player.user.is_none() && !player.is_connected;
    if is_same_user || is_same_socket || is_unclaimed { Ok(()) } else { Err(Refusal::NotYours) }
}
