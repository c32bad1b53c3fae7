//! Device tokens at the door: of a socket's handshake, and of a REST request.

use hubbub_actors::fleet::auth;
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::fleet::auth::Claims;
use hubbub_protocol::wire::value::Value;

use crate::edge::access::bearer_token;
use crate::edge::{Authenticate, Identity};
use crate::realtime::namespace::{ConnectRefusal, Handshake};

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

/// Decides whether a socket may join. Its token comes from `auth.token`, else the `Authorization` header, else the query.
///
/// # Errors
/// The `connect_error` for a missing or bad token.
pub fn admit(deps: &Deps, handshake: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal> {
    let token = token(handshake, auth).ok_or_else(|| refusal(REQUIRED, "AUTH_REQUIRED"))?;
    let claims = auth::verify(deps, &token).ok_or_else(|| refusal(INVALID, "AUTH_INVALID"))?;
    Ok(caller(handshake, &claims))
}

fn token(handshake: &Handshake, auth: Option<&Value>) -> Option<String> {
    let of_auth = || auth?.get("token")?.as_str().map(str::to_owned);
    let of_header = || bearer_token(handshake.authorization.as_deref()?).map(str::to_owned);
    let of_query = || handshake.query_value("token");
    of_auth().filter(is_given).or_else(of_header).or_else(|| of_query().filter(is_given))
}

#[expect(clippy::ptr_arg, reason = "a filter over Option<String> hands out &String")]
fn is_given(token: &String) -> bool {
    !token.is_empty()
}

fn caller(handshake: &Handshake, claims: &Claims) -> Caller {
    let (role, subject) = (claims.device_type.as_str().to_owned(), claims.device_id.to_string());
    Caller { address: handshake.address, role: Some(role), subject: Some(subject), ..Caller::anonymous() }
}

fn refusal(message: &str, code: &str) -> ConnectRefusal {
    let data = Value::Object(vec![("code".to_owned(), Value::String(code.to_owned()))]);
    ConnectRefusal { message: message.to_owned(), data: Some(data) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(token: &str) -> Value {
        Value::Object(vec![("token".to_owned(), Value::String(token.to_owned()))])
    }

    #[test]
    fn a_token_is_taken_from_auth_then_header_then_query() {
        let full =
            Handshake { authorization: Some("Bearer header".into()), query: "EIO=4&token=query".into(), ..Handshake::default() };
        let query = Handshake { authorization: None, ..full.clone() };
        let check = |handshake: &Handshake, auth: Option<&Value>, expected: Option<&str>| {
            assert_eq!(token(handshake, auth).as_deref(), expected);
        };
        check(&full, Some(&auth("auth")), Some("auth"));
        check(&full, Some(&auth("")), Some("header"));
        check(&full, Some(&Value::Null), Some("header"));
        check(&query, None, Some("query"));
        check(&Handshake::default(), Some(&Value::Object(vec![])), None);
        check(&Handshake { query: "token=".into(), ..Handshake::default() }, None, None);
    }
}
