//! Access tokens: what they say, and whom they let in.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{Email, TOKEN_LIFETIME_SECS};
use hubbub_protocol::quiz::error::unauthorized;
use serde::{Deserialize, Serialize};

use super::Accounts;
use super::account::{Account, Seen};
use super::ids::{AccountId, SessionId};
use crate::kit::deps::Deps;
use crate::kit::registry::Missing;

/// The role of everyone who has an account.
pub const ROLE: &str = "authenticated";

/// What an access token says about its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account.
    pub sub: AccountId,
    /// Its email.
    pub email: Email,
    /// [`ROLE`].
    pub role: String,
    /// The login that it came of.
    pub session_id: SessionId,
}

/// Returns an access token of a session.
#[must_use]
pub fn issue(deps: &Deps, account: AccountId, email: Email, session: SessionId) -> String {
    let claims = Claims { sub: account, email, role: ROLE.to_owned(), session_id: session };
    Accounts::of(deps).tokens.issue(&claims, TOKEN_LIFETIME_SECS, deps.now())
}

/// Returns what a token says.
///
/// # Errors
/// It is broken, expired or revoked (401).
pub fn verify(deps: &Deps, token: &str) -> Result<Claims, Fault> {
    let accounts = Accounts::of(deps);
    let claims: Claims = accounts.tokens.verify(token, deps.now()).map_err(|_| unauthorized())?;
    if accounts.revocations.is_revoked(claims.session_id) { Err(unauthorized()) } else { Ok(claims) }
}

/// Judges the token of a request or a handshake, and lets its account know that its owner is there.
///
/// # Errors
/// The token is broken, expired or revoked, or its account does not exist (401).
pub fn authenticate(deps: &Deps, token: &str) -> Result<Claims, Fault> {
    let claims = verify(deps, token)?;
    match deps.registry::<Account>().find(&claims.sub) {
        Ok(account) => account.do_send(Seen),
        Err(Missing::Unknown) => return Err(unauthorized()),
        Err(Missing::BackingOff(_)) => {}
    }
    Ok(claims)
}
