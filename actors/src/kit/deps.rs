//! What every actor is given: time, chance, memory, the way to other actors, and its system's own things.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use parking_lot::RwLock;

use super::clock::{Clock, SharedClock, SystemClock, Timestamp};
use super::ids::{self, Random, SharedRandom, SystemRandom};
use super::registry::{AnyRegistry, Entities, Entity, Observed, Registry};
use super::snapshot::{MemoryStore, SnapshotStore};

/// Everything an actor needs from outside; cheap to clone.
#[derive(Clone)]
pub struct Deps(Arc<Inner>);

/// Deps without keeping the hub alive: for what the hub itself owns.
#[derive(Clone)]
pub struct WeakDeps(Weak<Inner>);

struct Inner {
    clock: SharedClock,
    random: SharedRandom,
    snapshots: Arc<dyn SnapshotStore>,
    arbiters: Vec<ArbiterHandle>,
    idle_after: Duration,
    boot_id: u64,
    registries: RwLock<HashMap<TypeId, Erased>>,
    extensions: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// One registry under its two faces: as its own type, and as one of many.
struct Erased {
    typed: Arc<dyn Any + Send + Sync>,
    any: Arc<dyn AnyRegistry>,
}

impl Deps {
    /// Returns a builder with the machine's clock and randomness and a store in memory.
    #[must_use]
    pub fn builder() -> DepsBuilder {
        DepsBuilder::default()
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// Returns the present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Returns the source of randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    /// Returns where snapshots are kept.
    #[must_use]
    pub fn snapshots(&self) -> &Arc<dyn SnapshotStore> {
        &self.0.snapshots
    }

    /// Returns the threads that entities live on; empty: on the thread that summons them.
    #[must_use]
    pub fn arbiters(&self) -> &[ArbiterHandle] {
        &self.0.arbiters
    }

    /// Returns how long an entity must be unused before it is passivated.
    #[must_use]
    pub fn idle_after(&self) -> Duration {
        self.0.idle_after
    }

    /// Returns a number that is the same after a panic and another after a restart of the process: what is tied to a
    /// connection (a lock, a presence) is kept in a snapshot together with it, and restored only if it is still the same.
    #[must_use]
    pub fn boot_id(&self) -> u64 {
        self.0.boot_id
    }

    /// Returns the registry of one kind of entity, made when it is asked for the first time.
    #[must_use]
    pub fn registry<A: Entity>(&self) -> Registry<A> {
        let known = self.0.registries.read().get(&TypeId::of::<A>()).map(|registry| registry.typed.clone());
        let typed = known.unwrap_or_else(|| self.make_registry::<A>());
        let entities = typed.downcast::<Entities<A>>().expect("a registry is filed under its own type");
        Registry::new(entities, self.clone())
    }

    fn make_registry<A: Entity>(&self) -> Arc<dyn Any + Send + Sync> {
        let mut registries = self.0.registries.write();
        let registry = registries.entry(TypeId::of::<A>()).or_insert_with(|| {
            let entities = Entities::<A>::start(self);
            Erased { typed: entities.clone(), any: entities }
        });
        registry.typed.clone()
    }

    /// Returns a thing of the system's own that was put in under its type.
    ///
    /// # Panics
    /// When nothing of this type was put in: a mistake in the start-up.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Arc<T> {
        self.try_extension().unwrap_or_else(|| panic!("`{}` was put into the deps at start-up", type_name::<T>()))
    }

    /// Returns a thing of the system's own, if there is one of this type.
    #[must_use]
    pub fn try_extension<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let found = self.0.extensions.read().get(&TypeId::of::<T>()).cloned();
        found.and_then(|extension| extension.downcast::<T>().ok())
    }

    /// Puts in a thing of the system's own, in place of an earlier one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&self, extension: T) {
        self.0.extensions.write().insert(TypeId::of::<T>(), Arc::new(extension));
    }

    /// Returns the numbers of every kind of entity, sorted by kind.
    #[must_use]
    pub fn observe(&self) -> Vec<Observed> {
        let mut observed: Vec<_> = self.each_registry().iter().map(|registry| registry.observe(self)).collect();
        observed.sort_by(|one, other| one.kind.cmp(&other.kind));
        observed
    }

    /// Stops every entity for good and waits until all have saved themselves; whoever asks from now on is told to come back.
    pub async fn stop_all(&self) {
        let registries = self.each_registry();
        registries.iter().for_each(|registry| registry.close());
        for registry in &registries {
            registry.stop_everyone(self).await;
        }
        if let Err(error) = self.0.snapshots.flush().await {
            tracing::error!(%error, "the last snapshots could not be saved: {error}");
        }
    }

    fn each_registry(&self) -> Vec<Arc<dyn AnyRegistry>> {
        self.0.registries.read().values().map(|registry| registry.any.clone()).collect()
    }

    /// Returns deps that do not keep the hub alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakDeps {
        WeakDeps(Arc::downgrade(&self.0))
    }
}

impl WeakDeps {
    /// Returns the deps while the hub is alive.
    #[must_use]
    pub fn upgrade(&self) -> Option<Deps> {
        self.0.upgrade().map(Deps)
    }
}

/// Puts [`Deps`] together.
pub struct DepsBuilder {
    clock: SharedClock,
    random: SharedRandom,
    snapshots: Option<Arc<dyn SnapshotStore>>,
    arbiters: Vec<ArbiterHandle>,
    idle_after: Duration,
    boot_id: Option<u64>,
    extensions: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl Default for DepsBuilder {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            snapshots: None,
            arbiters: Vec::new(),
            idle_after: Duration::from_secs(5 * 60),
            boot_id: None,
            extensions: HashMap::new(),
        }
    }
}

impl DepsBuilder {
    /// Takes another clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes another source of randomness.
    #[must_use]
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Takes another store.
    #[must_use]
    pub fn snapshots(mut self, snapshots: Arc<dyn SnapshotStore>) -> Self {
        self.snapshots = Some(snapshots);
        self
    }

    /// Lets entities live on these threads.
    #[must_use]
    pub fn arbiters(mut self, arbiters: Vec<ArbiterHandle>) -> Self {
        self.arbiters = arbiters;
        self
    }

    /// Starts `count` threads for entities to live on. Needs a running actix system.
    #[must_use]
    pub fn start_arbiters(self, count: usize) -> Self {
        self.arbiters((0..count).map(|_| Arbiter::new().handle()).collect())
    }

    /// Passivates entities that were unused for this long.
    #[must_use]
    pub fn idle_after(mut self, idle_after: Duration) -> Self {
        self.idle_after = idle_after;
        self
    }

    /// Takes a given boot id, for tests that restart the hub without restarting the process.
    #[must_use]
    pub fn boot_id(mut self, boot_id: u64) -> Self {
        self.boot_id = Some(boot_id);
        self
    }

    /// Puts in a thing of the system's own.
    #[must_use]
    pub fn insert<T: Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.extensions.insert(TypeId::of::<T>(), Arc::new(extension));
        self
    }

    /// Returns the finished deps.
    #[must_use]
    pub fn build(self) -> Deps {
        let boot_id = self.boot_id.unwrap_or_else(|| ids::number(&*self.random));
        Deps(Arc::new(Inner {
            clock: self.clock,
            random: self.random,
            snapshots: self.snapshots.unwrap_or_else(|| Arc::new(MemoryStore::new())),
            arbiters: self.arbiters,
            idle_after: self.idle_after,
            boot_id,
            registries: RwLock::new(HashMap::new()),
            extensions: RwLock::new(self.extensions),
        }))
    }
}
