//! How an entity goes: after its last message, after saving, and without anybody's message falling into the gap.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use actix::{ActorContext, ActorFuture, AsyncContext, Context};

use super::Entity;
use super::entities::Entities;
use super::life::{Life, Order};
use crate::kit::deps::Deps;
use crate::kit::snapshot::Persist;

/// Lives inside the actor from its first to its last message, and does nothing until an order to go is given. actix polls it
/// after the mailbox is drained and never during a `wait`.
///
/// Retiring takes three looks. First the registry gives up its own address, so that every later sender must come through the
/// registry, which wins the entity back for him. Then nobody else may hold an address either. What was sent before that
/// second look is in the mailbox and is handled before the third; if nobody came meanwhile, the mailbox is empty for good.
pub(super) struct Farewell<A: Entity> {
    entities: Arc<Entities<A>>,
    deps: Deps,
    key: A::Key,
    life: Arc<Life>,
    looks: u8,
}

impl<A: Entity> Farewell<A> {
    pub(super) fn new(entities: Arc<Entities<A>>, deps: Deps, key: A::Key, life: Arc<Life>) -> Self {
        Self { entities, deps, key, life, looks: 0 }
    }

    fn look_again(&mut self, cx: &task::Context<'_>) -> Poll<()> {
        self.looks += 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The entity stays, because it is needed or because somebody asked for it.
    fn stay(&mut self, ctx: &mut Context<A>) -> Poll<()> {
        self.looks = 0;
        self.entities.win_back(&self.key, &self.life, ctx.address());
        self.life.touch(self.deps.now());
        self.life.stay();
        Poll::Pending
    }

    fn retire(&mut self, actor: &mut A, ctx: &mut Context<A>, cx: &task::Context<'_>) -> Poll<()> {
        if !actor.is_idle() {
            return self.stay(ctx);
        }
        if self.looks == 0 {
            return if self.entities.retire(&self.key, &self.life) { self.look_again(cx) } else { self.stay(ctx) };
        }
        if !self.entities.is_retiring(&self.key, &self.life) {
            return self.stay(ctx);
        }
        if ctx.connected() {
            // The last holder's drop wakes the actor.
            self.looks = 1;
            return Poll::Pending;
        }
        if self.looks == 1 {
            return self.look_again(cx);
        }
        actor.write_behind(&self.deps);
        if !self.entities.let_go(&self.key, &self.life) {
            return self.stay(ctx);
        }
        ctx.stop();
        Poll::Ready(())
    }

    fn stop(&mut self, actor: &A, ctx: &mut Context<A>, cx: &task::Context<'_>) -> Poll<()> {
        if self.looks == 0 {
            // Whoever had the address when the order was given gets his message in.
            return self.look_again(cx);
        }
        actor.write_behind(&self.deps);
        ctx.stop();
        Poll::Ready(())
    }
}

impl<A: Entity> ActorFuture<A> for Farewell<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, actor: &mut A, ctx: &mut Context<A>, cx: &mut task::Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let order = this.life.order();
        if order == Order::Live {
            return Poll::Pending;
        }
        if ctx.waiting() {
            // A handler of this turn asked for a wait: the mailbox may not be empty.
            this.looks = this.looks.min(1);
            return Poll::Pending;
        }
        match order {
            Order::Live => Poll::Pending,
            Order::Retire => this.retire(actor, ctx, cx),
            Order::Stop => this.stop(actor, ctx, cx),
            Order::Vanish => {
                ctx.stop();
                Poll::Ready(())
            }
        }
    }
}
