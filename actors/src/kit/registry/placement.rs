//! Which thread an entity lives on: the same for the same key, as long as the process runs.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use actix::{Arbiter, ArbiterHandle};

use crate::kit::deps::Deps;

/// Returns the number that places a key.
pub(super) fn hash_of(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Returns the thread that the keys of this hash live on.
pub(super) fn arbiter_for(deps: &Deps, hash: u64) -> Option<ArbiterHandle> {
    let arbiters = deps.arbiters();
    if arbiters.is_empty() {
        return Arbiter::try_current();
    }
    let count = u64::try_from(arbiters.len()).unwrap_or(1);
    arbiters.get(usize::try_from(hash % count).unwrap_or(0)).cloned()
}
