//! What a room tells everyone again and again: the tally and the participants. Only the newest counts, so that they go through the latest
//! lane, and no more often than a room of this size can stand.
//!
//! Decision: in a large room the participants are told to a few sockets at a time. Reason: a list has everybody and is for everybody, 3.5 GB
//! in a hall of 5,000; told at once it keeps every answer waiting for seconds. Smaller lists would change our mind.

use std::time::Duration;

use actix::{AsyncContext, Context};

use super::Room;
use super::change::Change;
use super::views;
use crate::kit::ids::SocketId;

/// Shortest time between two of a kind.
const REST_MS: u64 = 100;
/// Players to whom the short text of a tally is told in a millisecond: a send each, which costs as much as all else of an answer. A class
/// hears it ten times a second, a hall of 5,000 once.
const TALLIES_PER_MS: u64 = 5;
/// Players from which on a tally is not told at its first answer, but when it has rested: in a hall all answer within the rest.
const HALL: u32 = 400;
/// Participants in all lists that are told between two rests: a class of 200 hears its list at once, a hall of 5,000 within a minute.
const PARTICIPANTS_PER_REST: usize = 40_000;

/// What was told and what is due.
#[derive(Debug, Default)]
pub(super) struct News {
    tally: Pace,
    people: Pace,
    /// Who has not heard the participants in the round that is under way; the last one is the next.
    unheard: Vec<SocketId>,
    /// The question whose tally was told last, and its total then.
    told: Option<(u32, u32)>,
}

/// One kind of news.
#[derive(Debug, Default)]
struct Pace {
    is_due: bool,
    is_resting: bool,
}

/// Which kind.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Tally,
    People,
}

impl Room {
    /// Tells what follows from changes that are on disk now.
    pub(super) fn tell_news(&mut self, saved: &[Change], ctx: &mut Context<Self>) {
        let has_answers = saved.iter().any(|change| matches!(change, Change::Answered(..) | Change::AnsweredAnew(..)));
        let has_people = saved
            .iter()
            .any(|change| matches!(change, Change::Joined { .. } | Change::Bound(..) | Change::Left(..) | Change::Dropped(..)));
        if has_people {
            self.tell(Kind::People, ctx);
        }
        if has_answers {
            self.tell(Kind::Tally, ctx);
        }
    }

    /// Tells one kind now, or as soon as it has rested.
    fn tell(&mut self, kind: Kind, ctx: &mut Context<Self>) {
        let is_hall = self.state.as_ref().is_some_and(|state| state.players().connected() >= HALL);
        let pace = self.pace(kind);
        pace.is_due = true;
        if pace.is_resting {
            return;
        }
        if is_hall && matches!(kind, Kind::Tally) {
            pace.is_resting = true;
            return self.look_again(kind, ctx);
        }
        self.tell_now(kind, ctx);
    }

    fn tell_now(&mut self, kind: Kind, ctx: &mut Context<Self>) {
        let pace = self.pace(kind);
        (pace.is_due, pace.is_resting) = (false, true);
        if let Kind::People = kind {
            self.news.unheard = self.hearing();
        }
        self.go_on(kind, ctx);
    }

    /// Tells one kind, or as much of it as may be told at once.
    fn go_on(&mut self, kind: Kind, ctx: &mut Context<Self>) {
        match kind {
            Kind::Tally => self.tell_tally(),
            Kind::People => self.tell_some_the_people(),
        }
        self.look_again(kind, ctx);
    }

    /// Looks after a rest what is left or due.
    fn look_again(&self, kind: Kind, ctx: &mut Context<Self>) {
        ctx.run_later(self.rest(kind), move |room, ctx| {
            let is_midway = matches!(kind, Kind::People) && !room.news.unheard.is_empty();
            if is_midway {
                return room.go_on(kind, ctx);
            }
            let pace = room.pace(kind);
            pace.is_resting = false;
            if pace.is_due {
                room.tell_now(kind, ctx);
            }
        });
    }

    fn pace(&mut self, kind: Kind) -> &mut Pace {
        match kind {
            Kind::Tally => &mut self.news.tally,
            Kind::People => &mut self.news.people,
        }
    }

    fn rest(&self, kind: Kind) -> Duration {
        let hearing = self.state.as_ref().map_or(0, |state| u64::from(state.players().connected()));
        let cost_ms = match kind {
            Kind::Tally => hearing / TALLIES_PER_MS,
            Kind::People => 0,
        };
        Duration::from_millis(REST_MS + cost_ms)
    }

    /// Tells the present question's tally if it has grown since it was told: also before another question takes its place.
    pub(super) fn tell_tally(&mut self) {
        let Some((current, asked)) = self.state.as_ref().and_then(|state| state.current()) else { return };
        let told = Some((current.number, asked.tally.total()));
        if asked.tally.total() == 0 || self.news.told == told {
            return;
        }
        // The question is part of the subject: its last tally must not be replaced by the first of the next one.
        let subject = format!("{}/{}", self.id, current.number);
        self.wiring.emitter.latest(&self.sockets, &subject, &views::tally(self.id, asked));
        self.news.told = told;
    }

    /// Returns everyone's socket, the host's at the end.
    fn hearing(&self) -> Vec<SocketId> {
        let Some(state) = &self.state else { return Vec::new() };
        let players = state.players().present().filter(|player| player.is_connected).map(|player| player.socket.clone());
        players.chain(state.host_socket().cloned()).collect()
    }

    /// Tells the participants, as they are now, to the next few.
    fn tell_some_the_people(&mut self) {
        let Some(state) = self.state.as_ref().filter(|state| state.ended_at().is_none()) else {
            return self.news.unheard.clear();
        };
        let listed = usize::try_from(state.players().count()).unwrap_or(usize::MAX).max(1);
        let some = (PARTICIPANTS_PER_REST / listed).max(1);
        let others = self.news.unheard.len().saturating_sub(some);
        let mut next = self.news.unheard.split_off(others);
        // Whoever left the room since the round began need not know any more.
        next.retain(|socket| state.players().at(socket).is_some() || state.is_host_socket(socket));
        self.wiring.emitter.latest_to(&next, &self.id.to_string(), &views::participants(self.id, state));
    }
}
