//! `client:hello`: the client is ready. Nothing depends on it; the greeting before it is [`connected`](crate::quiz::connected)'s.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::rooms::ClientHello;

use super::Lobby;
use crate::kit::ask::Ask;

impl Handler<Ask<ClientHello>> for Lobby {
    type Result = Result<(), Fault>;

    fn handle(&mut self, _: Ask<ClientHello>, _: &mut Context<Self>) -> Self::Result {
        Ok(())
    }
}
