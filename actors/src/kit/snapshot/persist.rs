//! How an actor saves itself and replies only when that is done.

use actix::{Actor, ActorFutureExt, AtomicResponse, Context, ResponseFuture, fut};
use hubbub_protocol::fault::Fault;

use super::Committed;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;

/// Saving, for every entity that has an [`Entity::snapshot`].
pub trait Persist: Entity {
    /// Writes the present state; the future completes when it is on disk.
    fn commit(&self, deps: &Deps) -> Committed {
        match self.snapshot() {
            Some(snapshot) => deps.snapshots().commit(snapshot),
            None => Committed::known(Ok(())),
        }
    }

    /// Writes the present state soon.
    fn write_behind(&self, deps: &Deps) {
        if let Some(snapshot) = self.snapshot() {
            deps.snapshots().write_behind(snapshot);
        }
    }
}

impl<A: Entity> Persist for A {}

/// Replies after the commit; the actor goes on with other messages meanwhile, and a panic in one of them does not take this
/// reply with it.
pub fn after<T: 'static>(saved: Committed, reply: T) -> ResponseFuture<Result<T, Fault>> {
    Box::pin(async move {
        saved.await?;
        Ok(reply)
    })
}

/// Runs `then` on the actor after the commit, for example to tell others what is now certain. The actor handles no other
/// message meanwhile.
pub fn atomically<A, T, F>(saved: Committed, then: F) -> AtomicResponse<A, Result<T, Fault>>
where
    A: Actor<Context = Context<A>>,
    T: 'static,
    F: FnOnce(&mut A, &mut Context<A>) -> Result<T, Fault> + 'static,
{
    let reply = fut::wrap_future::<_, A>(saved).map(|saved, actor, ctx| {
        saved?;
        then(actor, ctx)
    });
    AtomicResponse::new(Box::pin(reply))
}
