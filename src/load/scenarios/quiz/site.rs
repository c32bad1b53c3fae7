//! What all threads of a run of quizzes share: the plan, the rooms, who sits where, and what they found out.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::report::Report;
use super::room::{Room, Table};

const PLAYER: &str = "LOAD_PLAYER_";

/// How many there are, and how fast it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rooms: usize,
    /// Players in each room.
    pub(crate) players: usize,
    pub(crate) questions: usize,
    /// Within which time everybody answers.
    pub(crate) within_us: u64,
    /// How far questions are apart, from beginning to beginning.
    pub(crate) question_us: u64,
}

/// Shared by all threads.
#[derive(Debug)]
pub(crate) struct Site {
    pub(super) plan: Plan,
    pub(crate) rooms: Vec<Room>,
    /// When each question was first asked, and last accepted.
    spans: Vec<Span>,
    /// What the threads that have ended leave behind, and how many those are.
    pub(super) report: Mutex<Report>,
    ended: AtomicUsize,
}

#[derive(Debug)]
struct Span {
    from_us: AtomicU64,
    to_us: AtomicU64,
}

impl Site {
    /// Returns a site where nobody plays yet; there is one table per room of the plan.
    pub(crate) fn new(plan: Plan, tables: Vec<Table>) -> Self {
        let span = |_| Span { from_us: AtomicU64::new(u64::MAX), to_us: AtomicU64::new(0) };
        Self {
            rooms: tables.into_iter().enumerate().map(|(number, table)| Room::new(number, table)).collect(),
            spans: (0..plan.questions).map(span).collect(),
            report: Mutex::new(Report::new(plan.rooms)),
            ended: AtomicUsize::new(0),
            plan,
        }
    }

    /// A room asks a question.
    pub(super) fn asked(&self, question: usize, now_us: u64) {
        if let Some(span) = self.spans.get(question) {
            span.from_us.fetch_min(now_us, Ordering::AcqRel);
        }
    }

    /// An answer to a question is accepted.
    pub(super) fn accepted(&self, question: usize, now_us: u64) {
        if let Some(span) = self.spans.get(question) {
            span.to_us.fetch_max(now_us, Ordering::AcqRel);
        }
    }

    /// Returns for how long answers were given, in microseconds: for each question from when it was asked until its last answer counted.
    pub(super) fn answering_us(&self) -> u64 {
        let length = |span: &Span| span.to_us.load(Ordering::Acquire).saturating_sub(span.from_us.load(Ordering::Acquire));
        self.spans.iter().map(length).sum()
    }

    /// A thread has ended; returns whether it is the last one.
    pub(super) fn thread_ends(&self, threads: usize) -> bool {
        self.ended.fetch_add(1, Ordering::AcqRel) + 1 == threads
    }
}

/// Where a player sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) room: usize,
    /// From 0, in each room.
    pub(super) place: usize,
}

impl Seat {
    /// Returns the seat of a connection: hosts come first, then one player for each room, then another one; none for hosts.
    pub(super) fn of(connection: usize, rooms: usize) -> Option<Self> {
        let player = connection.checked_sub(rooms)?;
        Some(Self { room: player.checked_rem(rooms)?, place: player.checked_div(rooms)? })
    }

    /// Returns the player's number among all players.
    pub(super) fn number(self, rooms: usize) -> usize {
        self.place * rooms + self.room
    }

    pub(super) fn player_id(self) -> String {
        format!("{PLAYER}{:04}_{:05}", self.room, self.place)
    }

    pub(super) fn display_name(self) -> String {
        format!("Player {}", self.place)
    }
}

/// Returns where a player of the run sits; none for players of others.
pub(super) fn seat_of(player_id: &str) -> Option<Seat> {
    let (room, place) = player_id.strip_prefix(PLAYER)?.split_once('_')?;
    Some(Seat { room: room.parse().ok()?, place: place.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_taken_room_by_room() {
        let seats: Vec<_> = (0..6).map(|connection| Seat::of(connection, 2).map(|seat| (seat.room, seat.place))).collect();
        assert_eq!(seats, [None, None, Some((0, 0)), Some((1, 0)), Some((0, 1)), Some((1, 1))]);
        let numbers: Vec<_> = (2..6).filter_map(|connection| Some(Seat::of(connection, 2)?.number(2))).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
    }

    #[test]
    fn a_player_is_known_by_his_id() {
        let seat = Seat { room: 12, place: 10_000 };
        assert_eq!(seat.player_id(), "LOAD_PLAYER_0012_10000");
        assert_eq!(seat_of(&seat.player_id()), Some(seat));
        assert_eq!(seat_of("somebody"), None);
    }
}
