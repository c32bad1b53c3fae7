//! The ids of accounts and of what belongs to them: random UUIDs.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::kit::ids::Random;

/// One account, for ever: the `id` of its user, the `sub` of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(Uuid);

/// One login and all tokens that came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

/// Returns a random UUID (version 4).
#[must_use]
pub fn random_uuid(random: &dyn Random) -> Uuid {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}

impl AccountId {
    /// Returns an id that nobody has.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self(random_uuid(random))
    }

    /// Returns the id that a text of 36 characters names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    /// Returns the id of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Returns the id's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl SessionId {
    /// Returns an id that no other login has.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self(random_uuid(random))
    }

    /// Returns the id that a text of 36 characters names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    /// Returns the id of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Returns the id's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// Reads the one form that is ever written; the library takes braces and other forms as well.
fn parse(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

impl fmt::Display for AccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ids::SeededRandom;

    #[test]
    fn an_id_is_a_uuid_of_version_4_in_its_usual_form() {
        let id = AccountId::random(&SeededRandom::new(1)).to_string();

        assert_eq!((id.len(), id.chars().nth(14)), (36, Some('4')));
        assert_eq!(AccountId::parse(&id).map(|id| id.to_string()), Some(id.clone()));
        assert_eq!(AccountId::parse(&id.replace('-', "")), None);
        assert_eq!(AccountId::parse(&format!("{{{id}}}")), None);
        assert_eq!(serde_json::to_string(&AccountId::parse(&id)).ok(), Some(format!("\"{id}\"")));
    }
}
