//! Who is where: the state machine of each key, always under one short lock.

use std::collections::HashMap;
use std::sync::Arc;

use actix::{Addr, WeakAddr};

use super::Entity;
use super::back_off::Storms;
use super::life::Life;
use crate::kit::clock::Timestamp;

/// What the registry knows of one key. A key without a slot is not in memory.
pub(super) enum Slot<A: Entity> {
    /// In memory.
    Alive { addr: Addr<A>, life: Arc<Life> },
    /// In memory, about to go unless somebody asks for it: the registry holds no address of its own any more.
    Retiring { addr: WeakAddr<A>, life: Arc<Life> },
    /// Going; a successor waits for it.
    Leaving { life: Arc<Life>, fate: Fate },
    /// Down after a panic storm.
    Down { until: Timestamp, storms: Storms },
}

/// Why an entity is going, which decides whether it exists in the meantime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was told to stop; it saves itself after its last message.
    Stopping,
    /// It has saved itself, if it has anything to save.
    Saved,
    /// It is being removed.
    Removed,
}

impl<A: Entity> Slot<A> {
    /// Returns the activation that this slot belongs to.
    pub(super) fn life(&self) -> Option<&Arc<Life>> {
        match self {
            Self::Alive { life, .. } | Self::Retiring { life, .. } | Self::Leaving { life, .. } => Some(life),
            Self::Down { .. } => None,
        }
    }

    /// Returns the address, winning a retiring entity back.
    pub(super) fn address(&mut self) -> Option<Addr<A>> {
        if let Self::Retiring { addr, life } = self {
            let addr = addr.upgrade()?;
            *self = Self::Alive { addr, life: life.clone() };
        }
        match self {
            Self::Alive { addr, .. } => Some(addr.clone()),
            _ => None,
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self, Self::Alive { .. } | Self::Retiring { .. })
    }
}

/// The slots of one kind.
pub(super) struct Slots<A: Entity>(pub HashMap<A::Key, Slot<A>>);

impl<A: Entity> Slots<A> {
    /// Returns the slot of `key` while it still belongs to `life`, not to a successor.
    fn of(&mut self, key: &A::Key, life: &Arc<Life>) -> Option<&mut Slot<A>> {
        self.0.get_mut(key).filter(|slot| slot.life().is_some_and(|its| Arc::ptr_eq(its, life)))
    }

    /// Gives up the registry's own address. Returns whether the entity may go on leaving.
    pub(super) fn retire(&mut self, key: &A::Key, life: &Arc<Life>) -> bool {
        let Some(slot) = self.of(key, life) else { return false };
        if let Slot::Alive { addr, .. } = slot {
            *slot = Slot::Retiring { addr: addr.downgrade(), life: life.clone() };
        }
        matches!(slot, Slot::Retiring { .. })
    }

    /// Returns whether nobody has asked for the entity since it began to retire.
    pub(super) fn is_retiring(&mut self, key: &A::Key, life: &Arc<Life>) -> bool {
        matches!(self.of(key, life), Some(Slot::Retiring { .. }))
    }

    /// Makes a retiring entity available again.
    pub(super) fn win_back(&mut self, key: &A::Key, life: &Arc<Life>, addr: Addr<A>) {
        if let Some(slot @ Slot::Retiring { .. }) = self.of(key, life) {
            *slot = Slot::Alive { addr, life: life.clone() };
        }
    }

    /// Seals the farewell of a retiring entity, which has saved itself. Returns whether nobody asked for it meanwhile.
    pub(super) fn let_go(&mut self, key: &A::Key, life: &Arc<Life>) -> bool {
        let Some(slot @ Slot::Retiring { .. }) = self.of(key, life) else { return false };
        *slot = Slot::Leaving { life: life.clone(), fate: Fate::Saved };
        true
    }

    /// Takes the slot away from an activation that is over, and puts in what follows it.
    pub(super) fn end(&mut self, key: &A::Key, life: &Arc<Life>, then: Option<Slot<A>>) {
        if self.of(key, life).is_some() {
            match then {
                Some(slot) => drop(self.0.insert(key.clone(), slot)),
                None => drop(self.0.remove(key)),
            }
        }
    }
}
