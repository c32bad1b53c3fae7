//! One registry per kind of entity: the only way to an address.
//!
//! It decides where an entity lives (hash of its key), brings it up from its snapshot when somebody asks, restarts it after
//! a panic, lets it go when nobody has used it for a while, and keeps it down for a back-off when it panics again and again.
//!
//! Reading order: this file is what the rest of the hub sees; `entities` brings entities up and gives orders over
//! `slots`, who is where; `life` is one activation, `farewell` how an entity goes without losing a message.

use std::fmt::Display;
use std::hash::Hash;
use std::time::Duration;

use actix::{Actor, Addr, Context, Supervised};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::deps::Deps;
use super::snapshot::{Snapshot, StoreError, Stored};

mod back_off;
mod census;
mod entities;
mod farewell;
mod life;
mod placement;
mod slots;

pub use census::AskUnderWay;

pub(super) use self::entities::{AnyRegistry, Entities};

/// An actor with a key and, mostly, a snapshot. Its state is touched by nobody else.
///
/// `Actor::started` runs before the state is there: what an author would do in it belongs into [`Entity::restore`]. An entity
/// that has come to its end asks its registry to [`Registry::stop`] or [`Registry::remove`] it; `Context::stop` would drop its
/// queue, unsaved. `Actor::stopping` never returns `Running::Continue`.
pub trait Entity: Actor<Context = Context<Self>> + Supervised {
    /// What tells it from others of its kind: a newtype over a string, written alike by `Display` and by serde.
    type Key: Clone + Eq + Hash + Display + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static;

    /// The kind's name, the same for ever: it is part of every stored snapshot. System, dot, noun: `fleet.device`.
    const KIND: &'static str;

    /// Returns the entity before anything is known about it.
    fn new(key: Self::Key, deps: Deps) -> Self;

    /// Takes over what was stored. Called exactly once on every fresh value, at the start and after a panic, before any
    /// message is handled; timers and the like start here.
    ///
    /// # Errors
    /// When the snapshot cannot be understood. The entity then backs off instead of overwriting it.
    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError>;

    /// Returns the state worth keeping, if any. Saved when the entity is let go, and whenever it asks for it.
    fn snapshot(&self) -> Option<Snapshot> {
        None
    }

    /// Returns whether nothing would be missed if it was let go now: no open connection, no timer, no work under way.
    fn is_idle(&self) -> bool {
        true
    }
}

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Neither alive nor stored.
    Unknown,
    /// Down for a while after a panic storm.
    BackingOff(BackingOff),
}

/// The entity panicked too often, or the hub is stopping; another try makes sense after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackingOff {
    /// How long a while.
    pub retry_after: Duration,
}

/// The numbers of one kind of entity, for metrics and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The kind.
    pub kind: String,
    /// How many are in memory.
    pub alive: usize,
    /// How many have a snapshot.
    pub stored: usize,
    /// How many are down after a panic storm.
    pub backing_off: usize,
    /// How many were brought up since the process started.
    pub activations: u64,
    /// How many were let go since the process started.
    pub passivations: u64,
    /// How many panics were survived since the process started.
    pub restarts: u64,
    /// How many panic storms there were since the process started.
    pub storms: u64,
    /// How many asks wait for their answer now: in mailboxes and in handlers.
    pub asks_waiting: u64,
}

/// The entities of one kind; cheap to clone.
pub struct Registry<A: Entity> {
    entities: std::sync::Arc<Entities<A>>,
    deps: Deps,
}

impl<A: Entity> Clone for Registry<A> {
    fn clone(&self) -> Self {
        Self { entities: self.entities.clone(), deps: self.deps.clone() }
    }
}

impl<A: Entity> Registry<A> {
    pub(super) fn new(entities: std::sync::Arc<Entities<A>>, deps: Deps) -> Self {
        Self { entities, deps }
    }

    /// Returns an entity that exists, bringing it up if it is only stored.
    ///
    /// # Errors
    /// [`Missing`]: it does not exist, or not for now.
    pub fn find(&self, key: &A::Key) -> Result<Addr<A>, Missing> {
        self.entities.find(&self.deps, key)
    }

    /// Returns an entity, bringing it up if need be.
    ///
    /// # Errors
    /// [`BackingOff`] for a while after a panic storm.
    pub fn summon(&self, key: &A::Key) -> Result<Addr<A>, BackingOff> {
        self.entities.summon(&self.deps, key)
    }

    /// Returns the keys of all that exist, alive or stored, sorted by their text.
    #[must_use]
    pub fn list(&self) -> Vec<A::Key> {
        self.entities.list(&self.deps)
    }

    /// Returns the keys of those in memory.
    #[must_use]
    pub fn list_alive(&self) -> Vec<A::Key> {
        self.entities.list_alive()
    }

    /// Returns how many are in memory.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.entities.alive()
    }

    /// Counts an ask until the returned value is dropped.
    #[must_use]
    pub fn begin_ask(&self) -> AskUnderWay<A> {
        AskUnderWay::begin(&self.entities)
    }

    /// Returns the numbers of this kind.
    #[must_use]
    pub fn observe(&self) -> Observed {
        self.entities.observe_with(&self.deps)
    }

    /// Saves and stops one entity. The order is given at once; the future waits until it is gone and saved. It comes back
    /// when somebody asks for it. An entity must not await this for itself.
    ///
    /// # Errors
    /// When it could not be saved.
    pub fn stop(&self, key: &A::Key) -> impl Future<Output = Result<(), StoreError>> + Send + 'static + use<A> {
        self.entities.stop(&self.deps, key)
    }

    /// Saves and stops all entities of this kind, and waits until they are gone and saved.
    ///
    /// # Errors
    /// When something could not be saved.
    pub fn stop_all(&self) -> impl Future<Output = Result<(), StoreError>> + Send + 'static + use<A> {
        self.entities.stop_all(&self.deps)
    }

    /// Stops one entity for good and deletes its snapshot. The order is given at once; the future waits until both are done.
    /// An entity may call this for itself, but must not await it.
    ///
    /// # Errors
    /// When the snapshot could not be deleted.
    pub fn remove(&self, key: &A::Key) -> impl Future<Output = Result<(), StoreError>> + Send + 'static + use<A> {
        self.entities.remove(&self.deps, key)
    }

    /// Offers all that were unused for a while the chance to go; runs by itself every few seconds.
    pub fn sweep(&self) {
        self.entities.sweep(self.deps.now());
    }
}
