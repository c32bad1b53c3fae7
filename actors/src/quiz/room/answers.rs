//! `game:answer:submit`: an answer counts at once, and is accepted when it is on disk.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::RoomId;
use hubbub_protocol::quiz::rooms::{AnswerAccepted, SubmitAnswer};

use super::state::Refusal;
use super::{Answer, Room, by, refuse, route};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::snapshot::Committed;

impl Routed for SubmitAnswer {
    type Actor = Room;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<RoomId>, Fault> {
        route(ask.body.room_id)
    }
}

impl Handler<Ask<SubmitAnswer>> for Room {
    type Result = Answer<AnswerAccepted>;

    fn handle(&mut self, ask: Ask<SubmitAnswer>, ctx: &mut Context<Self>) -> Self::Result {
        let (committed, at) = match self.submit(&ask, ctx) {
            Ok(submitted) => submitted,
            Err(fault) => return refuse(fault),
        };
        let SubmitAnswer { room_id, player_id, question_id, .. } = ask.body;
        let accepted = AnswerAccepted { room_id, player_id, question_id, submitted_at: at.iso() };
        let (wiring, socket) = (self.wiring.clone(), ask.caller.socket);
        Box::pin(async move {
            committed.await?;
            if let Some(socket) = socket {
                wiring.emitter.socket(&socket, &accepted);
            }
            Ok(accepted)
        })
    }
}

impl Room {
    fn submit(&mut self, ask: &Ask<SubmitAnswer>, ctx: &mut Context<Self>) -> Result<(Committed, Timestamp), Fault> {
        let (now, sent, by) = (self.deps.now(), &ask.body, by(&ask.caller));
        let submitted = self.open()?.submit(by, sent.player_id.as_str(), &sent.question_id, &sent.answer.key(), now);
        match submitted {
            Ok(change) => Ok((self.commit(change, ctx), now)),
            Err(Refusal::AlreadyAnswered) => {
                // It counts already, but its player was told that it could not be saved: he may ask again.
                let slot = self.open()?.players().find(sent.player_id.as_str()).map(|(slot, _)| slot);
                let unsaved_since = slot.and_then(|slot| self.log.unsaved(slot)).ok_or(Refusal::AlreadyAnswered)?;
                let committed = self.log.wait();
                self.write_soon(ctx);
                Ok((committed, unsaved_since))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}
