//! A player: joins by the room's code, answers every question at a moment of his own, and is told so once.

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::quiz::rooms::{AnswerAccepted, JoinRoom, QuestionStarted, RoomJoined, StatsUpdated, SubmitAnswer};
use serde::Deserialize;
use serde_json::json;

use super::room::Room;
use super::script;
use super::site::{Seat, Site};
use super::tally::Tallies;
use super::turn::{Beat, Turn};
use crate::load::scenarios::chance::Chance;
use crate::load::scenarios::fleet::packets;

/// One player.
pub(super) struct Player {
    pub(super) seat: Seat,
    id: String,
    number: usize,
    state: State,
    asked_us: u64,
    /// By question.
    answers: Vec<Answer>,
    tallies: Tallies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Joining,
    Playing,
    Gone,
}

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unasked,
    Due { at_us: u64 },
    Sent { due_us: u64 },
    Accepted,
}

/// `game:room:joined`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Joined<'a> {
    room_id: &'a str,
    #[serde(borrow)]
    player: Summary<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    player_id: &'a str,
    display_name: &'a str,
    is_host: bool,
    score: u64,
}

/// `game:question:started`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Started<'a> {
    pub(super) room_id: &'a str,
    #[serde(borrow)]
    pub(super) question: Named<'a>,
}

/// A question, of which only the name matters.
#[derive(Deserialize)]
pub(super) struct Named<'a> {
    pub(super) id: &'a str,
}

/// `game:answer:accepted`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted<'a> {
    room_id: &'a str,
    player_id: &'a str,
    question_id: &'a str,
}

impl Player {
    pub(super) fn new(seat: Seat, site: &Site) -> Self {
        Self {
            seat,
            id: seat.player_id(),
            number: seat.number(site.plan.rooms),
            state: State::Outside,
            asked_us: 0,
            answers: vec![Answer::Unasked; site.plan.questions],
            tallies: Tallies::new(site.plan.questions),
        }
    }

    /// Joins, if the room is open; returns whether there is nothing to wait for any more.
    pub(super) fn join(&mut self, turn: &mut Turn<'_>) -> bool {
        if self.state != State::Outside {
            return true;
        }
        if turn.room.is_refused() {
            turn.links.recorder.error(|| "a player found no room".to_owned());
            turn.links.close(turn.slot);
            return true;
        }
        let Some(opened) = turn.room.opened() else { return false };
        self.state = State::Joining;
        self.asked_us = turn.now_us();
        let join = json!({ "roomCode": opened.code, "playerId": self.id, "displayName": self.seat.display_name() });
        turn.send(JoinRoom::NAME, &join);
        true
    }

