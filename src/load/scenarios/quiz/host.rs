//! A host: opens the room, asks one question after the other, and in the end wants to see the leaderboard.

use std::time::{SystemTime, UNIX_EPOCH};

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::quiz::limits::QUESTION_MS;
use hubbub_protocol::quiz::rooms::{
    CreateRoom, LeaderboardUpdated, QuestionStarted, RequestLeaderboard, RoomCreated, StartQuestion, StatsUpdated,
};
use serde::Deserialize;
use serde_json::json;

use super::player::Started;
use super::ranking;
use super::room::Room;
use super::site::Site;
use super::tally::Tallies;
use super::turn::{Beat, Turn};
use crate::load::scenarios::fleet::packets;

/// How often a host looks whether everybody has been answered, when it is time for the next question.
const LOOK_US: u64 = 5_000;
/// How long it waits for that before it goes on without them.
const PATIENCE_US: u64 = 5_000_000;

/// One host.
pub(super) struct Host {
    tallies: Tallies,
    /// When the next question is due.
    due_us: u64,
    /// Questions that the room has heard of.
    heard: usize,
    board: Board,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Board {
    Unwanted,
    Asked,
    Seen,
}

/// `game:room:created`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    room_id: &'a str,
    code: &'a str,
}

impl Host {
    pub(super) fn new(site: &Site) -> Self {
        Self { tallies: Tallies::new(site.plan.questions), due_us: 0, heard: 0, board: Board::Unwanted }
    }

    /// Opens the room.
    pub(super) fn enter(&self, turn: &mut Turn<'_>) {
        let table = &turn.room.table;
        let settings = json!({ "quizSetId": table.quiz, "maxPlayers": turn.site.plan.players });
        let title = format!("Load {:04}", turn.room.number);
        let create = json!({ "hostId": table.host, "title": title, "settings": settings });
        turn.send(CreateRoom::NAME, &create);
    }

    /// The game begins.
    pub(super) fn begin(&mut self, turn: &mut Turn<'_>) {
        self.due_us = turn.now_us();
        turn.set(Beat::Ask, self.due_us);
    }

    /// Asks the next question, or looks again later.
    pub(super) fn beat(&mut self, turn: &mut Turn<'_>) {
        let (asked, now_us) = (turn.room.asked(), turn.now_us());
        let Some(question) = turn.room.table.script.0.get(asked) else { return };
        let is_free = asked.checked_sub(1).is_none_or(|last| turn.room.are_all_accepted(last));
        if !is_free && now_us < self.due_us + PATIENCE_US {
            return turn.set(Beat::Ask, now_us + LOOK_US);
        }
        let starts_at = now_ms();
        // As long as the contract allows: whoever is slow is so in the figures, and not refused.
        let ends_at = starts_at + QUESTION_MS;
        let start = json!({ "roomId": turn.room.id(), "questionId": question.id, "startsAt": starts_at, "endsAt": ends_at });
        turn.room.asks();
        turn.site.asked(asked, now_us);
        turn.send(StartQuestion::NAME, &start);
        self.due_us = now_us.max(self.due_us) + turn.site.plan.question_us;
        turn.set(Beat::Ask, self.due_us);
    }

    /// Reads an event.
    pub(super) fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match name {
            RoomCreated::NAME => self.created(turn, args),
            QuestionStarted::NAME => self.started(turn, args),
            StatsUpdated::NAME => {
                turn.tally(&mut self.tallies, args);
                self.look_at_the_end(turn);
            }
            LeaderboardUpdated::NAME => self.leaderboard(turn, args),
            "error" => {
                if turn.room.opened().is_none() {
                    turn.room.refuse();
                }
                turn.refused(args);
            }
            _ => {}
        }
    }

    fn created(&self, turn: &mut Turn<'_>, args: &str) {
        match packets::first::<Created<'_>>(args) {
            Some(created) if turn.room.open(created.room_id, created.code) => turn.ready(),
            Some(_) => turn.links.recorder.duplicated(),
            None => turn.wrong("a room was created without an id or a code"),
        }
    }

    fn started(&mut self, turn: &mut Turn<'_>, args: &str) {
        let started = packets::first::<Started<'_>>(args).filter(|started| started.room_id == turn.room.id());
        let question = started.and_then(|started| turn.room.table.script.place(started.question.id));
        match question {
            Some(question) if question == self.heard && question < turn.room.asked() => self.heard += 1,
            Some(question) if question < self.heard => turn.links.recorder.duplicated(),
            _ => turn.wrong("a question started that no host asked"),
        }
    }

    /// Wants to see the leaderboard once the last question is over: when the tally has everybody's answer.
    pub(super) fn look_at_the_end(&mut self, turn: &mut Turn<'_>) {
        let asked = turn.room.asked();
        let is_last = asked == turn.site.plan.questions || !turn.links.is_loading();
        let Some(last) = asked.checked_sub(1).filter(|_| is_last && self.board == Board::Unwanted) else { return };
        if turn.room.have_all_answered(last) && self.tallies.has_last(turn.room, last) {
            self.board = Board::Asked;
            turn.send(RequestLeaderboard::NAME, &json!({ "roomId": turn.room.id() }));
        }
    }

    fn leaderboard(&mut self, turn: &mut Turn<'_>, args: &str) {
        match self.board {
            Board::Asked => {
                self.board = Board::Seen;
                ranking::check(turn.site, turn.room, args, &mut turn.links.recorder);
            }
            Board::Seen => turn.links.recorder.duplicated(),
            Board::Unwanted => turn.wrong("a leaderboard came that nobody asked for"),
        }
    }

    /// The connection is gone: nothing comes any more.
    pub(super) fn lost(&mut self, room: &Room) {
        self.board = Board::Seen;
        room.refuse();
    }

    /// Returns how much is still to come: what each question begins and ends with, and the leaderboard.
    pub(super) fn awaited(&self, room: &Room) -> u64 {
        let has_board = self.board == Board::Seen || room.asked() == 0;
        room.asked().saturating_sub(self.heard) as u64 + self.tallies.awaited(room) + u64::from(!has_board)
    }
}

fn now_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}
