//! The rules of a game room: who may do what, and when. No actor, no clock, no I/O.
//!
//! A rule looks at the room and returns a [`Change`], which is applied already; the caller writes it down. An answer costs the same
//! in a room of ten and of ten thousand.
//!
//! Reading order: this file is what a room knows; `people`, `questions` and `end` are the rules.

use hubbub_protocol::quiz::{FlowId, QuestionRef, QuizId, RoomCode};
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::players::{Player, Players};
use super::ranking::{self, Ranked};
use super::score::Bonuses;
use super::script::Question;
use super::tally::Tally;
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

mod end;
mod people;
mod questions;

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

    /// Checks that this is the host.
    ///
    /// # Errors
    /// It is not.
    pub fn must_be_host(&self, by: By<'_>) -> Result<(), Refusal> {
        if by.user == Some(self.game.host.as_str()) { Ok(()) } else { Err(Refusal::NotHost) }
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
