//! Who may call: the admin key, bearer tokens, and the switch that closes what the documents leave open.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use hubbub_actors::kit::caller::Caller;
use hubbub_protocol::contract::Access;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::refusals::Refusals;
use subtle::ConstantTimeEq;

/// The header that carries the admin API key.
pub const API_KEY_HEADER: &str = "X-API-Key";

/// A system's admin API key; never shown in a log.
#[derive(Clone)]
pub struct AdminKey(String);

impl AdminKey {
    /// Wraps a key; an empty one means that there is none.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Option<Self> {
        let key = key.into();
        (!key.is_empty()).then_some(Self(key))
    }

    /// Compares in a time that does not depend on where the two differ.
    fn is(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(..)")
    }
}

/// Whom a valid token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The token's id.
    pub subject: String,
    /// The token's role.
    pub role: Option<String>,
}

/// Checks a system's bearer tokens.
pub trait Authenticate: Send + Sync {
    /// Returns whom the token names.
    ///
    /// # Errors
    /// The fault that the contract names for an expired, foreign or broken token.
    fn authenticate(&self, token: &str) -> Result<Identity, Fault>;
}

/// What a request shows to prove who sent it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// The token of `Authorization: Bearer`.
    pub bearer: Option<&'a str>,
    /// The `X-API-Key` header.
    pub api_key: Option<&'a str>,
}

impl<'a> Credentials<'a> {
    /// Reads the credentials of a request.
    #[must_use]
    pub fn of(request: &'a HttpRequest) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        Self { bearer: header("Authorization").and_then(bearer_token), api_key: header(API_KEY_HEADER) }
    }
}

/// Cuts the scheme off; its name is case-insensitive.
pub fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A system's access rules.
#[derive(Clone, Default)]
pub struct Gate {
    /// The admin API key; none: the routes that need it answer that it is not configured.
    pub admin_key: Option<AdminKey>,
    /// Checks bearer tokens; none: no token is valid.
    pub tokens: Option<Arc<dyn Authenticate>>,
    /// Closes the routes of `Access::OpenUnlessStrict` to callers without credentials.
    pub require_auth: bool,
}

impl Gate {
    /// Admits a caller to a route, or says why not.
    ///
    /// Where no credentials are needed, valid ones still name the caller and wrong ones are ignored.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn admit(
        &self,
        access: Access,
        credentials: Credentials<'_>,
        address: Option<IpAddr>,
        refusals: &Refusals,
    ) -> Result<Caller, Fault> {
        let is_admin = self.holds_admin_key(credentials);
        let anyone = Caller { address, admin: is_admin, ..Caller::anonymous() };
        match access {
            Access::AdminKey if is_admin => Ok(anyone),
            Access::AdminKey if self.admin_key.is_none() => Err(refusals.no_key_configured.fault()),
            Access::AdminKey => Err(refusals.wrong_key.fault()),
            Access::OpenUnlessStrict | Access::Roles(_) if is_admin => Ok(anyone),
            Access::OpenUnlessStrict if self.require_auth => Ok(named(anyone, self.identify(credentials, refusals)?)),
            Access::Roles(roles) => {
                let identity = self.identify(credentials, refusals)?;
                let may_call = identity.role.as_deref().is_some_and(|role| roles.contains(&role));
                if may_call { Ok(named(anyone, identity)) } else { Err(refusals.wrong_role.fault()) }
            }
            Access::Open | Access::OpenUnlessStrict => match self.identify(credentials, refusals) {
                Ok(identity) => Ok(named(anyone, identity)),
                Err(_) => Ok(anyone),
            },
        }
    }

    fn holds_admin_key(&self, credentials: Credentials<'_>) -> bool {
        match (&self.admin_key, credentials.api_key) {
            (Some(key), Some(offered)) => key.is(offered),
            _ => false,
        }
    }

    fn identify(&self, credentials: Credentials<'_>, refusals: &Refusals) -> Result<Identity, Fault> {
        match (&self.tokens, credentials.bearer) {
            (Some(tokens), Some(token)) => tokens.authenticate(token),
            _ => Err(refusals.unauthenticated.fault()),
        }
    }
}

