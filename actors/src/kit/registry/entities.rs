//! The registry's inside: activation and orders.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::Addr;
use actix::dev::channel::channel;
use futures_util::future::join_all;
use parking_lot::RwLock;
use tokio::sync::Semaphore;
use tracing::warn;

use super::back_off::{Storms, backing_off};
use super::census::{Counts, count};
use super::life::{Gone, Guardian, Life, Order};
use super::placement::{arbiter_for, hash_of};
use super::slots::{Fate, Slot, Slots};
use super::{BackingOff, Entity, Missing, Observed};
use crate::kit::clock::Timestamp;
use crate::kit::deps::{Deps, WeakDeps};
use crate::kit::snapshot::{Committed, StoreError};
use crate::kit::supervise::End;

/// actix's own default; senders beyond it wait for room, each with a place of his own.
const MAILBOX: usize = 16;
/// Enough to keep a disk busy.
const LOADS: usize = 16;
/// How long a hub that is stopping asks its clients to wait.
const STOPPING: BackingOff = BackingOff { retry_after: Duration::from_secs(1) };
/// How long after its end a back-off is remembered.
const STORMS_REMEMBERED_MS: i64 = 10 * 60_000;

/// What all registries have in common.
pub(crate) trait AnyRegistry: Send + Sync {
    /// Returns the numbers of this kind.
    fn observe(&self, deps: &Deps) -> Observed;
    /// Brings up nobody any more.
    fn close(&self);
    /// Stops all entities and waits until they are gone.
    fn stop_everyone(&self, deps: &Deps) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The entities of one kind.
pub(crate) struct Entities<A: Entity> {
    pub(super) slots: RwLock<Slots<A>>,
    closed: AtomicBool,
    idle_after_ms: i64,
    pub(super) counts: Counts,
    /// Bounds how many threads read snapshots at a time.
    pub(super) loads: Semaphore,
}

/// Whether an entity that nobody knows may come into being.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Birth {
    Allowed,
    Refused,
}

impl<A: Entity> Entities<A> {
    pub(crate) fn start(deps: &Deps) -> Arc<Self> {
        let entities = Arc::new(Self {
            slots: RwLock::new(Slots(HashMap::new())),
            closed: AtomicBool::new(false),
            idle_after_ms: i64::try_from(deps.idle_after().as_millis()).unwrap_or(i64::MAX),
            counts: Counts::default(),
            loads: Semaphore::new(LOADS),
        });
        let every = (deps.idle_after() / 5).clamp(Duration::from_secs(1), Duration::from_secs(30));
        if let Some(arbiter) = arbiter_for(deps, 0) {
            arbiter.spawn(sweep_for_ever(Arc::downgrade(&entities), deps.downgrade(), every));
        }
        entities
    }

    pub(super) fn find(self: &Arc<Self>, deps: &Deps, key: &A::Key) -> Result<Addr<A>, Missing> {
        self.reach(deps, key, Birth::Refused)
    }

    pub(super) fn summon(self: &Arc<Self>, deps: &Deps, key: &A::Key) -> Result<Addr<A>, BackingOff> {
        self.reach(deps, key, Birth::Allowed).map_err(|missing| match missing {
            Missing::BackingOff(back_off) => back_off,
            Missing::Unknown => STOPPING,
        })
    }

    fn reach(self: &Arc<Self>, deps: &Deps, key: &A::Key, birth: Birth) -> Result<Addr<A>, Missing> {
        let now = deps.now();
        if let Some(Slot::Alive { addr, life }) = self.slots.read().0.get(key) {
            life.touch(now);
            return Ok(addr.clone());
        }
        self.activate(deps, key, birth, now)
    }

    fn activate(self: &Arc<Self>, deps: &Deps, key: &A::Key, birth: Birth, now: Timestamp) -> Result<Addr<A>, Missing> {
        let mut slots = self.slots.write();
        if let Some(addr) = slots.0.get_mut(key).and_then(|slot| slot.address().inspect(|_| touch(slot, now))) {
            return Ok(addr);
        }
        let (storms, predecessor) = self.judge(deps, key, birth, now, slots.0.get(key))?;
        let life = Life::new(now, storms);
        let (sender, mailbox) = channel(MAILBOX);
        let addr = Addr::new(sender);
        slots.0.insert(key.clone(), Slot::Alive { addr: addr.clone(), life: life.clone() });
        drop(slots);
        count(&self.counts.activations);
        let guardian = Guardian::new(self.clone(), deps.clone(), key.clone(), life, predecessor);
        // Messages queue up in the mailbox until it is restored. Without a living arbiter the guardian is dropped here, outside
        // the lock because it gives up its slot, and senders learn that the mailbox is closed.
        if let Some(arbiter) = arbiter_for(deps, hash_of(key)) {
            arbiter.spawn_fn(move || guardian.bring_up(mailbox));
        }
        Ok(addr)
    }

