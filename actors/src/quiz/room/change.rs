//! What can happen to a room, as it is logged and as it is applied: a rule decides, its change is applied and written down, and after
//! a restart the changes since the last snapshot are applied again. So a change holds everything that `apply` needs.
//!
//! A change is never altered; a new kind gets a new letter.

use hubbub_protocol::quiz::{PlayerId, QuestionRef};
use serde::{Deserialize, Serialize};

use super::players::{Newcomer, Slot};
use super::score;
use super::state::{Asked, Current, State};
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// One change of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A player came, or came back under his id.
    #[serde(rename = "j")]
    Joined {
        /// His id.
        #[serde(rename = "i")]
        id: PlayerId,
        /// His name.
        #[serde(rename = "n")]
        name: Box<str>,
        /// His account.
        #[serde(rename = "u")]
        user: Option<Box<str>>,
        /// His socket.
        #[serde(rename = "s")]
        socket: SocketId,
        /// When.
        #[serde(rename = "t")]
        at: Timestamp,
    },
    /// A player has another socket.
    #[serde(rename = "b")]
    Bound(Slot, SocketId, Timestamp),
    /// A player left by himself.
    #[serde(rename = "l")]
    Left(Slot, Timestamp),
    /// A player's socket is gone.
    #[serde(rename = "d")]
    Dropped(Slot, Timestamp),
    /// The host speaks over this socket.
    #[serde(rename = "h")]
    HostBound(SocketId),
    /// The host's socket is gone.
    #[serde(rename = "g")]
    HostGone(Timestamp),
    /// A question may be answered.
    #[serde(rename = "o")]
    Opened {
        /// Its id.
        #[serde(rename = "q")]
        question_id: QuestionRef,
        /// Where the game stands with it.
        #[serde(rename = "x")]
        index: u32,
        /// When the host's request came.
        #[serde(rename = "t")]
        at: Timestamp,
        /// From when its time runs.
        #[serde(rename = "f")]
        opened_at: Timestamp,
        /// Until when it is open.
        #[serde(rename = "e")]
        ends_at: Timestamp,
    },
    /// The question may not be answered any more.
    #[serde(rename = "e")]
    Closed(Timestamp),
    /// A player gave an answer that others gave before: who, which row of the tally, when.
    #[serde(rename = "a")]
    Answered(Slot, u32, Timestamp),
    /// A player gave an answer that nobody gave before.
    #[serde(rename = "n")]
    AnsweredAnew(Slot, Box<str>, Timestamp),
    /// The host moved the game without opening anything.
    #[serde(rename = "f")]
    Moved {
        /// Where it stands now.
        #[serde(rename = "x")]
        index: u32,
        /// When the time of the question there began.
        #[serde(rename = "s")]
        question_start_time: Option<Timestamp>,
        /// When.
        #[serde(rename = "t")]
        at: Timestamp,
    },
    /// The room is gone; the flow stays.
    #[serde(rename = "x")]
    Ended(Timestamp),
    /// Another run of the process has found the room: every socket is gone.
    #[serde(rename = "r")]
    Restarted(u64, Timestamp),
}

impl State {
    /// Applies a change that a rule has decided, now or before a restart.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Joined { id, name, user, socket, at } => {
                self.players.join(Newcomer { id, name, user: user.as_deref(), socket }, *at);
                self.look_for_people(*at);
            }
            Change::Bound(slot, socket, at) => {
                self.players.bind(*slot, socket);
                self.look_for_people(*at);
            }
            Change::Left(slot, at) => {
                self.players.leave(*slot);
                self.look_for_people(*at);
            }
            Change::Dropped(slot, at) => {
                self.players.drop_connection(*slot);
                self.look_for_people(*at);
            }
            Change::HostBound(socket) => {
                self.host_socket = Some(socket.clone());
                self.host_gone_at = None;
            }
            Change::HostGone(at) => self.host_gone_at = Some(*at),
            Change::Opened { question_id, index, at, opened_at, ends_at } => {
                self.open(question_id, *opened_at, *ends_at);
                self.flow.move_to(*index, Some(*opened_at), *at);
            }
            Change::Closed(at) => {
                if let Some(current) = &mut self.current {
                    current.is_closed = true;
                }
                self.flow.updated_at = *at;
            }
            Change::Answered(slot, row, at) => self.count(*slot, *row, *at),
            Change::AnsweredAnew(slot, answer, at) => {
                if let Some(row) = self.add_row(answer) {
                    self.count(*slot, row, *at);
                }
            }
            Change::Moved { index, question_start_time, at } => {
                self.flow.move_to(*index, *question_start_time, *at);
            }
            Change::Ended(at) => self.end(*at),
            Change::Restarted(boot_id, at) => self.lose_everyone(*boot_id, *at),
        }
    }

    /// Notes since when nobody plays.
    fn look_for_people(&mut self, at: Timestamp) {
        self.empty_since = if self.players.connected() > 0 { None } else { self.empty_since.or(Some(at)) };
    }

    /// Gives everyone his time to come back, counted from now.
    fn lose_everyone(&mut self, boot_id: u64, at: Timestamp) {
        self.boot_id = boot_id;
        self.players.drop_all_connections();
        self.host_gone_at = Some(at);
        self.empty_since = Some(at);
    }

    fn open(&mut self, question_id: &QuestionRef, opened_at: Timestamp, ends_at: Timestamp) {
        let known = self.asked.iter().position(|asked| asked.question_id == *question_id);
        let at = known.unwrap_or_else(|| {
            let script = self.place_of(question_id);
            self.asked.push(Asked { question_id: question_id.clone(), script, tally: super::tally::Tally::default() });
            self.asked.len() - 1
        });
        let number = u32::try_from(at).unwrap_or(u32::MAX);
        let is_another = self.current.as_ref().is_none_or(|current| current.number != number);
        let is_scored = self.asked.get(at).is_some_and(|asked| asked.script.is_some());
        self.showing += u32::from(is_another && is_scored);
        self.current = Some(Current { number, opened_at, ends_at, is_closed: false });
    }

    fn add_row(&mut self, answer: &str) -> Option<u32> {
        let current = self.current.as_ref()?;
        let is_correct =
            self.question(current.number).and_then(|question| question.choice(answer)).is_some_and(|choice| choice.is_correct);
        let asked = self.asked.get_mut(usize::try_from(current.number).ok()?)?;
        Some(asked.tally.add_row(answer, is_correct))
    }

    /// Counts an answer to the current question and gives what it is worth.
    fn count(&mut self, slot: Slot, row: u32, at: Timestamp) {
        let Some(current) = self.current.clone() else { return };
        let worth = self.question(current.number).map(|question| (question.points, question.answering_time_ms()));
        let (showing, bonuses) = (self.showing, self.game.settings.bonuses);
        let asked = usize::try_from(current.number).ok().and_then(|number| self.asked.get_mut(number));
        let (Some(asked), Some(player)) = (asked, self.players.get_mut(slot)) else { return };
        player.answer(current.number);
        let is_correct = asked.tally.count(row);
        let Some((points, answering_time_ms)) = worth else { return };
        if is_correct {
            let taken_ms = at.since(current.opened_at);
            let points = score::points(points, bonuses, taken_ms, answering_time_ms, player.next_streak(showing));
            player.was_right(showing, points, at);
        } else {
            player.was_wrong();
        }
    }

    fn end(&mut self, at: Timestamp) {
        self.ended_at = Some(at);
        self.flow.updated_at = at;
        self.players = super::players::Players::default();
        self.asked = Vec::new();
        self.current = None;
        self.game.script = Vec::new();
    }
}
