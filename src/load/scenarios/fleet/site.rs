//! What all threads of a fleet's run share: the plan, the book, the judge, and what frames and statuses say.

use std::sync::atomic::{AtomicUsize, Ordering};

use hubbub_protocol::fleet::auth::DeviceType;

use super::super::locks::Judge;
use super::book::Book;
use super::newest::Newest;
use super::packets;
use super::telemetry::Reports;
use super::tokens::Device;
use super::turn::Turn;
use crate::load::content::Content;
use crate::load::order::Arrival;

/// How a frame and a status begin when they are sent, and when they come back.
pub(super) const FRAME_SENT: &[u8] = br#"42["headset-frame","data:image/jpeg;base64,"#;
pub(super) const FRAME_BACK: &[u8] = br#"42["on-headset-frame-updated","data:image/jpeg;base64,"#;
pub(super) const STATUS_SENT: &[u8] = br#"42["headset-status","tracking active, "#;
pub(super) const STATUS_BACK: &[u8] = br#"42["on-headset-status-updated","tracking active, "#;

/// What a status says besides.
const STATUS_BYTES: usize = 80;

/// How many there are, and how often they do what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) headsets: usize,
    pub(crate) tablets: usize,
    pub(crate) dashboards: usize,
    /// How far the reports of one headset are apart.
    pub(crate) telemetry_us: u64,
    /// How far its frames are apart; none if it sends none.
    pub(crate) frame_us: Option<u64>,
    /// How far the sessions of one tablet are apart, from beginning to beginning, at least.
    pub(crate) session_us: u64,
    /// How long a session records.
    pub(crate) recording_us: u64,
}

impl Plan {
    /// Returns every device in the order of the connections: headsets, tablets, dashboards.
    pub(crate) fn devices(&self) -> Vec<Device> {
        let headsets = (0..self.headsets).map(|number| Device { id: packets::headset_id(number), kind: DeviceType::Headset });
        let tablets = (0..self.tablets).map(|number| Device { id: packets::tablet_id(number), kind: DeviceType::Tablet });
        let dashboard = |number| Device { id: packets::dashboard_id(number), kind: DeviceType::Dashboard };
        headsets.chain(tablets).chain((0..self.dashboards).map(dashboard)).collect()
    }
}

/// Shared by all threads.
#[derive(Debug)]
pub(crate) struct Site {
    pub(super) plan: Plan,
    /// The packet with which each connection enters: headsets, tablets, dashboards.
    pub(super) entries: Vec<String>,
    pub(super) judge: Judge,
    pub(super) book: Book,
    pub(super) reports: Reports,
    pub(super) frames: Content,
    pub(super) statuses: Content,
    /// How many tablets are in the middle of a round, and how many threads begin nothing any more.
    busy: AtomicUsize,
    stopped: AtomicUsize,
}

impl Site {
    /// Returns a site where nothing has happened; there is one token per device of the plan. A run is known by when it began.
    pub(crate) fn new(plan: Plan, tokens: &[String], frame_bytes: usize, run_ms: u64) -> Self {
        Self {
            entries: tokens.iter().map(|token| packets::entry(token)).collect(),
            judge: Judge::new(plan.headsets),
            book: Book::new(plan.headsets),
            reports: Reports { run_ms, every_ms: plan.telemetry_us / 1000 },
            frames: Content::new(frame_bytes),
            statuses: Content::new(STATUS_BYTES),
            busy: AtomicUsize::new(0),
            stopped: AtomicUsize::new(0),
            plan,
        }
    }

    /// A tablet begins a round.
    pub(super) fn tablet_begins(&self) {
        self.busy.fetch_add(1, Ordering::AcqRel);
    }

    /// A tablet has come to the end of its round.
    pub(super) fn tablet_rests(&self) {
        self.busy.fetch_sub(1, Ordering::AcqRel);
    }

    /// A thread begins nothing any more.
    pub(super) fn thread_stops(&self) {
        self.stopped.fetch_add(1, Ordering::AcqRel);
    }

    /// Says whether the book is closed: of so many threads none begins anything, and no tablet has anything more to say.
    pub(super) fn is_closed(&self, threads: usize) -> bool {
        self.stopped.load(Ordering::Acquire) == threads && self.busy.load(Ordering::Acquire) == 0
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
