//! Tokens for devices: whoever asks gets one, unless an enrolment secret is set.
//!
//! No actor: a token is signed and read from the ask alone.

use std::fmt;

use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::fleet::auth::{
    Claims, DeviceType, GenerateToken, RequestDeviceToken, TOKEN_LIFETIME_SECS, TokenIssued, TokenVerified, VerifyToken,
    read_claims,
};
use subtle::ConstantTimeEq;

use super::Wiring;
use crate::kit::ask::Ask;
use crate::kit::deps::Deps;

/// What a device shows to get its first token; a secret of its type beats the common one.
#[derive(Clone, Default)]
pub struct Enrolment {
    /// For every type that has none of its own.
    pub common: Option<String>,
    /// For headsets.
    pub headset: Option<String>,
    /// For tablets.
    pub tablet: Option<String>,
    /// For dashboards.
    pub dashboard: Option<String>,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Enrolment(..)")
    }
}

impl Enrolment {
    /// Checks what a device of this type shows.
    fn check(&self, kind: DeviceType, shown: Option<&str>) -> Result<(), Fault> {
        let own = match kind {
            DeviceType::Headset => &self.headset,
            DeviceType::Tablet => &self.tablet,
            DeviceType::Dashboard => &self.dashboard,
        };
        let Some(secret) = own.as_ref().or(self.common.as_ref()) else { return Ok(()) };
        let is_shown: bool = secret.as_bytes().ct_eq(shown.unwrap_or_default().as_bytes()).into();
        if is_shown { Ok(()) } else { Err(Fault::new(Kind::Unauthenticated, "", "Enrolment required")) }
    }
}

/// Answers `POST /auth/device-token`.
///
/// # Errors
/// A field is missing or wrong (400), or the enrolment secret is (401).
pub async fn device_token(deps: Deps, ask: Ask<RequestDeviceToken>) -> Result<TokenIssued, Fault> {
    let claims = read_claims(ask.body.device_id.as_deref(), ask.body.device_type.as_deref())?;
    Wiring::of(&deps).enrolment.check(claims.device_type, ask.body.enrolment_key.as_deref())?;
    Ok(issue(&deps, claims))
}

/// Answers `POST /auth/generate-token`, whose caller has shown the admin key.
///
/// # Errors
/// A field is missing or wrong (400).
pub async fn generate_token(deps: Deps, ask: Ask<GenerateToken>) -> Result<TokenIssued, Fault> {
    let claims = read_claims(ask.body.device_id.as_deref(), ask.body.device_type.as_deref())?;
    Ok(issue(&deps, claims))
}

/// Answers `POST /auth/verify-token`.
///
/// # Errors
/// There is no token in the request (400); a bad one is an answer.
pub async fn verify_token(deps: Deps, ask: Ask<VerifyToken>) -> Result<TokenVerified, Fault> {
    let token = ask.body.token.ok_or_else(|| Fault::invalid("token is required"))?;
    Ok(verify(&deps, &token).map_or_else(TokenVerified::invalid, TokenVerified::valid))
}

fn issue(deps: &Deps, claims: Claims) -> TokenIssued {
    let token = Wiring::of(deps).tokens.issue(&claims, TOKEN_LIFETIME_SECS, deps.now());
    TokenIssued::new(token, claims)
}

/// Returns what a token says, if it is one of this system's and still valid.
#[must_use]
pub fn verify(deps: &Deps, token: &str) -> Option<Claims> {
    Wiring::of(deps).tokens.verify(token, deps.now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::harness::World;
    use crate::kit::caller::Caller;

    fn request(key: Option<&str>) -> Ask<RequestDeviceToken> {
        let text = |text: &str| Some(text.to_owned());
        let body = RequestDeviceToken {
            device_id: text("QUEST_001"),
            device_type: text("headset"),
            enrolment_key: key.map(str::to_owned),
        };
        Ask::new(Caller::anonymous(), body)
    }

    async fn is_valid(world: &World, token: &str) -> bool {
        let ask = Ask::new(Caller::anonymous(), VerifyToken { token: Some(token.to_owned()) });
        let verified = verify_token(world.deps.clone(), ask).await.expect("an answer");
        serde_json::json!(verified)["valid"] == true
    }

    #[actix::test]
    async fn a_token_names_its_device_for_24_hours() {
        let world = World::new();
        let issued = device_token(world.deps.clone(), request(None)).await.expect("a token");
        let claims = verify(&world.deps, issued.token()).expect("a good token");
        assert_eq!((claims.device_id.as_str(), claims.device_type), ("QUEST_001", DeviceType::Headset));
        world.clock.advance(86_400_000 - 1);
        assert!(is_valid(&world, issued.token()).await);
        world.clock.advance(31_000);
        assert!(!is_valid(&world, issued.token()).await);
        assert!(!is_valid(&world, "garbage").await);
    }

    #[actix::test]
    async fn an_enrolment_secret_of_the_type_beats_the_common_one() {
        let enrolment = Enrolment { common: Some("common".into()), headset: Some("headsets".into()), ..Enrolment::default() };
        let world = World::with(|wiring| wiring.enrolment = enrolment);
        for (key, admitted) in [(None, false), (Some("common"), false), (Some("headsets"), true)] {
            assert_eq!(device_token(world.deps.clone(), request(key)).await.is_ok(), admitted, "{key:?}");
        }
    }
}
