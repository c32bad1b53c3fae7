//! What all threads of a fleet's run share: the plan, the book, the judge, and what frames and statuses say.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::locks::Judge;
use super::book::Book;
use super::newest::Newest;
use super::telemetry::Reports;
use super::turn::Turn;
use crate::load::content::Content;
use crate::load::order::Arrival;

/// How a frame and a status begin when they are sent, and when they come back.
pub(super) const FRAME_SENT: &[u8] = br#"42["headset-frame","data:image/jpeg;base64,"#;
pub(super) const FRAME_BACK: &[u8] = br#"42["on-headset-frame-updated","data:image/jpeg;base64,"#;
pub(super) const STATUS_SENT: &[u8] = br#"42["headset-status","tracking active, "#;
pub(super) const STATUS_BACK: &[u8] = br#"42["on-headset-status-updated","tracking active, "#;

/// How many there are, and how often they do what.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Plan {
    pub(in crate::load) headsets: usize,
    pub(in crate::load) tablets: usize,
    pub(in crate::load) dashboards: usize,
    /// How far the reports of one headset are apart.
    pub(in crate::load) telemetry_us: u64,
    /// How far its frames are apart; none if it sends none.
    pub(in crate::load) frame_us: Option<u64>,
    /// How far the sessions of one tablet are apart, from beginning to beginning, at least.
    pub(in crate::load) session_us: u64,
    /// How long a session records.
    pub(in crate::load) recording_us: u64,
}

/// Shared by all threads.
#[derive(Debug)]
pub(in crate::load) struct Site {
    pub(in crate::load) plan: Plan,
    /// The packet with which each connection enters: headsets, tablets, dashboards.
    pub(in crate::load) entries: Vec<String>,
    pub(in crate::load) judge: Judge,
    pub(in crate::load) book: Book,
    pub(in crate::load) reports: Reports,
    pub(in crate::load) frames: Content,
    pub(in crate::load) statuses: Content,
    /// How many tablets are in the middle of a round.
    pub(in crate::load) busy: AtomicUsize,
}

impl Site {
    /// A tablet begins a round.
    pub(super) fn tablet_begins(&self) {
        self.busy.fetch_add(1, Ordering::AcqRel);
    }

    /// A tablet has come to the end of its round.
    pub(super) fn tablet_rests(&self) {
        self.busy.fetch_sub(1, Ordering::AcqRel);
    }

    /// Returns how many tablets are in the middle of a round.
    pub(super) fn busy_tablets(&self) -> usize {
        self.busy.load(Ordering::Acquire)
    }
}

/// Notes a frame or a status, of which a slow reader gets the newest; returns whether it counts.
pub(super) fn note(turn: &mut Turn<'_>, stream: &mut Newest, number: u64, sent: u64) -> bool {
    match stream.note(number, sent) {
        Arrival::InOrder => {
            turn.completed();
            return true;
        }
        Arrival::Late => turn.reordered(),
        Arrival::Again => turn.duplicated(),
        Arrival::Unsent => turn.wrong(|| "a frame or a status came that no headset sent".to_owned()),
    }
    false
}