    /// Reads an event.
    pub(super) fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match name {
            RoomJoined::NAME => self.joined(turn, args),
            QuestionStarted::NAME => self.started(turn, args),
            AnswerAccepted::NAME => self.accepted(turn, args),
            StatsUpdated::NAME => {
                turn.tally(&mut self.tallies, args);
            }
            "error" => turn.refused(args),
            _ => {}
        }
    }

    fn joined(&mut self, turn: &mut Turn<'_>, args: &str) {
        let is_mine = packets::first::<Joined<'_>>(args).is_some_and(|Joined { room_id, player }| {
            let is_me = player.player_id == self.id && player.display_name == self.seat.display_name();
            room_id == turn.room.id() && is_me && !player.is_host && player.score == 0
        });
        match self.state {
            _ if !is_mine => turn.wrong("a player was told that somebody else has joined"),
            State::Joining => {
                self.state = State::Playing;
                turn.room.joins();
                turn.report.joins.note(turn.now_us().saturating_sub(self.asked_us));
                turn.ready();
            }
            _ => turn.links.recorder.duplicated(),
        }
    }

    fn started(&mut self, turn: &mut Turn<'_>, args: &str) {
        let started = packets::first::<Started<'_>>(args).filter(|started| started.room_id == turn.room.id());
        let question = started.and_then(|started| turn.room.table.script.place(started.question.id));
        let Some(question) = question.filter(|question| *question < turn.room.asked()) else {
            return turn.wrong("a question started that no host asked");
        };
        if self.answers.get(question + 1..).unwrap_or_default().iter().any(|answer| *answer != Answer::Unasked) {
            turn.links.recorder.reordered();
        }
        let due_us = turn.now_us() + self.hesitation_us(question, turn.site.plan.within_us);
        match self.answers.get_mut(question) {
            Some(answer @ Answer::Unasked) => *answer = Answer::Due { at_us: due_us },
            _ => return turn.links.recorder.duplicated(),
        }
        if turn.links.is_loading() {
            turn.set(Beat::Answer(question), due_us);
        } else {
            self.answer(turn, question);
        }
    }

    /// Returns how long the player thinks: any time within the window, as likely as another.
    fn hesitation_us(&self, question: usize, within_us: u64) -> u64 {
        let within = usize::try_from(within_us).unwrap_or(usize::MAX);
        Chance::of(self.number + question * 1_000_003).below(within) as u64
    }

    /// Answers a question, if that is still to be done.
    pub(super) fn answer(&mut self, turn: &mut Turn<'_>, question: usize) {
        let Some(answer) = self.answers.get_mut(question) else { return };
        let Answer::Due { at_us } = *answer else { return };
        let choice = script::choice(self.number, question);
        let asked = turn.room.table.script.0.get(question);
        let Some((asked, chosen)) = asked.and_then(|asked| Some((asked, asked.answers.get(choice)?))) else { return };
        // At the end of the time whoever still thinks answers at once.
        let due_us = at_us.min(turn.now_us());
        *answer = Answer::Sent { due_us };
        turn.report.latest_us = turn.report.latest_us.max(turn.now_us() - due_us);
        turn.room.gives(question, choice);
        let submit = json!({ "roomId": turn.room.id(), "playerId": self.id, "questionId": asked.id, "answer": chosen });
        turn.send(SubmitAnswer::NAME, &submit);
    }

    /// Answers whatever is left.
    pub(super) fn stop(&mut self, turn: &mut Turn<'_>) {
        (0..turn.room.asked()).for_each(|question| self.answer(turn, question));
    }

    fn accepted(&mut self, turn: &mut Turn<'_>, args: &str) {
        let accepted = packets::first::<Accepted<'_>>(args)
            .filter(|accepted| accepted.room_id == turn.room.id() && accepted.player_id == self.id);
        let question = accepted.and_then(|accepted| turn.room.table.script.place(accepted.question_id));
        let answer = question.and_then(|question| Some((question, self.answers.get_mut(question)?)));
        match answer {
            Some((question, answer @ Answer::Sent { .. })) => {
                let Answer::Sent { due_us } = std::mem::replace(answer, Answer::Accepted) else { return };
                let latency_us = turn.now_us().saturating_sub(due_us);
                turn.links.recorder.completed(latency_us);
                turn.report.accepted(turn.room.number, latency_us);
                turn.room.accepts(question);
                turn.site.accepted(question, turn.now_us());
            }
            Some((_, Answer::Accepted)) => turn.links.recorder.duplicated(),
            _ => turn.wrong("an answer was accepted that this player never gave"),
        }
    }

    /// The connection is gone.
    pub(super) fn lost(&mut self, room: &Room) {
        if self.state == State::Playing {
            room.loses();
        }
        self.state = State::Gone;
    }

    /// Returns how much is still to come: every question that was asked, every acceptance, every last tally.
    pub(super) fn awaited(&self, room: &Room) -> u64 {
        if self.state != State::Playing {
            return 0;
        }
        let open = self.answers.iter().take(room.asked()).filter(|answer| **answer != Answer::Accepted);
        open.count() as u64 + self.tallies.awaited(room)
    }
}
