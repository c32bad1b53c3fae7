//! Tallies: everyone in a room is told the same one, so that a thread reads it once.

use std::collections::HashMap;

use serde::Deserialize;

use super::room::Room;
use crate::load::scenarios::fleet::packets;

/// `game:answer:stats:update`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats<'a> {
    room_id: &'a str,
    question_id: &'a str,
    #[serde(borrow)]
    counts: HashMap<&'a str, u32>,
}

/// What a tally says: to which question, and how many answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) question: usize,
    pub(super) total: u32,
}

/// The tally that a room's members were told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    args: String,
    tally: Tally,
}

impl Told {
    /// Reads a tally; none if it is not this room's, or counts what nobody gave.
    pub(super) fn read(&mut self, room: &Room, args: &str) -> Option<Tally> {
        if self.args == args {
            return Some(self.tally);
        }
        let stats = packets::first::<Stats<'_>>(args)?;
        let question = room.table.script.place(stats.question_id).filter(|_| stats.room_id == room.id())?;
        for (answer, count) in &stats.counts {
            let choice = room.table.script.choice(question, answer)?;
            if *count > room.given(question, choice) {
                return None;
            }
        }
        args.clone_into(&mut self.args);
        self.tally = Tally { question, total: stats.counts.values().sum() };
        Some(self.tally)
    }
}

/// The newest tally of each question that one member has heard.
#[derive(Debug)]
pub(super) struct Tallies(Vec<u32>);

impl Tallies {
    /// Returns those of somebody who has heard nothing of so many questions.
    pub(super) fn new(questions: usize) -> Self {
        Self(vec![0; questions])
    }

    /// Notes a tally; returns whether it is no older than those before it.
    pub(super) fn note(&mut self, tally: Tally) -> bool {
        let Some(total) = self.0.get_mut(tally.question) else { return false };
        let goes_on = tally.total >= *total;
        *total = tally.total.max(*total);
        goes_on
    }

    /// Says whether the last tally of a question was heard: no count exceeds what was given, so that the sum says all.
    pub(super) fn has_last(&self, room: &Room, question: usize) -> bool {
        self.0.get(question) == Some(&room.total(question))
    }

    /// Returns how many last tallies are still to come.
    pub(super) fn awaited(&self, room: &Room) -> u64 {
        (0..room.asked()).filter(|question| !self.has_last(room, *question)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenarios::quiz::room::Table;
    use crate::load::scenarios::quiz::script::{Question, Script};

    fn room() -> Room {
        let question = |id: &str| Question { id: id.to_owned(), answers: ["a", "b", "c", "d"].map(str::to_owned).to_vec() };
        let script = Script(vec![question("q0"), question("q1")]);
        let room = Room::new(0, Table { token: String::new(), host: String::new(), quiz: String::new(), script });
        room.open("r", "123456");
        room.asks();
        [0, 0, 3].iter().for_each(|choice| room.gives(0, *choice));
        room
    }

    #[test]
    fn a_tally_counts_what_was_given_and_nothing_else() {
        let room = room();
        let read = |args: &str| Told::default().read(&room, args).map(|tally| (tally.question, tally.total));
        assert_eq!(read(r#",{"roomId":"r","questionId":"q0","counts":{"a":2,"d":1}}]"#), Some((0, 3)));
        assert_eq!(read(r#",{"roomId":"r","questionId":"q0","counts":{"a":1}},"offset"]"#), Some((0, 1)));
        for wrong in [
            r#",{"roomId":"r","questionId":"q0","counts":{"a":3}}]"#,
            r#",{"roomId":"r","questionId":"q0","counts":{"b":1}}]"#,
            r#",{"roomId":"r","questionId":"q0","counts":{"e":1}}]"#,
            r#",{"roomId":"r","questionId":"q1","counts":{"a":2}}]"#,
            r#",{"roomId":"other","questionId":"q0","counts":{"a":2}}]"#,
            ",{}]",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_tally_has_every_answer_and_none_goes_back() {
        let (room, mut heard) = (room(), Tallies::new(2));
        let tally = |total| Tally { question: 0, total };
        assert!(heard.note(tally(2)) && !heard.has_last(&room, 0));
        assert_eq!(heard.awaited(&room), 1);
        assert!(heard.note(tally(3)) && heard.note(tally(3)) && !heard.note(tally(2)));
        assert_eq!(heard.awaited(&room), 0);
    }
}
