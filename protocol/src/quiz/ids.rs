//! The quiz's ids: UUIDs that this server gave, and texts that clients chose.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::field::characters;
use super::limits;

/// The UUID of one kind of thing. In JSON and in snapshots it is its text: lower case, with hyphens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id<Of> {
    uuid: Uuid,
    of: PhantomData<fn() -> Of>,
}

/// A person with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfUser {}
/// A quiz, which the document also calls a quiz set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfQuiz {}
/// A question of a quiz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfQuestion {}
/// An answer that a question offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfAnswer {}
/// A room, which REST calls a game.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfRoom {}
/// The record of a game's progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfFlow {}
/// The record of one socket's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfConnection {}
/// The record of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfDeviceSession {}
/// A device that connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfDevice {}

/// The id of an account: the `sub` of its tokens.
pub type UserId = Id<OfUser>;
/// The id of a quiz.
pub type QuizId = Id<OfQuiz>;
/// The id of a question.
pub type QuestionId = Id<OfQuestion>;
/// The id of an answer.
pub type AnswerId = Id<OfAnswer>;
/// The id of a room; as `game_id` also that of its flow's REST routes.
pub type RoomId = Id<OfRoom>;
/// The id of a flow record.
pub type FlowId = Id<OfFlow>;
/// The id of a connection record.
pub type ConnectionId = Id<OfConnection>;
/// The id of a device's record.
pub type DeviceSessionId = Id<OfDeviceSession>;
/// The id of a device.
pub type DeviceId = Id<OfDevice>;

/// The text is no UUID in the form with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAUuid;

impl<Of> Id<Of> {
    /// Returns a random id (version 4) made of 16 random bytes.
    #[must_use]
    pub const fn random(bytes: [u8; 16]) -> Self {
        Self { uuid: uuid::Builder::from_random_bytes(bytes).into_uuid(), of: PhantomData }
    }

    /// Reads an id; upper case is accepted and written in lower case afterwards.
    ///
    /// # Errors
    /// The text is no UUID with hyphens.
    pub fn parse(text: &str) -> Result<Self, NotAUuid> {
        // The library also reads texts without hyphens, in braces or as URNs; clients of the document write none of these.
        let has_hyphens = text.len() == uuid::fmt::Hyphenated::LENGTH;
        let uuid = Uuid::try_parse(text).ok().filter(|_| has_hyphens).ok_or(NotAUuid)?;
        Ok(Self { uuid, of: PhantomData })
    }

    /// Returns the UUID itself.
    #[must_use]
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }
}

impl<Of> From<Uuid> for Id<Of> {
    fn from(uuid: Uuid) -> Self {
        Self { uuid, of: PhantomData }
    }
}

impl<Of> fmt::Display for Id<Of> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.as_hyphenated().fmt(out)
    }
}

impl<Of> fmt::Debug for Id<Of> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<Of> FromStr for Id<Of> {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        Self::parse(text)
    }
}

impl<Of> Serialize for Id<Of> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = Uuid::encode_buffer();
        serializer.serialize_str(self.uuid.as_hyphenated().encode_lower(&mut buffer))
    }
}

impl<'de, Of> Deserialize<'de> for Id<Of> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The id that a player's client chose for itself: any text of 1 to 128 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PlayerId(String);

/// The question that a host plays: the id of one of the quiz's questions, or any other text that the host's page knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct QuestionRef(String);

/// What players type to find a room: six digits, as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RoomCode(String);

/// The text does not have the form of the id that it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text does not have the form of this id")]
pub struct NotAnId;

fn client_text(text: String) -> Result<String, NotAnId> {
    if (1..=limits::CLIENT_ID_CHARACTERS).contains(&characters(&text)) { Ok(text) } else { Err(NotAnId) }
}

impl TryFrom<String> for PlayerId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        client_text(text).map(Self)
    }
}

impl PlayerId {
    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for QuestionRef {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        client_text(text).map(Self)
    }
}

impl From<QuestionId> for QuestionRef {
    fn from(id: QuestionId) -> Self {
        Self(id.to_string())
    }
}

impl QuestionRef {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id of a quiz's question, if it can be one.
    #[must_use]
    pub fn question(&self) -> Option<QuestionId> {
        QuestionId::parse(&self.0).ok()
    }
}

impl fmt::Display for QuestionRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl RoomCode {
    /// Reads a code as a player typed it: blanks around it do not count.
    ///
    /// # Errors
    /// It is not six digits, so that no room has it.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let text = text.trim();
        let is_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
    }

    /// Returns the code of a number of up to six digits.
    pub(super) fn of_number(number: u32) -> Self {
        Self(format!("{number:06}"))
    }

    /// Returns the code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RoomCode {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        Self::parse(&text)
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_hyphens_and_are_written_in_lower_case() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(QuizId::parse(text).map(|id| id.to_string()).ok().as_deref(), expected, "{text}");
        };
        check("550e8400-e29b-41d4-a716-446655440000", Some("550e8400-e29b-41d4-a716-446655440000"));
        check("550E8400-E29B-41D4-A716-446655440000", Some("550e8400-e29b-41d4-a716-446655440000"));
        check("550e8400e29b41d4a716446655440000", None);
        check("{550e8400-e29b-41d4-a716-446655440000}", None);
        check("550e8400-e29b-41d4-a716-44665544000", None);
        check("550e8400-e29b-41d4-a716-44665544000g", None);
        check("", None);
    }

    #[test]
    fn a_random_id_is_of_version_4() {
        assert_eq!(RoomId::random([0xff; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn ids_are_plain_texts_in_json() {
        let id = RoomId::random([0; 16]);
        let json = serde_json::to_string(&id).expect("a string");
        assert_eq!(json, r#""00000000-0000-4000-8000-000000000000""#);
        assert_eq!(serde_json::from_str::<RoomId>(&json).expect("the same id"), id);
        assert!(serde_json::from_str::<RoomId>(r#""room""#).is_err());
    }

    #[test]
    fn a_players_id_has_1_to_128_characters() {
        let check = |text: String, ok: bool| assert_eq!(PlayerId::try_from(text).is_ok(), ok);
        check(String::new(), false);
        check("p".to_owned(), true);
        check("ü".repeat(128), true);
        check("p".repeat(129), false);
    }

    #[test]
    fn a_rooms_code_is_six_digits() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(RoomCode::parse(text).ok().as_ref().map(RoomCode::as_str), expected, "{text}");
        };
        check("123456", Some("123456"));
        check(" 123456\n", Some("123456"));
        check("12345", None);
        check("1234567", None);
        check("12345a", None);
        check("١٢٣٤٥٦", None);
    }
}
