//! Refresh tokens: opaque to whoever holds one. The hub keeps only a fingerprint of the newest of each session.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::ids::{AccountId, SessionId};
use crate::kit::ids::Random;

/// Account, session and secret.
const BYTES: usize = 16 + 16 + 32;

/// What lets its holder have a new access token, once. It names its account and session, so that nobody has to search for them.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken([u8; BYTES]);

/// The SHA-256 of a refresh token. Plain is enough: the secret has 256 random bits, so there is nothing to guess.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint([u8; 32]);

impl RefreshToken {
    /// Returns a new token of a session.
    #[must_use]
    pub fn random(random: &dyn Random, account: AccountId, session: SessionId) -> Self {
        let mut bytes = [0; BYTES];
        let (ids, secret) = bytes.split_at_mut(32);
        let (of_account, of_session) = ids.split_at_mut(16);
        of_account.copy_from_slice(account.uuid().as_bytes());
        of_session.copy_from_slice(session.uuid().as_bytes());
        random.fill(secret);
        Self(bytes)
    }

    /// Returns the token that a client shows, if it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == BYTES).then_some(Self(bytes))
    }

    /// Returns the token as the client gets it.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the account that the token claims to be of.
    #[must_use]
    pub fn account(&self) -> AccountId {
        Uuid::from_bytes(self.sixteen(0)).into()
    }

    /// Returns the session that the token claims to be of.
    #[must_use]
    pub fn session(&self) -> SessionId {
        Uuid::from_bytes(self.sixteen(16)).into()
    }

    fn sixteen(&self, from: usize) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(self.0.iter().skip(from)).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Returns what is kept of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.0).into())
    }
}

impl PartialEq for Fingerprint {
    /// Compares in a time that does not depend on where the two differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Fingerprint {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::ids::SeededRandom;
    use crate::quiz::accounts::ids::fresh;

    #[test]
    fn a_token_comes_back_as_it_went_out() {
        let random = SeededRandom::new(1);
        let (account, session) = (fresh(&random), fresh(&random));
        let token = RefreshToken::random(&random, account, session);

        let back = RefreshToken::parse(&token.text()).expect("a token");
        assert_eq!((back.account(), back.session()), (account, session));
        assert!(back.fingerprint() == token.fingerprint());
        assert!(RefreshToken::random(&random, account, session).fingerprint() != token.fingerprint());
    }

    #[test]
    fn nonsense_is_no_token() {
        let long = "A".repeat(87);
        for text in ["", "A", "not a token", &"A".repeat(84), &long, &"é".repeat(43), &"A".repeat(100_000)] {
            assert!(RefreshToken::parse(text).is_none(), "{} characters", text.len());
        }
    }
}
