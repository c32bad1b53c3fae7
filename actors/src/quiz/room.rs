//! A game room: one actor, however many play in it.
//!
//! [`state`] has the rules; what a rule decides is a [`change`], which is applied at once, written by the [`log`], and told when it is on
//! disk. [`players`], [`tally`], [`script`], [`score`] and [`ranking`] are what the rules are made of; [`coming`], [`flow`], [`answers`],
//! [`leaderboard`] and [`flows`] are the handlers, `views` what clients are shown.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, ResponseFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::{RoomId, error};

use super::{Wiring, lobby, rooms};
use crate::kit::ask::Route;
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::emit;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Committed, Snapshot, SnapshotStore, StoreError, Stored, reading};

pub mod state;

pub mod change;
pub mod players;
pub mod ranking;
pub mod score;
pub mod script;
pub mod tally;

pub mod answers;
pub mod coming;
pub mod flow;
pub mod flows;
pub mod leaderboard;
pub mod log;
mod news;
mod views;

#[cfg(test)]
mod tests;

use change::Change;
use log::{Log, Written};
use news::News;
use state::{By, Refusal, State};

/// The kind of a room's snapshot.
const KIND: &str = "quiz.room";
/// How often a room looks whether its time is over.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(10);
/// How long a room gathers changes after a write. A write costs many times what an answer does, and at thousands of answers a second
/// hardly any two would share one; nobody notices that an acceptance comes so much later.
const GATHERING: Duration = Duration::from_millis(8);
/// How long a room waits after the disk has failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One game room.
pub struct Room {
    id: RoomId,
    deps: Deps,
    wiring: Arc<Wiring>,
    sockets: emit::Room,
    /// `None` until it is opened, and for ever if it cannot be read.
    state: Option<State>,
    log: Log,
    news: News,
    /// What is stored cannot be read: it is left as it is.
    unreadable: bool,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => error::room_not_found(),
            Refusal::Full => error::room_full(),
            Refusal::NotYours => error::player_taken(),
            Refusal::NotInRoom => error::not_in_the_room(),
            Refusal::NotHost => error::not_the_host(),
            Refusal::AlreadyAnswered => error::already_answered(),
            Refusal::Closed => error::question_closed(),
            Refusal::LastQuestion | Refusal::Invalid(_) => error::invalid_payload(refusal.to_string()),
        }
    }
}

impl Actor for Room {
    type Context = Context<Self>;
}

impl Supervised for Room {}

impl Entity for Room {
    type Key = RoomId;
    const KIND: &'static str = KIND;

    fn new(id: RoomId, deps: Deps) -> Self {
        let (wiring, sockets) = (Wiring::of(&deps), rooms::sockets(&id));
        Self { id, deps, wiring, sockets, state: None, log: Log::default(), news: News::default(), unreadable: false }
    }

    /// Reads the log as well; messages wait until that is done.
    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        ctx.run_interval(EXPIRY_INTERVAL, |room, ctx| room.expire(ctx));
        let Some(stored) = snapshot else { return Ok(()) };
        let id = self.id;
        let read = move |store: &dyn SnapshotStore| Log::read(&id, &stored, store);
        reading::first(&self.deps, ctx, read, |room: &mut Self, read, ctx| match read {
            Ok((state, log)) => room.take_over(state, log, ctx),
            Err(error) => room.refuse_to_run(&error),
        });
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.state.as_ref().map(|state| self.log.checkpoint(&self.id, state))
    }

    /// A room that is open has its host and its players to wait for.
    fn is_idle(&self) -> bool {
        let is_over = self.state.as_ref().is_none_or(|state| state.ended_at().is_some());
        is_over && !self.log.is_writing
    }
}

impl Room {
    fn take_over(&mut self, state: State, log: Log, ctx: &mut Context<Self>) {
        (self.state, self.log) = (Some(state), log);
        let (boot_id, now) = (self.deps.boot_id(), self.deps.now());
        let is_restart = self.state.as_mut().and_then(|state| state.found_by(boot_id, now));
        match is_restart {
            Some(change) => self.note(vec![change], ctx),
            // After a panic it is not known whether the write under way succeeds, so nothing may follow it.
            None => self.log.want_checkpoint(),
        }
        self.write_soon(ctx);
    }

    fn refuse_to_run(&mut self, error: &StoreError) {
        tracing::error!(room.id = %self.id, "room `{}` cannot be read: {error}", self.id);
        self.unreadable = true;
    }

