//! `/auth/*`: how a device gets its token.

use serde::{Deserialize, Serialize};

use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::Fault;
use crate::fleet::text::string_or_none;
use crate::fleet::{DeviceId, Fleet, limits};

/// What kind of client a token is for. It is the role of everyone who presents that token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceType {
    /// A headset: sends frames, status and telemetry.
    Headset,
    /// A tablet: locks headsets, records, drives capture sessions.
    Tablet,
    /// A dashboard: watches.
    Dashboard,
}

impl DeviceType {
    /// Returns the type's word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Headset => "headset",
            Self::Tablet => "tablet",
            Self::Dashboard => "dashboard",
        }
    }

    /// Returns the type that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Headset, Self::Tablet, Self::Dashboard].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a device token says about its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Who.
    pub device_id: DeviceId,
    /// What kind of client.
    pub device_type: DeviceType,
}

/// How long a token lives.
pub const TOKEN_LIFETIME_SECS: i64 = 86_400;

/// Checks the two fields that both token routes take, in the document's order and words.
///
/// # Errors
/// The first field that is missing or wrong (400).
pub fn read_claims(device_id: Option<&str>, device_type: Option<&str>) -> Result<Claims, Fault> {
    let device_id = device_id.ok_or_else(|| Fault::invalid("deviceId is required"))?;
    let device_id = DeviceId::parse(device_id).map_err(|wrong| Fault::invalid(wrong.to_string()))?;
    let device_type = device_type.and_then(DeviceType::parse);
    let device_type = device_type.ok_or_else(|| Fault::invalid("deviceType must be headset, tablet, or dashboard"))?;
    Ok(Claims { device_id, device_type })
}

/// `POST /auth/device-token`: a token for whoever asks, unless the server wants an enrolment key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestDeviceToken {
    /// The id to be.
    #[serde(default, deserialize_with = "string_or_none")]
    pub device_id: Option<String>,
    /// The kind of client to be.
    #[serde(default, deserialize_with = "string_or_none")]
    pub device_type: Option<String>,
    /// The enrolment secret (or header `X-Enrolment-Key`).
    #[serde(default, deserialize_with = "string_or_none")]
    pub enrolment_key: Option<String>,
}

impl Contract for RequestDeviceToken {
    type Reply = TokenIssued;
}

impl Endpoint for RequestDeviceToken {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/device-token";
    const LIMIT: Option<Limit> = Some(limits::AUTH);
    const HEADERS: &'static [(&'static str, &'static str)] = &[("X-Enrolment-Key", "enrolmentKey")];
}

/// `POST /auth/generate-token`: a token for a device, by the admin.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateToken {
    /// The device's id.
    #[serde(default, deserialize_with = "string_or_none")]
    pub device_id: Option<String>,
    /// Its kind.
    #[serde(default, deserialize_with = "string_or_none")]
    pub device_type: Option<String>,
}

impl Contract for GenerateToken {
    type Reply = TokenIssued;
}

impl Endpoint for GenerateToken {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/generate-token";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::AUTH);
}

/// A fresh token.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenIssued {
    ok: bool,
    token: String,
    device_id: DeviceId,
    device_type: DeviceType,
    expires_in: &'static str,
}

impl TokenIssued {
    /// Returns the answer that hands out `token`.
    #[must_use]
    pub fn new(token: String, claims: Claims) -> Self {
        Self { ok: true, token, device_id: claims.device_id, device_type: claims.device_type, expires_in: "24h" }
    }

    /// Returns the token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// `POST /auth/verify-token`.
#[derive(Clone, Serialize, Deserialize)]
pub struct VerifyToken {
    /// The token to look at.
    #[serde(default, deserialize_with = "string_or_none")]
    pub token: Option<String>,
}

impl Contract for VerifyToken {
    type Reply = TokenVerified;
}

impl Endpoint for VerifyToken {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/verify-token";
    const LIMIT: Option<Limit> = Some(limits::AUTH);
}

/// Whether a token is good, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenVerified {
    ok: bool,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_type: Option<DeviceType>,
}

impl TokenVerified {
    /// Returns the answer for a good token.
    #[must_use]
    pub fn valid(claims: Claims) -> Self {
        Self { ok: true, valid: true, device_id: Some(claims.device_id), device_type: Some(claims.device_type) }
    }

    /// Returns the answer for any other token.
    #[must_use]
    pub fn invalid() -> Self {
        Self { ok: true, valid: false, device_id: None, device_type: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        read_claims(Some("QUEST_001"), Some("headset")).expect("good claims")
    }

    #[test]
    fn fields_are_refused_in_the_documents_order_and_words() {
        let check = |id, kind, text: &str| assert_eq!(read_claims(id, kind).map_err(|fault| fault.message), Err(text.to_owned()));
        check(None, None, "deviceId is required");
        check(Some("short"), None, "deviceId must be 8-64 alphanumeric characters");
        check(Some("QUEST_001"), None, "deviceType must be headset, tablet, or dashboard");
        check(Some("QUEST_001"), Some("Headset"), "deviceType must be headset, tablet, or dashboard");
    }

    #[test]
    fn a_field_of_the_wrong_type_counts_as_missing() {
        let request: RequestDeviceToken =
            serde_json::from_str(r#"{"deviceId":12345678,"deviceType":null,"extra":1}"#).expect("decodes");
        assert_eq!((request.device_id, request.device_type), (None, None));
    }

    #[test]
    fn answers_have_the_documents_keys_in_its_order() {
        let json = serde_json::to_string(&TokenIssued::new("a.b.c".to_owned(), claims())).expect("a reply");
        assert_eq!(json, r#"{"ok":true,"token":"a.b.c","deviceId":"QUEST_001","deviceType":"headset","expiresIn":"24h"}"#);
        let json = serde_json::to_string(&TokenVerified::valid(claims())).expect("a reply");
        assert_eq!(json, r#"{"ok":true,"valid":true,"deviceId":"QUEST_001","deviceType":"headset"}"#);
        assert_eq!(serde_json::to_string(&TokenVerified::invalid()).expect("a reply"), r#"{"ok":true,"valid":false}"#);
    }
}
