//! Heartbeats, deadlines and eviction: one timing wheel for every connection of the hub, which never waits on a peer.
//!
//! A connection stands in one slot of the wheel, that of its next deadline; when the slot comes up it is looked at once
//! and put into the slot of the deadline it names then. An idle connection costs one look per heartbeat.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::session::Session;

/// The wheel's step; a deadline counts as reached up to one step early, never late.
pub(super) const TICK_MS: u64 = 10;
const SLOTS: usize = 2048;

/// Returns the milliseconds since the process first asked, never decreasing.
pub fn now_ms() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The wheel.
pub struct Reaper {
    slots: Vec<Mutex<Vec<Watched>>>,
    /// The last tick whose slot was looked at, or is being looked at.
    turned: AtomicU64,
}

/// A connection in a slot of the wheel.
struct Watched {
    session: Weak<Session>,
    what: Watch,
}

/// What a look is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// Heartbeats and all that goes with them, for as long as the connection lives.
    Life,
    /// The attachments of a packet, for as long as they are due.
    Attachments,
}

impl Reaper {
    /// Returns an empty wheel.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { slots: (0..SLOTS).map(|_| Mutex::default()).collect(), turned: AtomicU64::new(now_ms() / TICK_MS) })
    }

    /// Looks at `session` at `deadline_ms`, or at the end of the wheel if that is sooner, and no more when it was to be before.
    pub fn watch(&self, session: &Arc<Session>, deadline_ms: u64) {
        self.forget(session);
        let watched = Watched { session: Arc::downgrade(session), what: Watch::Life };
        self.insert(watched, session, deadline_ms, now_ms());
    }

    /// Looks at `session` at `deadline_ms` as well: attachments are due.
    pub fn watch_attachments(&self, session: &Arc<Session>, deadline_ms: u64) {
        let watched = Watched { session: Arc::downgrade(session), what: Watch::Attachments };
        self.insert(watched, session, deadline_ms, now_ms());
    }

    /// Takes a connection out of the wheel: what points to one that is gone would keep its memory until the slot comes up.
    pub(super) fn forget(&self, session: &Session) {
        let slot = usize::try_from(session.slot.load(Ordering::Relaxed)).ok().and_then(|slot| self.slots.get(slot));
        let Some(mut slot) = slot.map(Mutex::lock) else { return };
        let is_it = |watched: &Watched| watched.what == Watch::Life && std::ptr::eq(watched.session.as_ptr(), session);
        if let Some(place) = slot.iter().position(is_it) {
            slot.swap_remove(place);
        }
    }

    fn insert(&self, watched: Watched, session: &Session, deadline_ms: u64, now: u64) {
        let ticks_ahead = (deadline_ms.saturating_sub(now) / TICK_MS).clamp(1, SLOTS as u64 - 2);
        let mut tick = now / TICK_MS + ticks_ahead;
        loop {
            let Some(slot) = self.slots.get(slot_of(tick)) else { return };
            let mut slot = slot.lock();
            let turned = self.turned.load(Ordering::Relaxed);
            if turned < tick {
                if watched.what == Watch::Life {
                    session.slot.store(u32::try_from(slot_of(tick)).unwrap_or(u32::MAX), Ordering::Relaxed);
                }
                return slot.push(watched);
            }
            // The wheel went past since `now` was read: in this slot it would wait for a whole turn.
            tick = turned + 1;
        }
    }

    /// Turns the wheel for ever; spawned once per hub.
    pub async fn run(self: Arc<Self>) {
        let mut ticker = tokio::time::interval(Duration::from_millis(TICK_MS));
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticker.tick().await;
            let tick = now_ms() / TICK_MS;
            for tick in self.turned.load(Ordering::Relaxed) + 1..=tick {
                self.look_at(tick);
            }
        }
    }

    fn look_at(&self, tick: u64) {
        let Some(slot) = self.slots.get(slot_of(tick)) else { return };
        let mut slot = slot.lock();
        // Under the lock of the slot: who comes after this finds the wheel gone by.
        self.turned.store(tick, Ordering::Relaxed);
        let due = std::mem::take(&mut *slot);
        drop(slot);
        let now = now_ms();
        for watched in due {
            let Some(session) = watched.session.upgrade() else { continue };
            let next_ms = match watched.what {
                Watch::Life => session.look(now),
                Watch::Attachments => session.look_for_attachments(now),
            };
            if let Some(next_ms) = next_ms {
                self.insert(watched, &session, next_ms, now);
            }
        }
    }
}

fn slot_of(tick: u64) -> usize {
    usize::try_from(tick % SLOTS as u64).unwrap_or(0)
}
