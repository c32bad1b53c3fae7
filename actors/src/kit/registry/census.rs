//! Who exists, and in what numbers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::warn;

use super::back_off::backing_off;
use super::entities::Entities;
use super::slots::{Fate, Slot};
use super::{Entity, Observed};
use crate::kit::deps::Deps;

/// What happened to the entities of one kind since the process started.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub activations: AtomicU64,
    pub passivations: AtomicU64,
    pub restarts: AtomicU64,
    pub storms: AtomicU64,
    /// Asks that wait for their answer now.
    pub asks: AtomicU64,
}

/// Adds one.
pub(super) fn count(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}

/// An ask on its way; counted down when it is dropped, answered or not.
pub struct AskUnderWay<A: Entity>(Arc<Entities<A>>);

impl<A: Entity> AskUnderWay<A> {
    pub(super) fn begin(entities: &Arc<Entities<A>>) -> Self {
        count(&entities.counts.asks);
        Self(Arc::clone(entities))
    }
}

impl<A: Entity> Drop for AskUnderWay<A> {
    fn drop(&mut self) {
        self.0.counts.asks.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<A: Entity> Entities<A> {
    pub(super) fn list(&self, deps: &Deps) -> Vec<A::Key> {
        let stored = deps.snapshots().ids(A::KIND);
        let slots = self.slots.read();
        let mut keys: HashMap<String, A::Key> =
            stored.into_iter().filter_map(|id| read_key::<A>(&id).map(|key| (id, key))).collect();
        for (key, slot) in &slots.0 {
            match slot {
                Slot::Leaving { fate: Fate::Removed, .. } => drop(keys.remove(&key.to_string())),
                _ if slot.is_alive() => drop(keys.insert(key.to_string(), key.clone())),
                _ => {}
            }
        }
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        keys.into_iter().map(|(_, key)| key).collect()
    }

    pub(super) fn list_alive(&self) -> Vec<A::Key> {
        let slots = self.slots.read();
        slots.0.iter().filter(|(_, slot)| slot.is_alive()).map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn alive(&self) -> usize {
        self.slots.read().0.values().filter(|slot| slot.is_alive()).count()
    }

    pub(super) fn observe_with(&self, deps: &Deps) -> Observed {
        let now = deps.now();
        let is_down = |slot: &&Slot<A>| matches!(slot, Slot::Down { until, .. } if backing_off(*until, now).is_some());
        let backing_off = self.slots.read().0.values().filter(is_down).count();
        Observed {
            kind: A::KIND.to_owned(),
            alive: self.alive(),
            stored: deps.snapshots().count(A::KIND),
            backing_off,
            activations: self.counts.activations.load(Ordering::Relaxed),
            passivations: self.counts.passivations.load(Ordering::Relaxed),
            restarts: self.counts.restarts.load(Ordering::Relaxed),
            storms: self.counts.storms.load(Ordering::Relaxed),
            asks_waiting: self.counts.asks.load(Ordering::Relaxed),
        }
    }
}

/// Reads a key back from a snapshot's id.
fn read_key<A: Entity>(id: &str) -> Option<A::Key> {
    let read = serde_json::from_value(serde_json::Value::String(id.to_owned()));
    read.inspect_err(|error| warn!(kind = A::KIND, id, %error, "`{id}` is no key of kind `{}`", A::KIND)).ok()
}