    /// Returns the state of an open room.
    fn open(&mut self) -> Result<&mut State, Fault> {
        if self.unreadable {
            return Err(Fault::unavailable("This room cannot be read"));
        }
        self.state.as_mut().filter(|state| state.ended_at().is_none()).ok_or_else(error::room_not_found)
    }

    /// Puts changes, which are applied already, in line for the disk.
    fn note(&mut self, changes: Vec<Change>, ctx: &mut Context<Self>) {
        changes.into_iter().for_each(|change| self.log.push(change));
        self.write_soon(ctx);
    }

    /// Puts a change in line for the disk; the future completes when it is there.
    fn commit(&mut self, change: Change, ctx: &mut Context<Self>) -> Committed {
        self.log.push(change);
        let committed = self.log.wait();
        self.write_soon(ctx);
        committed
    }

    /// Writes what is due, unless a write is under way, after which it is looked at again.
    fn write_soon(&mut self, ctx: &mut Context<Self>) {
        if self.log.is_writing || !self.log.is_due() {
            return;
        }
        self.log.is_writing = true;
        // A spawned future runs after the mailbox is drained, so all messages of this turn share one write.
        let turn = fut::wrap_future::<_, Self>(std::future::ready(()));
        ctx.spawn(turn.map(|(), room, ctx| room.write(ctx)));
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        let Some(state) = &self.state else { return };
        let writing = log::write(self.log.take(&self.id, state), self.deps.snapshots().clone());
        ctx.spawn(fut::wrap_future::<_, Self>(writing).map(|written, room, ctx| room.after_write(written, ctx)));
    }

    fn after_write(&mut self, written: Written, ctx: &mut Context<Self>) {
        self.tell_news(written.saved(), ctx);
        let rest = if written.has_failed() { RETRY_AFTER } else { GATHERING };
        self.log.written(written, &self.id, &**self.deps.snapshots());
        ctx.run_later(rest, |room, ctx| {
            room.log.is_writing = false;
            room.write_soon(ctx);
        });
    }

    /// Ends the room if nobody is there any more.
    fn expire(&mut self, ctx: &mut Context<Self>) {
        let now = self.deps.now();
        let is_due = self.state.as_ref().and_then(State::deadline).is_some_and(|deadline| now >= deadline);
        if !is_due {
            return;
        }
        self.dissolve();
        let ended = self.state.as_mut().and_then(|state| state.expire(now));
        self.log.want_checkpoint();
        self.note(ended.into_iter().collect(), ctx);
    }

    /// Lets all sockets go, and the code.
    fn dissolve(&self) {
        let Some(state) = &self.state else { return };
        for player in state.players().present() {
            self.wiring.emitter.leave(&player.socket, &self.sockets);
        }
        if let Some(host) = state.host_socket() {
            self.wiring.emitter.leave(host, &self.sockets);
        }
        lobby::tell(&self.deps, lobby::RoomEnded { code: state.game().code.clone(), room: self.id });
    }

    /// Lets a socket hear what the room is told, and has its end told to the room.
    fn let_hear(&self, caller: &Caller) {
        if let Some(socket) = &caller.socket {
            self.wiring.emitter.join(socket, &self.sockets);
            lobby::tell(&self.deps, lobby::Entered { socket: socket.clone(), room: self.id });
        }
    }
}

/// Returns who asks, as the rules want to know it.
fn by(caller: &Caller) -> By<'_> {
    By { user: caller.subject.as_deref(), socket: caller.socket.as_ref() }
}

/// Returns who asks, if he has an account.
fn by_user(caller: &Caller) -> Result<By<'_>, Fault> {
    if caller.subject.is_some() { Ok(by(caller)) } else { Err(error::unauthorized()) }
}

/// Returns the way to a room that a client names.
#[expect(clippy::unnecessary_wraps, reason = "what a route returns")]
fn route(id: RoomId) -> Result<Route<RoomId>, Fault> {
    Ok(Route::Find(id, error::room_not_found()))
}

/// The answer to an ask. The room goes on with other messages until it is given.
type Answer<T> = ResponseFuture<Result<T, Fault>>;

fn refuse<T: 'static>(fault: impl Into<Fault>) -> Answer<T> {
    Box::pin(std::future::ready(Err(fault.into())))
}
