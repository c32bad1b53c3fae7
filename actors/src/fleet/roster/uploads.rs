//! Whose files an upload brings.

use actix::{Context, Handler, Message};
use hubbub_protocol::fleet::SessionId;

use super::Roster;
use crate::fleet::uploads::telling::Belonging;

/// An upload looks for the sessions that wait for its files.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Vec<SessionId>")]
pub struct SessionsOf(pub Belonging);

impl Handler<SessionsOf> for Roster {
    type Result = Vec<SessionId>;

    fn handle(&mut self, SessionsOf(belonging): SessionsOf, _: &mut Context<Self>) -> Self::Result {
        let timestamp = belonging.timestamp.as_ref().map(|timestamp| timestamp.as_str());
        self.state.sessions_of(timestamp, belonging.session_id.as_deref())
    }
}
