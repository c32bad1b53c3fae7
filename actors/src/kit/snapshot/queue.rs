//! What waits for the disk: at most one change per entity, the newest. Pure, under the committer's lock.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::layout;
use super::{Ack, StoreError, Stored};

/// The latest that a write-behind begins; the rest of its 500 ms is for the disk.
pub const WRITE_BEHIND: Duration = Duration::from_millis(400);
/// How long failed writes-behind wait for their next try.
pub const RETRY: Duration = Duration::from_secs(1);
/// The most operations between two syncs: bounds the wait of one commit behind all others.
const ROUND_OPERATIONS: usize = 2_000;

/// Kind and id.
pub type EntityKey = (Arc<str>, Arc<str>);

/// One entity's newest state on its way to the disk.
#[derive(Debug)]
pub struct Change {
    /// The state; nothing: the entity is removed.
    pub state: Option<Stored>,
    /// Who waits for it.
    acks: Vec<Ack>,
    /// Whether it goes with the next round, or may wait for others.
    urgent: bool,
    /// Whether it must reach the disk although nobody waits: it is tried again after a failure.
    persistent: bool,
    /// Its place among all changes.
    number: u64,
}

/// What one kind's entity has on disk, and whether it exists with all changes applied.
#[derive(Debug, Default, Clone, Copy)]
struct Presence {
    parts: u16,
    exists: bool,
}

type Ids = BTreeMap<Arc<str>, Presence>;

/// The queue, what is being written, and an index over both and the disk.
#[derive(Debug, Default)]
pub struct Queue {
    changes: HashMap<EntityKey, Change>,
    urgent: VecDeque<EntityKey>,
    lazy: VecDeque<EntityKey>,
    lazy_since: Option<Instant>,
    not_before: Option<Instant>,
    in_flight: HashMap<EntityKey, Change>,
    barriers: Vec<(u64, Ack)>,
    next_number: u64,
    index: BTreeMap<Arc<str>, Ids>,
}

/// Whether a change goes now or with others.
#[derive(Debug)]
pub enum Urgency {
    /// Somebody waits.
    Now(Ack),
    /// At most [`WRITE_BEHIND`] later.
    Soon,
}

/// One entity's share of a round: what to write and what lies there now.
#[derive(Debug, Clone)]
pub struct Write {
    /// Which entity.
    pub key: EntityKey,
    /// Its new state; nothing: delete it.
    pub state: Option<Stored>,
    /// How many parts it has on disk.
    pub old_parts: u16,
}

impl Queue {
    /// Notes that the disk holds this entity; only while opening.
    pub fn found_on_disk(&mut self, kind: &str, id: &str, parts: u16) {
        *self.presence(&(kind.into(), id.into())) = Presence { parts, exists: true };
    }

    fn presence(&mut self, key: &EntityKey) -> &mut Presence {
        self.index.entry(key.0.clone()).or_default().entry(key.1.clone()).or_default()
    }

    /// Puts in a change in place of an older one; who waited for the older one waits for this.
    pub fn put(&mut self, key: EntityKey, state: Option<Stored>, urgency: Urgency, now: Instant) {
        let number = self.next_number;
        self.next_number += 1;
        self.presence(&key).exists = state.is_some();
        // A removal is owed to everyone who was told that the thing has ended.
        let is_removal = state.is_none();
        let fresh = Change { state: None, acks: Vec::new(), urgent: false, persistent: false, number };
        let is_new = !self.changes.contains_key(&key);
        let change = self.changes.entry(key.clone()).or_insert(fresh);
        change.state = state;
        match urgency {
            Urgency::Now(ack) => {
                change.acks.push(ack);
                change.persistent |= is_removal;
                if !std::mem::replace(&mut change.urgent, true) {
                    self.urgent.push_back(key);
                }
            }
            Urgency::Soon => {
                change.persistent = true;
                if is_new {
                    self.lazy.push_back(key);
                    self.lazy_since.get_or_insert(now);
                }
            }
        }
    }

    /// Makes everything queued so far urgent; `ack` is settled when all of it is on disk.
    pub fn flush(&mut self, ack: Ack) {
        self.hurry();
        if self.changes.is_empty() && self.in_flight.is_empty() {
            ack.settle(Ok(()));
        } else {
            self.barriers.push((self.next_number, ack));
        }
    }

    /// Makes everything urgent.
    pub fn hurry(&mut self) {
        for key in std::mem::take(&mut self.lazy) {
            if let Some(change) = self.changes.get_mut(&key).filter(|change| !change.urgent) {
                change.urgent = true;
                self.urgent.push_back(key);
            }
        }
        self.lazy_since = None;
    }

    /// Returns the newest state of an entity that is on its way; the inner nothing: it is being removed.
    pub fn pending(&self, key: &EntityKey) -> Option<Option<Stored>> {
        self.changes.get(key).or_else(|| self.in_flight.get(key)).map(|change| change.state.clone())
    }

    /// Returns whether an entity exists, all changes applied.
    pub fn contains(&self, kind: &str, id: &str) -> bool {
        self.index.get(kind).and_then(|ids| ids.get(id)).is_some_and(|presence| presence.exists)
    }

