//! What a member of a room has at hand while it handles one thing: its room, its connection, the clock, the notebook.

use super::report::Report;
use super::room::Room;
use super::site::Site;
use super::tally::{Tallies, Tally, Told};
use crate::load::links::Links;
use crate::load::scenarios::fleet::packets;
use crate::load::scenarios::fleet::timers::Timers;

/// What a member does by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beat {
    /// A host asks the next question.
    Ask,
    /// A player answers this one.
    Answer(usize),
}

/// One member's turn.
pub(super) struct Turn<'a> {
    pub(super) site: &'a Site,
    pub(super) room: &'a Room,
    pub(super) links: &'a mut Links,
    pub(super) timers: &'a mut Timers<(usize, Beat)>,
    pub(super) report: &'a mut Report,
    /// The tally that this room was told last.
    pub(super) told: &'a mut Told,
    pub(super) slot: usize,
}

impl Turn<'_> {
    pub(super) fn now_us(&self) -> u64 {
        self.links.now_us()
    }

    pub(super) fn send(&mut self, name: &str, payload: &serde_json::Value) {
        self.links.send(self.slot, packets::event(name, &[payload]).as_bytes());
    }

    /// Sets an alarm.
    pub(super) fn set(&mut self, beat: Beat, at_us: u64) {
        self.timers.set(at_us, (self.slot, beat));
    }

    pub(super) fn ready(&mut self) {
        self.links.ready(self.slot);
    }

    pub(super) fn wrong(&mut self, what: &'static str) {
        self.links.recorder.wrong(|| what.to_owned());
    }

    /// Reads a tally into what a member has heard so far.
    pub(super) fn tally(&mut self, heard: &mut Tallies, args: &str) -> Option<Tally> {
        self.report.tallies += 1;
        let Some(tally) = self.told.read(self.room, args) else {
            self.wrong("a tally counts what nobody gave");
            return None;
        };
        if !heard.note(tally) {
            self.links.recorder.reordered();
        }
        Some(tally)
    }

    /// The server refused what a member sent; whoever is not in the room yet goes away.
    pub(super) fn refused(&mut self, args: &str) {
        self.links.recorder.error(|| format!("the server refused: {}", args.trim_matches([',', ']'])));
        if !self.links.is_ready(self.slot) {
            self.links.close(self.slot);
        }
    }
}