    /// Decides whether an entity that is not in memory may be brought up, and what it inherits.
    fn judge(
        &self,
        deps: &Deps,
        key: &A::Key,
        birth: Birth,
        now: Timestamp,
        slot: Option<&Slot<A>>,
    ) -> Result<(Storms, Option<Gone>), Missing> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Missing::BackingOff(STOPPING));
        }
        let may_exist = || birth == Birth::Allowed || deps.snapshots().contains(A::KIND, &key.to_string());
        let (exists, inherited) = match slot {
            Some(Slot::Down { until, storms }) => match backing_off(*until, now) {
                Some(back_off) => return Err(Missing::BackingOff(back_off)),
                None => (may_exist(), (*storms, None)),
            },
            Some(Slot::Leaving { life, fate }) => {
                let exists = match fate {
                    Fate::Stopping => true,
                    Fate::Saved => may_exist(),
                    Fate::Removed => birth == Birth::Allowed,
                };
                (exists, (life.storms, Some(life.gone())))
            }
            // Retiring, and too far gone to be won back.
            Some(slot) => (true, (Storms::default(), slot.life().map(|life| life.gone()))),
            None => (may_exist(), (Storms::default(), None)),
        };
        if exists { Ok(inherited) } else { Err(Missing::Unknown) }
    }

    pub(super) fn retire(&self, key: &A::Key, life: &Arc<Life>) -> bool {
        self.slots.write().retire(key, life)
    }

    pub(super) fn is_retiring(&self, key: &A::Key, life: &Arc<Life>) -> bool {
        self.slots.write().is_retiring(key, life)
    }

    pub(super) fn win_back(&self, key: &A::Key, life: &Arc<Life>, addr: Addr<A>) {
        self.slots.write().win_back(key, life, addr);
    }

    pub(super) fn let_go(&self, key: &A::Key, life: &Arc<Life>) -> bool {
        let gone = self.slots.write().let_go(key, life);
        if gone {
            count(&self.counts.passivations);
        }
        gone
    }

    /// Takes notice that an activation is over.
    pub(super) fn ended(&self, deps: &Deps, key: &A::Key, life: &Arc<Life>, how: End) {
        let now = deps.now();
        // Under the lock, so that nobody finds the snapshot of what was just removed.
        let mut slots = self.slots.write();
        let order = life.order();
        if order == Order::Vanish {
            let _waited_for_by_flush = deps.snapshots().remove(A::KIND, &key.to_string());
        }
        let down = (how == End::GivenUp && order < Order::Stop).then(|| {
            count(&self.counts.storms);
            let storms = life.storms.another(life.begun, now);
            Slot::Down { until: storms.over_at(now), storms }
        });
        slots.end(key, life, down);
    }

    pub(super) fn stop(
        &self,
        deps: &Deps,
        key: &A::Key,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + 'static + use<A> {
        let gone = self.slots.write().0.get_mut(key).and_then(|slot| leave(slot, Fate::Stopping));
        wait_and_flush(deps.clone(), gone.into_iter().collect())
    }

    pub(super) fn stop_all(&self, deps: &Deps) -> impl Future<Output = Result<(), StoreError>> + Send + 'static + use<A> {
        let gone = self.slots.write().0.values_mut().filter_map(|slot| leave(slot, Fate::Stopping)).collect();
        wait_and_flush(deps.clone(), gone)
    }

    pub(super) fn remove(
        &self,
        deps: &Deps,
        key: &A::Key,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + 'static + use<A> {
        let mut slots = self.slots.write();
        let gone = slots.0.get_mut(key).and_then(|slot| leave(slot, Fate::Removed));
        if gone.is_none() {
            slots.0.remove(key);
            let _waited_for_by_flush = deps.snapshots().remove(A::KIND, &key.to_string());
        }
        wait_and_flush(deps.clone(), gone.into_iter().collect())
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        let mut forgotten = Vec::new();
        for (key, slot) in &self.slots.read().0 {
            match slot {
                Slot::Alive { life, .. } if now.since(life.last_used()) >= self.idle_after_ms => life.give(Order::Retire),
                Slot::Down { until, .. } if now.since(*until) > STORMS_REMEMBERED_MS => forgotten.push(key.clone()),
                _ => {}
            }
        }
        let mut slots = self.slots.write();
        for key in forgotten {
            if matches!(slots.0.get(&key), Some(Slot::Down { .. })) {
                slots.0.remove(&key);
            }
        }
    }
}

impl<A: Entity> AnyRegistry for Entities<A> {
    fn observe(&self, deps: &Deps) -> Observed {
        self.observe_with(deps)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn stop_everyone(&self, deps: &Deps) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let stopped = self.stop_all(deps);
        Box::pin(async move {
            if let Err(error) = stopped.await {
                warn!(kind = A::KIND, %error, "entities of kind `{}` could not be saved: {error}", A::KIND);
            }
        })
    }
}

fn touch<A: Entity>(slot: &Slot<A>, now: Timestamp) {
    slot.life().inspect(|life| life.touch(now));
}

/// Tells an entity in memory to go. Returns nothing when there is none.
fn leave<A: Entity>(slot: &mut Slot<A>, fate: Fate) -> Option<Gone> {
    let life = slot.life()?.clone();
    life.give(if fate == Fate::Removed { Order::Vanish } else { Order::Stop });
    let gone = life.gone();
    let is_removed_already = matches!(slot, Slot::Leaving { fate: Fate::Removed, .. });
    if !is_removed_already {
        *slot = Slot::Leaving { life, fate };
    }
    Some(gone)
}

async fn wait_and_flush(deps: Deps, gone: Vec<Gone>) -> Result<(), StoreError> {
    join_all(gone.into_iter().map(Gone::wait)).await;
    let flushed: Committed = deps.snapshots().flush();
    flushed.await
}

async fn sweep_for_ever<A: Entity>(entities: Weak<Entities<A>>, deps: WeakDeps, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        let (Some(entities), Some(deps)) = (entities.upgrade(), deps.upgrade()) else { return };
        entities.sweep(deps.now());
    }
}