    /// Returns the ids of one kind, all changes applied.
    pub fn ids(&self, kind: &str) -> Vec<String> {
        let name = |(id, presence): (&Arc<str>, &Presence)| presence.exists.then(|| id.to_string());
        self.index.get(kind).map(|ids| ids.iter().filter_map(name).collect()).unwrap_or_default()
    }

    /// Returns how many entities of one kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.index.get(kind).map_or(0, existing)
    }

    /// Returns how many entities there are in all.
    pub fn entities(&self) -> usize {
        self.index.values().map(existing).sum()
    }

    /// Returns how many changes wait or are being written.
    pub fn waiting(&self) -> usize {
        self.changes.len() + self.in_flight.len()
    }

    /// Returns since when the oldest coalesced change waits.
    pub fn oldest(&self) -> Option<Instant> {
        self.lazy_since
    }

    /// Returns when the committer has to look again; nothing: not before something is put in.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        if !self.urgent.is_empty() {
            return Some(now);
        }
        let lazy = self.lazy_since.map(|since| since + WRITE_BEHIND)?;
        Some(self.not_before.map_or(lazy, |not_before| lazy.max(not_before)))
    }

    /// Returns whether the last round failed.
    pub fn is_failing(&self) -> bool {
        self.not_before.is_some()
    }

    /// Takes what goes to the disk together.
    pub fn take_round(&mut self, now: Instant) -> Vec<Write> {
        if self.lazy_since.is_some_and(|since| now >= since + WRITE_BEHIND) && self.not_before.is_none_or(|at| now >= at) {
            self.hurry();
        }
        let mut round = Vec::new();
        let mut operations = 0;
        while operations < ROUND_OPERATIONS
            && let Some(key) = self.urgent.pop_front()
        {
            let Some(change) = self.changes.remove(&key) else { continue };
            let old_parts = self.presence(&key).parts;
            let parts = change.state.as_ref().map_or(0, |state| layout::parts(&state.value));
            operations += parts.max(usize::from(old_parts)).max(1);
            round.push(Write { key: key.clone(), state: change.state.clone(), old_parts });
            self.in_flight.insert(key, change);
        }
        round
    }

    /// Settles the round that was taken: `written` says how many parts each entity has on disk now.
    pub fn finish_round(&mut self, outcome: &Result<(), StoreError>, written: &[(EntityKey, u16)], now: Instant) -> Vec<Settled> {
        let in_flight = std::mem::take(&mut self.in_flight);
        match outcome {
            Ok(()) => {
                self.not_before = None;
                written.iter().for_each(|(key, parts)| self.now_on_disk(key, *parts));
            }
            Err(_) => self.not_before = Some(now + RETRY),
        }
        let first_failed = in_flight.values().map(|change| change.number).min();
        let mut settled = Vec::new();
        for (key, mut change) in in_flight {
            settled.extend(change.acks.drain(..).map(|ack| Settled { ack, outcome: outcome.clone() }));
            if outcome.is_err() {
                self.failed(key, change, now);
            }
        }
        settled.extend(self.settle_barriers(outcome, first_failed));
        settled
    }

    fn now_on_disk(&mut self, key: &EntityKey, parts: u16) {
        let is_queued_again = self.changes.contains_key(key);
        let presence = self.presence(key);
        presence.parts = parts;
        if parts == 0
            && !is_queued_again
            && let Some(ids) = self.index.get_mut(&key.0)
        {
            ids.remove(&key.1);
        }
    }

    /// Queues a failed change again if it is owed and nothing newer is queued; forgets it otherwise.
    fn failed(&mut self, key: EntityKey, mut change: Change, now: Instant) {
        if let Some(newer) = self.changes.get_mut(&key) {
            newer.persistent |= change.persistent;
        } else if change.persistent {
            change.urgent = false;
            self.changes.insert(key.clone(), change);
            self.lazy.push_back(key);
            self.lazy_since.get_or_insert(now);
        } else {
            let presence = self.presence(&key);
            presence.exists = presence.parts > 0;
        }
    }

    fn settle_barriers(&mut self, outcome: &Result<(), StoreError>, first_failed: Option<u64>) -> Vec<Settled> {
        let first_waiting = self.urgent.iter().filter_map(|key| self.changes.get(key)).map(|change| change.number).min();
        let mut settled = Vec::new();
        for (number, ack) in std::mem::take(&mut self.barriers) {
            let is_hit = outcome.is_err() && first_failed.is_some_and(|first| first < number);
            let is_reached = first_waiting.is_none_or(|first| first >= number);
            if is_hit || is_reached {
                settled.push(Settled { ack, outcome: outcome.clone() });
            } else {
                self.barriers.push((number, ack));
            }
        }
        settled
    }

    /// Breaks every promise; the store is closing.
    pub fn give_up(&mut self) -> usize {
        let lost = self.changes.len();
        self.changes.clear();
        self.barriers.clear();
        lost
    }
}

/// An acknowledgement that is due; given outside the lock.
#[derive(Debug)]
pub struct Settled {
    ack: Ack,
    outcome: Result<(), StoreError>,
}

impl Settled {
    /// Tells whoever waits.
    pub fn tell(self) {
        self.ack.settle(self.outcome);
    }
}

fn existing(ids: &Ids) -> usize {
    ids.values().filter(|presence| presence.exists).count()
}
