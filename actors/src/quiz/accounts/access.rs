//! Access tokens: what they say, and whom they let in.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{Email, TOKEN_LIFETIME_SECS};
use hubbub_protocol::quiz::error::unauthorized;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Accounts;
use super::account::{Account, Adopt, Seen};
use super::ids::{AccountId, SessionId};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::Missing;

/// The role of everyone who has an account.
pub const ROLE: &str = "authenticated";

/// How far the clock of another server may be ahead; a revocation is remembered for longer than that.
const CLOCKS_DIFFER_SECS: i64 = 60;

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
    /// Whether another server issued it.
    #[serde(skip)]
    pub is_foreign: bool,
}

/// A foreign token: it says the same, and when it expires is of interest.
struct Foreign {
    claims: Claims,
    expires: i64,
}

impl<'de> Deserialize<'de> for Foreign {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let expires = value.get("exp").and_then(Value::as_i64).unwrap_or(i64::MAX);
        let claims = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        Ok(Self { claims, expires })
    }
}

/// Returns an access token of a session.
#[must_use]
pub fn issue(deps: &Deps, account: AccountId, email: Email, session: SessionId) -> String {
    let claims = Claims { sub: account, email, role: ROLE.to_owned(), session_id: session, is_foreign: false };
    Accounts::of(deps).tokens.issue(&claims, TOKEN_LIFETIME_SECS, deps.now())
}

/// Returns what a token says: one of ours, or of Supabase where its secret is known.
///
/// # Errors
/// It is broken, expired or revoked (401).
pub fn verify(deps: &Deps, token: &str) -> Result<Claims, Fault> {
    let accounts = Accounts::of(deps);
    let own = accounts.tokens.verify(token, deps.now());
    let claims = own.or_else(|_| foreign(&accounts, token, deps.now()))?;
    if accounts.revocations.is_revoked(claims.session_id) { Err(unauthorized()) } else { Ok(claims) }
}

/// Reads a foreign token. One that outlives ours could outlive its revocation, and is refused.
fn foreign(accounts: &Accounts, token: &str, now: Timestamp) -> Result<Claims, Fault> {
    let foreign = accounts.foreign.as_ref().ok_or_else(unauthorized)?;
    let Foreign { claims, expires } = foreign.verify::<Foreign>(token, now).map_err(|_| unauthorized())?;
    if claims.role != ROLE || expires > now.secs() + TOKEN_LIFETIME_SECS + CLOCKS_DIFFER_SECS {
        return Err(unauthorized());
    }
    let email = Email::parse(claims.email.as_str()).map_err(|_| unauthorized())?;
    Ok(Claims { email, is_foreign: true, ..claims })
}

/// Judges the token of a request or a handshake, and lets its account know that its owner is there. The account of a foreign token
/// comes into being by that.
///
/// # Errors
/// The token is broken, expired or revoked, or its account does not exist (401).
pub fn authenticate(deps: &Deps, token: &str) -> Result<Claims, Fault> {
    let claims = verify(deps, token)?;
    let accounts = deps.registry::<Account>();
    match accounts.find(&claims.sub) {
        Ok(account) => account.do_send(Seen),
        // What is asked with the token goes into the same mailbox, behind this.
        Err(Missing::Unknown) if claims.is_foreign => accounts.summon(&claims.sub)?.do_send(Adopt(claims.email.clone())),
        Err(Missing::Unknown) => return Err(unauthorized()),
        Err(Missing::BackingOff(_)) => {}
    }
    Ok(claims)
}
