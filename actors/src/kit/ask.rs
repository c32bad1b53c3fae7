//! The one message that crosses the edge, and how it finds its actor.

use actix::{Handler, Message};
use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::deps::Deps;
use super::registry::{BackingOff, Entity, Missing};

/// A request or an event on its way to the actor that answers it: plain data, so that the actor may live anywhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Ask<C: Contract> {
    /// Who asks.
    pub caller: Caller,
    /// What is asked.
    pub body: C,
}

impl<C: Contract> Ask<C> {
    /// Returns `body` as asked by `caller`.
    pub fn new(caller: Caller, body: C) -> Self {
        Self { caller, body }
    }
}

impl<C: Contract> Message for Ask<C> {
    type Result = Result<C::Reply, Fault>;
}

/// The key type of an actor.
pub type KeyOf<A> = <A as Entity>::Key;

/// Where an ask goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Route<K> {
    /// To an entity that must exist already, alive or stored; else the fault is the answer.
    Find(K, Fault),
    /// To an entity that comes into being when it is asked for the first time.
    Summon(K),
}

/// A contract that knows which actor answers it.
pub trait Routed: Contract {
    /// The actor's type.
    type Actor: Entity + Handler<Ask<Self>>;

    /// Returns the actor that answers this ask.
    ///
    /// # Errors
    /// The refusal, when the ask alone shows that nobody will answer it.
    fn route(ask: &Ask<Self>, hub: &Deps) -> Result<Route<KeyOf<Self::Actor>>, Fault>;
}

/// Sends an ask to its actor and returns the answer.
///
/// # Errors
/// The actor's fault, the route's, or [`Kind::Unavailable`](hubbub_protocol::fault::Kind::Unavailable) when the actor is
/// restarting or backing off.
pub async fn ask<C: Routed>(deps: &Deps, ask: Ask<C>) -> Result<C::Reply, Fault> {
    let registry = deps.registry::<C::Actor>();
    let actor = match C::route(&ask, deps)? {
        Route::Find(key, missing) => registry.find(&key).map_err(|reason| match reason {
            Missing::Unknown => missing,
            Missing::BackingOff(back_off) => back_off.into(),
        })?,
        Route::Summon(key) => registry.summon(&key)?,
    };
    let _under_way = registry.begin_ask();
    // The address is held until the answer is there: an actor with an address out is never passivated.
    actor.send(ask).await.unwrap_or_else(|_closed| Err(restarting()))
}

/// Returns the answer of an actor that stopped or panicked before it replied.
#[must_use]
pub fn restarting() -> Fault {
    Fault::unavailable("restarting, try again").retry_after(1)
}

impl From<BackingOff> for Fault {
    fn from(back_off: BackingOff) -> Self {
        let secs = back_off.retry_after.as_millis().div_ceil(1000).max(1);
        Self::unavailable("restarting, try again").retry_after(u64::try_from(secs).unwrap_or(u64::MAX))
    }
}
