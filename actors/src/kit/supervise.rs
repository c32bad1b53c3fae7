//! How an actor survives its own panics.
//!
//! actix's `Supervisor` drops an actor that panicked, with its address and its queue. [`Supervision`] owns the actor's
//! future instead, polls it inside `catch_unwind`, and restarts it in place: the address stays valid, queued messages are
//! kept, and only the message that panicked is lost.
//!
//! Decision: state after a panic is not trusted. The keeper queues a fresh restore before the next message is handled.

use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};

use actix::dev::ContextFut;
use actix::{Actor, ActorContext, Context, Supervised};

use super::clock::Timestamp;

/// How many panics within [`PANIC_WINDOW_MS`] are a storm, which restarting does not end.
pub const STORM: usize = 5;
/// The time in which panics count together.
pub const PANIC_WINDOW_MS: i64 = 10_000;

/// How a supervised life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The actor stopped, by itself or because it was told to.
    Stopped,
    /// It was given up after too many panics, or could not be brought up at all.
    GivenUp,
}

/// What to do after a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Restart the actor in place.
    Restart,
    /// Stop it: it is in a panic storm.
    GiveUp,
}

/// Who looks after an actor: decides what happens before its first message, on orders from outside, and after a panic.
pub trait Keeper<A: Actor<Context = Context<A>>>: Unpin {
    /// Queues what must happen before the first message, at the start and after every restart.
    fn begin(&mut self, ctx: &mut Context<A>);
    /// Called before the actor is polled; `cx` wakes it when the keeper has something for it.
    fn attend(&mut self, cx: &task::Context<'_>);
    /// Decides after a panic.
    fn panicked(&mut self, message: &str) -> Verdict;
    /// Takes notice that the actor is gone; its address is closed by now.
    fn ended(&mut self, how: End);
}

/// The future of one actor under supervision; spawn it on an arbiter.
pub struct Supervision<A: Supervised<Context = Context<A>>, K: Keeper<A>> {
    life: Option<ContextFut<A, Context<A>>>,
    keeper: K,
}

impl<A: Supervised<Context = Context<A>>, K: Keeper<A>> Supervision<A, K> {
    /// Returns the life of `actor` in `ctx`, looked after by `keeper`.
    pub fn new(actor: A, mut ctx: Context<A>, mut keeper: K) -> Self {
        keeper.begin(&mut ctx);
        Self { life: Some(ctx.into_future(actor)), keeper }
    }

    fn end(&mut self, how: End) {
        if let Some(mut life) = self.life.take() {
            if how == End::GivenUp {
                // Terminated, its drop polls it no more: `stopping` and `stopped` must not see a broken state.
                life.ctx().terminate();
            }
            let _its_drop_may_panic_too = catch_unwind(AssertUnwindSafe(move || drop(life)));
            self.keeper.ended(how);
        }
    }

    /// Takes the actor up again after a panic, or ends it.
    fn recover(&mut self, message: &str) {
        let Some(life) = &mut self.life else { return };
        // A panic while stopping is the end it was heading for.
        if !life.ctx().state().alive() {
            return self.end(End::Stopped);
        }
        if self.keeper.panicked(message) == Verdict::GiveUp {
            return self.end(End::GivenUp);
        }
        // actix restarts nobody without an address, but there may be queued messages and a farewell to go on with.
        let _address = life.address();
        match catch_unwind(AssertUnwindSafe(|| life.restart())) {
            Ok(true) => self.keeper.begin(life.ctx()),
            Ok(false) | Err(_) => self.end(End::GivenUp),
        }
    }
}

impl<A: Supervised<Context = Context<A>>, K: Keeper<A>> Future for Supervision<A, K> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(life) = &mut this.life else { return Poll::Ready(()) };
        this.keeper.attend(cx);
        match catch_unwind(AssertUnwindSafe(|| Pin::new(life).poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => this.end(End::Stopped),
            Err(panic) => this.recover(panic_message(&*panic)),
        }
        if this.life.is_none() {
            return Poll::Ready(());
        }
        // Restarted: let the neighbours have their turn before the next message.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<A: Supervised<Context = Context<A>>, K: Keeper<A>> Drop for Supervision<A, K> {
    /// The arbiter went away: whoever waits for this actor must not wait for ever.
    fn drop(&mut self) {
        self.end(End::Stopped);
    }
}

/// Returns the text of a panic, as far as it has one.
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without a text",
    }
}

/// The panics of the last seconds.
#[derive(Debug, Default)]
pub struct PanicWindow(VecDeque<Timestamp>);

impl PanicWindow {
    /// Counts a panic and returns what to do about it.
    pub fn record(&mut self, now: Timestamp) -> Verdict {
        self.0.push_back(now);
        while self.0.front().is_some_and(|first| now.since(*first) > PANIC_WINDOW_MS) {
            self.0.pop_front();
        }
        if self.0.len() >= STORM { Verdict::GiveUp } else { Verdict::Restart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_panics_in_ten_seconds_are_a_storm_and_five_in_a_minute_are_not() {
        let verdicts = |gap_ms: i64| {
            let mut window = PanicWindow::default();
            (0..5).map(|n| window.record(Timestamp(n * gap_ms))).collect::<Vec<_>>()
        };

        assert_eq!(verdicts(2_500)[4], Verdict::GiveUp);
        assert_eq!(verdicts(0)[3..], [Verdict::Restart, Verdict::GiveUp]);
        assert_eq!(verdicts(12_000), [Verdict::Restart; 5]);
    }

    #[test]
    fn the_text_of_a_panic_is_found_in_both_of_its_forms() {
        let text_of = |panic: Box<dyn Any + Send>| panic_message(&*panic).to_owned();

        assert_eq!(text_of(Box::new("plain")), "plain");
        assert_eq!(text_of(Box::new(String::from("formatted"))), "formatted");
        assert_eq!(text_of(Box::new(7)), "a panic without a text");
    }
}
