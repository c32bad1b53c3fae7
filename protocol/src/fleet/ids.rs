//! The fleet's ids: checked once where they enter, then carried as types.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a device, exactly as its token carries it: `^[A-Za-z0-9_-]{8,64}$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DeviceId(String);

/// The text is no device id. Its message is the one that the token routes answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deviceId must be 8-64 alphanumeric characters")]
pub struct NotADeviceId;

impl DeviceId {
    /// Checks a text and returns it as an id, byte for byte.
    ///
    /// # Errors
    /// The text does not have the form of an id.
    pub fn parse(text: &str) -> Result<Self, NotADeviceId> {
        Self::try_from(text.to_owned())
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DeviceId {
    type Error = NotADeviceId;

    fn try_from(text: String) -> Result<Self, NotADeviceId> {
        let is_id = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if is_id { Ok(Self(text)) } else { Err(NotADeviceId) }
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The id of a tablet: the `deviceId` of its token. It outlives the tablet's sockets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TabletId(DeviceId);

impl From<DeviceId> for TabletId {
    fn from(id: DeviceId) -> Self {
        Self(id)
    }
}

impl fmt::Display for TabletId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The id of a capture session: `^session_\d{13}_[a-z0-9]{6}$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SessionId(String);

/// The text is not an id that this server ever gave to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id")]
pub struct NotASessionId;

impl SessionId {
    /// Returns the id of a session created at `epoch_ms`; `random` is six characters of `[a-z0-9]`.
    #[must_use]
    pub fn new(epoch_ms: i64, random: &str) -> Self {
        Self(format!("session_{epoch_ms:013}_{random}"))
    }

    /// Checks a text and returns it as an id.
    ///
    /// # Errors
    /// The text does not have the form of an id.
    pub fn parse(text: &str) -> Result<Self, NotASessionId> {
        Self::try_from(text.to_owned())
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SessionId {
    type Error = NotASessionId;

    fn try_from(text: String) -> Result<Self, NotASessionId> {
        let is_id = text.strip_prefix("session_").and_then(|rest| rest.split_once('_')).is_some_and(|(time, random)| {
            let is_time = time.len() == 13 && time.bytes().all(|b| b.is_ascii_digit());
            let is_random = random.len() == 6 && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            is_time && is_random
        });
        if is_id { Ok(Self(text)) } else { Err(NotASessionId) }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_ids_are_8_to_64_characters_of_the_pattern_and_never_rewritten() {
        let check = |text: &str, ok: bool| assert_eq!(DeviceId::parse(text).is_ok(), ok, "{text}");
        check("QUEST_001", true);
        check("quest-01", true);
        check("1234567", false);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("QUEST 001", false);
        check("QUEST/001", false);
        check("QUEST_001\n", false);
        check("QÜEST_001", false);
        check("", false);
        assert_eq!(DeviceId::parse("QuEsT-_01").map(|id| id.to_string()), Ok("QuEsT-_01".to_owned()));
    }

    #[test]
    fn session_ids_have_the_documented_form() {
        let id = SessionId::new(1_707_235_200_000, "abc123");
        assert_eq!(id.as_str(), "session_1707235200000_abc123");
        assert_eq!(SessionId::parse(id.as_str()), Ok(id));
        for wrong in
            ["", "session_", "session_1707235200000_abc12", "session_1707235200000_ABC123", "session_170723520000_abc123"]
        {
            assert_eq!(SessionId::parse(wrong), Err(NotASessionId), "{wrong}");
        }
    }

    #[test]
    fn ids_are_plain_strings_in_json() {
        let id = TabletId::from(DeviceId::parse("TABLET_01").expect("a good id"));
        let json = serde_json::to_string(&id).expect("a string");
        assert_eq!(json, r#""TABLET_01""#);
        assert_eq!(serde_json::from_str::<TabletId>(&json).expect("the same id"), id);
        assert!(serde_json::from_str::<DeviceId>(r#""short""#).is_err());
    }
}
