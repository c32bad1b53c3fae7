//! One room, as far as all threads must know it: who it is, and what its members have done so far.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use super::script::{CHOICES, Script};
use crate::load::scenarios::fleet::packets;

/// Who runs a room, and what is played there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The host's access token.
    pub(crate) token: String,
    /// The host's account.
    pub(crate) host: String,
    /// The quiz that it made.
    pub(crate) quiz: String,
    pub(crate) script: Script,
}

/// A room of the run.
#[derive(Debug)]
pub(crate) struct Room {
    pub(super) number: usize,
    pub(crate) table: Table,
    opened: OnceLock<Opened>,
    is_refused: AtomicBool,
    joined: AtomicUsize,
    lost: AtomicUsize,
    asked: AtomicUsize,
    given: Vec<Given>,
}

/// What the server said when the room was opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) id: String,
    pub(super) code: String,
}

/// What was given to one question.
#[derive(Debug, Default)]
struct Given {
    /// Answers that were sent, by their place. Counted before they leave, so that no tally may be ahead of them.
    sent: [AtomicU32; CHOICES],
    accepted: AtomicU32,
}

impl Room {
    /// Returns a room that nobody has opened yet.
    pub(super) fn new(number: usize, table: Table) -> Self {
        Self {
            number,
            given: table.script.0.iter().map(|_| Given::default()).collect(),
            table,
            opened: OnceLock::new(),
            is_refused: AtomicBool::new(false),
            joined: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
        }
    }

    /// Returns the packet with which the host enters.
    pub(super) fn hosts_entry(&self) -> String {
        packets::entry(&self.table.token)
    }

    /// Notes how the room is called; returns whether it is the first to say so.
    pub(super) fn open(&self, id: &str, code: &str) -> bool {
        self.opened.set(Opened { id: id.to_owned(), code: code.to_owned() }).is_ok()
    }

    /// Returns how the room is called; none before it is open.
    pub(crate) fn opened(&self) -> Option<&Opened> {
        self.opened.get()
    }

    /// Returns the room's id; empty before it is open.
    pub(super) fn id(&self) -> &str {
        self.opened().map_or("", |opened| &opened.id)
    }

    /// The room will never be open.
    pub(super) fn refuse(&self) {
        self.is_refused.store(true, Ordering::Release);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Acquire)
    }

    /// Somebody has joined.
    pub(super) fn joins(&self) {
        self.joined.fetch_add(1, Ordering::AcqRel);
    }

    /// The connection of somebody who had joined is gone.
    pub(super) fn loses(&self) {
        self.lost.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns how many have joined, those who were lost since included.
    pub(super) fn joined(&self) -> usize {
        self.joined.load(Ordering::Acquire)
    }

    pub(super) fn has_lost_anybody(&self) -> bool {
        self.lost.load(Ordering::Acquire) > 0
    }

    /// The host is about to ask the next question.
    pub(super) fn asks(&self) {
        self.asked.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns how many questions were asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }

    /// An answer is about to be sent.
    pub(super) fn gives(&self, question: usize, choice: usize) {
        if let Some(sent) = self.given.get(question).and_then(|given| given.sent.get(choice)) {
            sent.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// An answer was accepted.
    pub(super) fn accepts(&self, question: usize) {
        if let Some(given) = self.given.get(question) {
            given.accepted.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Returns how often an answer was given, which no tally may exceed.
    pub(super) fn given(&self, question: usize, choice: usize) -> u32 {
        let sent = self.given.get(question).and_then(|given| given.sent.get(choice));
        sent.map_or(0, |sent| sent.load(Ordering::Acquire))
    }

    /// Returns how many answers were given to a question: what its last tally adds up to.
    pub(super) fn total(&self, question: usize) -> u32 {
        (0..CHOICES).map(|choice| self.given(question, choice)).sum()
    }

    /// Says whether everybody who is there has sent his answer.
    pub(super) fn have_all_answered(&self, question: usize) -> bool {
        self.total(question) as usize >= self.present()
    }

    /// Says whether everybody who is there has been told that his answer counts.
    pub(super) fn are_all_accepted(&self, question: usize) -> bool {
        let accepted = self.given.get(question).map_or(0, |given| given.accepted.load(Ordering::Acquire));
        accepted as usize >= self.present()
    }

    fn present(&self) -> usize {
        self.joined().saturating_sub(self.lost.load(Ordering::Acquire))
    }
}
