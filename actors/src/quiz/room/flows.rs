//! `/game-flows`: where a game stands, over REST. The room and its flow are one: advancing here is what `game:flow:next` does, and a flow
//! outlives its room. The list is the host's ([`super::super::host`]).

use actix::{Context, Handler, Message};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::flows::{AdvanceFlow, DeleteFlow, Flow, FlowAdvanced, FlowDeleted, FlowUpdated, GetFlow, UpdateFlow};
use hubbub_protocol::quiz::{RoomId, error};

use super::flow::changed;
use super::state::{NewStart, Refusal, State};
use super::{Answer, KIND, Room, by, by_user, refuse};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::caller::Caller;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::snapshot::after;
use crate::quiz::host;

/// Returns the refusal of a flow that is not there.
fn flow_not_found() -> Fault {
    Fault::not_found("Game flow not found")
}

fn to_flow(id: RoomId) -> Route<RoomId> {
    Route::Find(id, flow_not_found())
}

/// Returns the flow of a room as clients see it.
fn view(id: RoomId, state: &State) -> Flow {
    let (game, flow) = (state.game(), state.flow());
    Flow {
        id: game.flow_id,
        game_id: id,
        quiz_set_id: game.quiz_set_id,
        current_question_index: flow.index,
        total_questions: flow.total,
        question_start_time: flow.question_start_time.map(Timestamp::iso),
        created_at: game.created_at.iso(),
        updated_at: flow.updated_at.iso(),
    }
}

impl Room {
    /// Returns the state of a room that may be over.
    fn flow(&mut self) -> Result<&mut State, Fault> {
        if self.unreadable {
            return Err(Fault::unavailable("This game cannot be read"));
        }
        self.state.as_mut().ok_or_else(flow_not_found)
    }

    fn flow_of_host(&mut self, caller: &Caller) -> Result<&mut State, Fault> {
        let by = by_user(caller)?;
        let state = self.flow()?;
        state.must_be_host(by)?;
        Ok(state)
    }
}

/// Somebody wants to see the flow.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Flow, Fault>")]
pub struct ViewFlow;

impl Handler<ViewFlow> for Room {
    type Result = Result<Flow, Fault>;

    fn handle(&mut self, _: ViewFlow, _: &mut Context<Self>) -> Self::Result {
        let id = self.id;
        self.flow().map(|state| view(id, state))
    }
}

impl Routed for GetFlow {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        Ok(to_flow(ask.body.game_id))
    }
}

impl Handler<Ask<GetFlow>> for Room {
    type Result = Result<Flow, Fault>;

    fn handle(&mut self, ask: Ask<GetFlow>, _: &mut Context<Self>) -> Self::Result {
        let (id, is_closed) = (self.id, self.wiring.only_players_see_flows);
        let state = self.flow()?;
        let user = ask.caller.subject()?;
        let may_see = !is_closed || state.must_be_host(by(&ask.caller)).is_ok() || state.has_player_of(user);
        if may_see { Ok(view(id, state)) } else { Err(error::not_in_the_room()) }
    }
}

impl Routed for AdvanceFlow {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        Ok(to_flow(ask.body.game_id))
    }
}

impl Handler<Ask<AdvanceFlow>> for Room {
    type Result = Answer<FlowAdvanced>;

    fn handle(&mut self, ask: Ask<AdvanceFlow>, ctx: &mut Context<Self>) -> Self::Result {
        // Before the step's own checks: a stranger is refused, whatever has become of the room.
        if let Err(fault) = self.flow_of_host(&ask.caller) {
            return refuse(fault);
        }
        let told = self.step(&ask.caller, ctx, |state, by, now| state.advance(by, now), changed);
        let id = self.id;
        let advanced = self.state.as_ref().map(|state| FlowAdvanced::from(view(id, state)));
        Box::pin(async move {
            told.await?;
            advanced.ok_or_else(flow_not_found)
        })
    }
}

impl Routed for UpdateFlow {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        Ok(to_flow(ask.body.game_id))
    }
}

impl Handler<Ask<UpdateFlow>> for Room {
    type Result = Answer<FlowUpdated>;

    fn handle(&mut self, ask: Ask<UpdateFlow>, ctx: &mut Context<Self>) -> Self::Result {
        match self.update_flow(&ask, ctx) {
            Ok(answer) => answer,
            Err(fault) => refuse(fault),
        }
    }
}

impl Room {
    fn update_flow(&mut self, ask: &Ask<UpdateFlow>, ctx: &mut Context<Self>) -> Result<Answer<FlowUpdated>, Fault> {
        let (id, now) = (self.id, self.deps.now());
        let state = self.flow_of_host(&ask.caller)?;
        let changes = ask.body.read()?;
        let start = changes.question_start_time.map(|start| NewStart(start.map(Timestamp)));
        let moved = state.move_flow(by(&ask.caller), changes.current_question_index, start, now);
        let total = state.flow().total;
        let change = moved.map_err(|refusal| match refusal {
            Refusal::Invalid(_) => UpdateFlow::no_such_question(total),
            other => other.into(),
        })?;
        let updated = FlowUpdated::from(view(id, state));
        Ok(after(self.commit(change, ctx), updated))
    }
}

impl Routed for DeleteFlow {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        Ok(to_flow(ask.body.game_id))
    }
}

impl Handler<Ask<DeleteFlow>> for Room {
    type Result = Answer<FlowDeleted>;

    /// The room is closed, and nothing of it stays.
    fn handle(&mut self, ask: Ask<DeleteFlow>, _: &mut Context<Self>) -> Self::Result {
        let host = match self.flow_of_host(&ask.caller) {
            Ok(state) => state.game().host.clone(),
            Err(fault) => return refuse(fault),
        };
        self.dissolve();
        self.state = None;
        let (id, deps) = (self.id, self.deps.clone());
        let removed = deps.snapshots().remove(KIND, &id.to_string());
        self.log.forget(&id, &**deps.snapshots());
        drop(deps.registry::<Self>().remove(&id));
        host::tell(&deps, &host, host::Deleted { game_id: id });
        after(removed, FlowDeleted::default())
    }
}
