//! Access tokens at the door: of a socket's handshake, and of a REST request.

use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::quiz::accounts::access::{self, ROLE};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::wire::value::Value;

use crate::edge::{Authenticate, Identity};
use crate::realtime::handshake::Handshake;
use crate::realtime::namespace::ConnectRefusal;

/// Checks the access tokens of REST requests.
pub struct AccessTokens(pub Deps);

impl Authenticate for AccessTokens {
    fn authenticate(&self, token: &str) -> Result<Identity, Fault> {
        let claims = access::authenticate(&self.0, token)?;
        Ok(Identity { subject: claims.sub.to_string(), role: Some(claims.role) })
    }
}

/// Decides whether a socket may join. Players may be guests: only a token that is shown and wrong keeps somebody out.
///
/// # Errors
/// The `connect_error` for a bad token.
pub fn admit(deps: &Deps, handshake: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal> {
    let guest = Caller { address: handshake.address, ..Caller::anonymous() };
    let Some(token) = handshake.token(auth) else { return Ok(guest) };
    let claims = access::authenticate(deps, &token).map_err(|fault| refusal(&fault))?;
    Ok(Caller { subject: Some(claims.sub.to_string()), role: Some(ROLE.to_owned()), ..guest })
}

fn refusal(fault: &Fault) -> ConnectRefusal {
    let text = |key: &str, text: &str| (key.to_owned(), Value::String(text.to_owned()));
    let data = Value::Object(vec![text("error", "unauthorized"), text("message", &fault.message)]);
    ConnectRefusal { message: "unauthorized".to_owned(), data: Some(data) }
}
