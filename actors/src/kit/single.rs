//! Entities of which a hub has exactly one: what they are known by, how they are found and asked.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use actix::Addr;
use hubbub_protocol::fault::Fault;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::deps::Deps;
use super::registry::Entity;

/// The key of the only `E`. Its text is the noun of [`Entity::KIND`].
pub struct Only<E>(PhantomData<fn() -> E>);

impl<E> Only<E> {
    /// There is no other.
    pub const KEY: Self = Self(PhantomData);
}

/// Returns the address of the only `E`.
///
/// # Errors
/// It is down after a panic storm.
pub fn single<E: Entity<Key = Only<E>>>(deps: &Deps) -> Result<Addr<E>, Fault> {
    Ok(deps.registry::<E>().summon(&Only::KEY)?)
}

/// Routes contracts to an entity that exists once. A macro, because no bound tells these contracts from others.
macro_rules! routed_to_the_only {
    ($entity:ty: $($contract:ty),+ $(,)?) => { $(
        impl $crate::kit::ask::Routed for $contract {
            type Actor = $entity;

            fn route(
                _: &$crate::kit::ask::Ask<Self>,
                _: &$crate::kit::deps::Deps,
            ) -> Result<$crate::kit::ask::Route<$crate::kit::single::Only<$entity>>, hubbub_protocol::fault::Fault> {
                Ok($crate::kit::ask::Route::Summon($crate::kit::single::Only::KEY))
            }
        }
    )+ };
}
pub(crate) use routed_to_the_only;

impl<E: Entity> fmt::Display for Only<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(E::KIND.rsplit_once('.').map_or(E::KIND, |(_, noun)| noun))
    }
}

impl<E: Entity> Serialize for Only<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, E: Entity> Deserialize<'de> for Only<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_it = String::deserialize(deserializer)? == Self::KEY.to_string();
        if is_it { Ok(Self::KEY) } else { Err(D::Error::custom("there is only one")) }
    }
}

// Deriving these would ask the same of `E`.
impl<E> Clone for Only<E> {
    fn clone(&self) -> Self {
        Self::KEY
    }
}

impl<E> PartialEq for Only<E> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<E> Eq for Only<E> {}

impl<E: Entity> Hash for Only<E> {
    /// Placement goes by it: entities that exist once must not all live on one thread.
    fn hash<H: Hasher>(&self, state: &mut H) {
        E::KIND.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use actix::{Actor, Context, Supervised};

    use super::*;
    use crate::kit::snapshot::{StoreError, Stored};

    struct Sun;

    impl Actor for Sun {
        type Context = Context<Self>;
    }

    impl Supervised for Sun {}

    impl Entity for Sun {
        type Key = Only<Self>;
        const KIND: &'static str = "sky.sun";

        fn new(_: Only<Self>, _: Deps) -> Self {
            Self
        }

        fn restore(&mut self, _: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[test]
    fn the_key_is_the_noun_of_the_kind_and_nothing_else() {
        assert_eq!(Only::<Sun>::KEY.to_string(), "sun");
        assert_eq!(serde_json::to_string(&Only::<Sun>::KEY).ok().as_deref(), Some("\"sun\""));
        assert!(serde_json::from_str::<Only<Sun>>("\"sun\"").is_ok());
        assert!(serde_json::from_str::<Only<Sun>>("\"moon\"").is_err());
    }
}
