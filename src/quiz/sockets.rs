//! What the quiz does when sockets come, go, and send too much.

use std::sync::Arc;

use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_actors::quiz::presence::{Origin, connected, disconnected};
use hubbub_protocol::quiz::Quiz;
use hubbub_protocol::wire::value::Value;

use super::access;
use crate::edge::SystemTraffic;
use crate::realtime::dispatch::Socket;
use crate::realtime::handshake::Handshake;
use crate::realtime::namespace::{ConnectRefusal, Handled, Hooks};

/// The quiz's part of its namespace.
pub struct QuizHooks {
    /// Its actors.
    pub deps: Deps,
    /// Where its events are counted.
    pub traffic: Arc<SystemTraffic>,
}

impl Hooks for QuizHooks {
    fn admit(&self, handshake: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal> {
        access::admit(&self.deps, handshake, auth)
    }

    fn connected(&self, socket: &Arc<Socket>, handshake: &Handshake, auth: Option<&Value>) -> Handled {
        let user_agent = handshake.user_agent.as_deref().map(str::to_owned);
        let origin = Origin { user_agent, device: device(handshake, auth) };
        let (deps, socket) = (self.deps.clone(), Arc::clone(socket));
        Handled::Later(Box::pin(async move {
            if let Err(fault) = connected(&deps, &socket.caller, origin).await {
                socket.fail::<Quiz>(&deps, &fault, None);
            }
        }))
    }

    fn disconnected(&self, socket: &Arc<Socket>, _: CloseReason) -> Handled {
        let (deps, socket) = (self.deps.clone(), Arc::clone(socket));
        Handled::Later(Box::pin(async move {
            if let Err(fault) = disconnected(&deps, &socket.caller).await {
                tracing::warn!(socket.id = %socket.id, %fault, "socket `{}` could not be seen off: {fault}", socket.id);
            }
        }))
    }

    fn counted(&self, event: &'static str, is_accepted: bool) {
        self.traffic.event(event, is_accepted);
    }
}

/// Returns what a client calls its device: `auth.deviceId`, else the query's, for clients of version 2 have no `auth`.
fn device(handshake: &Handshake, auth: Option<&Value>) -> Option<String> {
    let of_auth = auth.and_then(|auth| auth.get("deviceId")).and_then(Value::as_str).map(str::to_owned);
    of_auth.or_else(|| handshake.query_value("deviceId"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_in_auth_or_else_in_the_query() {
        let auth = |name: Value| Value::Object(vec![("deviceId".to_owned(), name)]);
        let query = Handshake { query: "EIO=3&deviceId=of%20query".into(), ..Handshake::default() };
        let check = |handshake: &Handshake, auth: Option<&Value>, expected: Option<&str>| {
            assert_eq!(device(handshake, auth).as_deref(), expected);
        };
        check(&query, Some(&auth(Value::String("of auth".to_owned()))), Some("of auth"));
        check(&query, Some(&auth(Value::Null)), Some("of query"));
        check(&query, None, Some("of query"));
        check(&Handshake::default(), None, None);
    }
}
