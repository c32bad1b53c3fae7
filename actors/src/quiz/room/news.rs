//! What a room tells everyone again and again: the tally and the participants. Only the newest counts, so that they go through the latest
//! lane, and no more often than a room of this size can stand.

use std::time::Duration;

use actix::{AsyncContext, Context};

use super::Room;
use super::change::Change;
use super::views;

/// Shortest time between two of a kind.
const REST_MS: u64 = 100;
/// Players to whom the short text of a tally is told in a millisecond.
const TALLIES_PER_MS: u64 = 10;
/// Participants in all lists that are told in a millisecond: a list has them all and goes to them all, so that a hall of 5,000 hears it once
/// a minute, and a class of 30 at once. More would be gigabytes.
const PARTICIPANTS_PER_MS: u64 = 400;

/// What was told and what is due.
#[derive(Debug, Default)]
pub(super) struct News {
    tally: Pace,
    people: Pace,
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
        let pace = self.pace(kind);
        pace.is_due = true;
        if pace.is_resting {
            return;
        }
        (pace.is_due, pace.is_resting) = (false, true);
        match kind {
            Kind::Tally => self.tell_tally(),
            Kind::People => self.tell_people(),
        }
        ctx.run_later(self.rest(kind), move |room, ctx| {
            let pace = room.pace(kind);
            pace.is_resting = false;
            if pace.is_due {
                room.tell(kind, ctx);
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
        let Some(state) = &self.state else { return Duration::from_millis(REST_MS) };
        let (listed, hearing) = (u64::from(state.players().count()), u64::from(state.players().connected()));
        let cost_ms = match kind {
            Kind::Tally => hearing / TALLIES_PER_MS,
            Kind::People => listed * hearing / PARTICIPANTS_PER_MS,
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

    fn tell_people(&self) {
        let Some(state) = self.state.as_ref().filter(|state| state.ended_at().is_none()) else { return };
        self.wiring.emitter.latest(&self.sockets, &self.id.to_string(), &views::participants(self.id, state));
    }
}
