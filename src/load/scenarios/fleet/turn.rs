//! What a client of the fleet has at hand while it handles one thing: its connection, the clock, the notebook.

use std::fmt::Display;

use super::site::Site;
use super::timers::Timers;
use crate::load::content::Content;
use crate::load::links::Links;
use crate::load::shared::Phase;

/// What a client does by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beat {
    /// A headset reports.
    Telemetry,
    /// A headset tells its status.
    Status,
    /// A headset sends a frame.
    Frame,
    /// A tablet goes on.
    Tablet,
}

/// What a thread counts, while it measures.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) reports: u64,
    pub(super) frames: u64,
    pub(super) locks_taken: u64,
    pub(super) locks_refused: u64,
    pub(super) sessions: u64,
}

/// One client's turn.
pub(super) struct Turn<'a> {
    pub(super) site: &'a Site,
    pub(super) links: &'a mut Links,
    pub(super) timers: &'a mut Timers<(usize, Beat)>,
    pub(super) counts: &'a mut Counts,
    pub(super) scratch: &'a mut Vec<u8>,
    pub(super) slot: usize,
}

impl Turn<'_> {
    pub(super) fn now_us(&self) -> u64 {
        self.links.now_us()
    }

    pub(super) fn send(&mut self, packet: &str) {
        self.links.send(self.slot, packet.as_bytes());
    }

    pub(super) fn send_content(&mut self, content: &Content, head: &[u8], sender: usize, number: u64) {
        content.write(self.scratch, head, sender, number);
        self.links.send(self.slot, self.scratch);
    }

    /// Sets an alarm.
    pub(super) fn set(&mut self, beat: Beat, after_us: u64) {
        self.timers.set(self.links.now_us() + after_us, (self.slot, beat));
    }

    pub(super) fn ready(&mut self) {
        self.links.ready(self.slot);
    }

    /// Returns 1 while it is measured.
    pub(super) fn counted(&self) -> u64 {
        u64::from(self.links.phase() == Phase::Measuring)
    }

    /// Something came that nobody timed.
    pub(super) fn completed(&mut self) {
        self.links.recorder.completed_untimed();
    }

    /// Something was answered that was sent at this time.
    pub(super) fn completed_since(&mut self, sent_us: u64) {
        let latency_us = self.links.now_us().saturating_sub(sent_us);
        self.links.recorder.completed(latency_us);
    }

    pub(super) fn reordered(&mut self) {
        self.links.recorder.reordered();
    }

    pub(super) fn duplicated(&mut self) {
        self.links.recorder.duplicated();
    }

    pub(super) fn wrong(&mut self, what: impl FnOnce() -> String) {
        self.links.recorder.wrong(what);
    }

    /// The server refused what a client sent.
    pub(super) fn refused(&mut self, why: impl Display) {
        self.links.recorder.error(|| format!("the server refused: {why}"));
    }
}
