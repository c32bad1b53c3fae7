//! Group commit for one busy actor: however many messages arrive while a write is under way, the state is encoded once for
//! all of them.
//!
//! Decision: encode when the disk is ready, not when the message is handled, because a room under load would otherwise be
//! encoded for every answer. Reason against: a panic in a later message also fails the replies that still wait for their
//! encoding (their clients are told to try again). An actor with few writes uses [`Persist::commit`](super::Persist::commit).

use actix::{ActorFutureExt, AsyncContext, Context, fut};

use super::{Ack, Committed, StoreError};
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;

/// The commits of one actor that wait for the write under way. A field of the actor, made anew with it.
#[derive(Debug, Default)]
pub struct Latest {
    waiting: Vec<Ack>,
    writing: bool,
}

impl Latest {
    /// Returns whether a reply depends on a write; such an actor is not idle.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.writing
    }

    /// Commits the state that the actor has when the disk is ready; `of` finds this field in the actor.
    pub fn commit<A: Entity>(&mut self, deps: &Deps, ctx: &mut Context<A>, of: fn(&mut A) -> &mut Self) -> Committed {
        let (ack, committed) = Committed::open();
        self.waiting.push(ack);
        if !self.writing {
            self.writing = true;
            write_next(deps.clone(), ctx, of);
        }
        committed
    }
}

/// Waits for the actor's turn, writes its state for everyone who waits, and looks again afterwards.
fn write_next<A: Entity>(deps: Deps, ctx: &mut Context<A>, of: fn(&mut A) -> &mut Latest) {
    // A spawned future runs after the mailbox is drained, so all messages of this turn share one write.
    let turn = fut::wrap_future::<_, A>(std::future::ready(()));
    ctx.spawn(turn.map(move |(), actor: &mut A, ctx: &mut Context<A>| {
        let waiting = std::mem::take(&mut of(actor).waiting);
        let written = match actor.snapshot() {
            Some(snapshot) => deps.snapshots().commit(snapshot),
            None => Committed::known(Ok(())),
        };
        let again = fut::wrap_future::<_, A>(settle(written, waiting));
        ctx.spawn(again.map(move |(), actor, ctx| {
            if of(actor).waiting.is_empty() {
                of(actor).writing = false;
            } else {
                write_next(deps, ctx, of);
            }
        }));
    }));
}

/// Tells everyone who waited how the write ended; on a task of its own, so that a panic of the actor changes nothing.
async fn settle(written: Committed, waiting: Vec<Ack>) {
    let settled = actix_rt::spawn(async move {
        let outcome: Result<(), StoreError> = written.await;
        waiting.into_iter().for_each(|ack| ack.settle(outcome.clone()));
    });
    let _stopped_with_its_arbiter = settled.await;
}