fn named(caller: Caller, identity: Identity) -> Caller {
    Caller { subject: Some(identity.subject), role: identity.role, ..caller }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_protocol::fault::Kind;

    const NOTHING: Credentials<'_> = Credentials { bearer: None, api_key: None };
    const KEY: Credentials<'_> = Credentials { bearer: None, api_key: Some("the-key") };
    const WRONG_KEY: Credentials<'_> = Credentials { bearer: None, api_key: Some("the-kez") };
    const TABLET: Credentials<'_> = Credentials { bearer: Some("tablet:T1"), api_key: None };
    const WRONG_TOKEN: Credentials<'_> = Credentials { bearer: Some("forged"), api_key: None };
    const DRIVERS: Access = Access::Roles(&["tablet", "dashboard"]);

    /// Tokens that say `role:subject`.
    struct Spoken;

    impl Authenticate for Spoken {
        fn authenticate(&self, token: &str) -> Result<Identity, Fault> {
            let invalid = || Fault::new(Kind::Unauthenticated, "", "Invalid or expired token");
            let (role, subject) = token.split_once(':').ok_or_else(invalid)?;
            Ok(Identity { subject: subject.into(), role: Some(role.into()) })
        }
    }

    fn gate(require_auth: bool) -> Gate {
        Gate { admin_key: AdminKey::new("the-key"), tokens: Some(Arc::new(Spoken)), require_auth }
    }

    fn refusal(gate: &Gate, access: Access, credentials: Credentials<'_>) -> String {
        match gate.admit(access, credentials, None, &Refusals::COMMON) {
            Ok(caller) => format!("admitted {:?}", caller.subject),
            Err(fault) => format!("{} {}", fault.kind.status(), fault.message),
        }
    }

    #[test]
    fn admin_routes_need_the_key() {
        assert_eq!(refusal(&gate(false), Access::AdminKey, NOTHING), "403 Invalid API key");
        assert_eq!(refusal(&gate(false), Access::AdminKey, WRONG_KEY), "403 Invalid API key");
        assert_eq!(refusal(&gate(false), Access::AdminKey, TABLET), "403 Invalid API key");
        assert_eq!(refusal(&gate(false), Access::AdminKey, KEY), "admitted None");
        let keyless = Gate { admin_key: AdminKey::new(""), ..gate(false) };
        assert_eq!(refusal(&keyless, Access::AdminKey, KEY), "503 Admin API not configured");
    }

    #[test]
    fn the_switch_closes_open_routes() {
        for credentials in [NOTHING, WRONG_TOKEN, WRONG_KEY] {
            assert_eq!(refusal(&gate(false), Access::OpenUnlessStrict, credentials), "admitted None");
        }
        assert_eq!(refusal(&gate(true), Access::OpenUnlessStrict, NOTHING), "401 Authentication required");
        assert_eq!(refusal(&gate(true), Access::OpenUnlessStrict, WRONG_KEY), "401 Authentication required");
        assert_eq!(refusal(&gate(true), Access::OpenUnlessStrict, WRONG_TOKEN), "401 Invalid or expired token");
        assert_eq!(refusal(&gate(true), Access::OpenUnlessStrict, TABLET), "admitted Some(\"T1\")");
        assert_eq!(refusal(&gate(true), Access::OpenUnlessStrict, KEY), "admitted None");
    }

    #[test]
    fn roles_are_checked() {
        let headset = Credentials { bearer: Some("headset:H1"), api_key: None };
        assert_eq!(refusal(&gate(false), DRIVERS, NOTHING), "401 Authentication required");
        assert_eq!(refusal(&gate(false), DRIVERS, headset), "403 Forbidden");
        assert_eq!(refusal(&gate(false), DRIVERS, TABLET), "admitted Some(\"T1\")");
        assert_eq!(refusal(&gate(false), DRIVERS, KEY), "admitted None");
    }

    #[test]
    fn an_open_route_still_learns_who_calls() {
        assert_eq!(refusal(&gate(false), Access::Open, TABLET), "admitted Some(\"T1\")");
        assert_eq!(refusal(&gate(true), Access::Open, NOTHING), "admitted None");
    }

    #[test]
    fn a_bearer_token_is_read_leniently() {
        assert_eq!(bearer_token("Bearer abc"), Some("abc"));
        assert_eq!(bearer_token("bearer  abc "), Some("abc"));
        assert_eq!(bearer_token("Basic abc"), None);
        assert_eq!(bearer_token("Bearer "), None);
        assert_eq!(bearer_token("Bearer"), None);
    }
}
