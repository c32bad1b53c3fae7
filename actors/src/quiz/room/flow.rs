//! The host's questions: start, next, end. What the room is told is on disk.

use actix::{Context, Handler};
use hubbub_protocol::contract::Emit;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::{EndQuestion, NextQuestion, QuestionChanged, QuestionEnded, QuestionStarted, StartQuestion};
use hubbub_protocol::quiz::{RoomId, error};

use super::change::Change;
use super::state::{By, Refusal, State};
use super::{Answer, Room, by_user, refuse, route, views};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::caller::Caller;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;

impl Room {
    /// Takes a step of the host's, and tells the room when it is on disk.
    pub(super) fn step<E: Emit + Clone + Send + 'static>(
        &mut self,
        caller: &Caller,
        ctx: &mut Context<Self>,
        rule: impl FnOnce(&mut State, By<'_>, Timestamp) -> Result<Change, Refusal>,
        view: impl FnOnce(RoomId, &State) -> Option<E>,
    ) -> Answer<E> {
        // The last question's tally is complete: told before anything else is.
        let stepped = self.try_step(caller, ctx, rule);
        let change = match stepped {
            Ok(change) => change,
            Err(fault) => return refuse(fault),
        };
        let told = self.state.as_ref().and_then(|state| view(self.id, state));
        let committed = self.commit(change, ctx);
        let (wiring, sockets) = (self.wiring.clone(), self.sockets.clone());
        Box::pin(async move {
            committed.await?;
            let told = told.ok_or_else(error::room_not_found)?;
            wiring.emitter.emit(&sockets, &told);
            Ok(told)
        })
    }

    fn try_step(
        &mut self,
        caller: &Caller,
        ctx: &mut Context<Self>,
        rule: impl FnOnce(&mut State, By<'_>, Timestamp) -> Result<Change, Refusal>,
    ) -> Result<Change, Fault> {
        let (now, by) = (self.deps.now(), by_user(caller)?);
        let came_back = self.open()?.host_is_here(by)?;
        if came_back.is_some() {
            self.let_hear(caller);
        }
        self.note(came_back.into_iter().collect(), ctx);
        self.tell_tally();
        Ok(rule(self.open()?, by, now)?)
    }
}

impl Routed for StartQuestion {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        route(ask.body.room_id)
    }
}

impl Handler<Ask<StartQuestion>> for Room {
    type Result = Answer<QuestionStarted>;

    fn handle(&mut self, ask: Ask<StartQuestion>, ctx: &mut Context<Self>) -> Self::Result {
        let StartQuestion { question_id, starts_at, ends_at, .. } = ask.body;
        let (starts_at, ends_at) = (Timestamp(starts_at), Timestamp(ends_at));
        self.step(&ask.caller, ctx, |state, by, now| state.start(by, &question_id, starts_at, ends_at, now), started)
    }
}

/// Returns the present question as one that has started.
pub(super) fn started(room_id: RoomId, state: &State) -> Option<QuestionStarted> {
    let (current, asked) = state.current()?;
    Some(QuestionStarted { room_id, question: views::question(state, asked), ends_at: current.ends_at.0 })
}

impl Routed for NextQuestion {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        route(ask.body.room_id)
    }
}

impl Handler<Ask<NextQuestion>> for Room {
    type Result = Answer<QuestionChanged>;

    fn handle(&mut self, ask: Ask<NextQuestion>, ctx: &mut Context<Self>) -> Self::Result {
        let question_id = ask.body.next_question_id;
        self.step(&ask.caller, ctx, |state, by, now| state.next(by, &question_id, now), changed)
    }
}

/// Returns the present question as one that the game has changed to.
pub(super) fn changed(room_id: RoomId, state: &State) -> Option<QuestionChanged> {
    let (_, asked) = state.current()?;
    Some(QuestionChanged { room_id, question: views::question(state, asked) })
}

impl Routed for EndQuestion {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        route(ask.body.room_id)
    }
}

impl Handler<Ask<EndQuestion>> for Room {
    type Result = Answer<QuestionEnded>;

    fn handle(&mut self, ask: Ask<EndQuestion>, ctx: &mut Context<Self>) -> Self::Result {
        self.step(&ask.caller, ctx, |state, by, now| state.close(by, now), |id, state| Some(views::ended(id, state)))
    }
}
