//! Device tokens at the door: of a socket's handshake, and of a REST request.

use hubbub_actors::fleet::auth;
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::fleet::auth::Claims;
use hubbub_protocol::wire::value::Value;

use crate::edge::{Authenticate, Identity};
use crate::realtime::handshake::Handshake;
use crate::realtime::namespace::ConnectRefusal;

const REQUIRED: &str = "Authentication required";
const INVALID: &str = "Invalid or expired token";

/// Checks the device tokens of REST requests.
pub struct DeviceTokens(pub Deps);

impl Authenticate for DeviceTokens {
    fn authenticate(&self, token: &str) -> Result<Identity, Fault> {
        let claims = auth::verify(&self.0, token).ok_or_else(|| Fault::new(Kind::Unauthenticated, "", INVALID))?;
        Ok(Identity { subject: claims.device_id.to_string(), role: Some(claims.device_type.as_str().to_owned()) })
    }
}

/// Decides whether a socket may join.
///
/// # Errors
/// The `connect_error` for a missing or bad token.
pub fn admit(deps: &Deps, handshake: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal> {
    let token = handshake.token(auth).ok_or_else(|| refusal(REQUIRED, "AUTH_REQUIRED"))?;
    let claims = auth::verify(deps, &token).ok_or_else(|| refusal(INVALID, "AUTH_INVALID"))?;
    Ok(caller(handshake, &claims))
}

fn caller(handshake: &Handshake, claims: &Claims) -> Caller {
    let (role, subject) = (claims.device_type.as_str().to_owned(), claims.device_id.to_string());
    Caller { address: handshake.address, role: Some(role), subject: Some(subject), ..Caller::anonymous() }
}

fn refusal(message: &str, code: &str) -> ConnectRefusal {
    let data = Value::Object(vec![("code".to_owned(), Value::String(code.to_owned()))]);
    ConnectRefusal { message: message.to_owned(), data: Some(data) }
}
