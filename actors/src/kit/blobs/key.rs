//! What a blob may be called: segments between slashes, none of which leads elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How long a key may be.
const BYTES: usize = 1024;
/// How long one segment may be, so that its name on a disk stays within 255 bytes.
const SEGMENT_BYTES: usize = 80;

/// The name of one blob: `avatars/550e8400-…/picture.png`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongKey {
    /// It or one of its segments is empty or too long.
    #[error("the key or a part of it is empty or too long")]
    Length,
    /// A segment is `.` or `..`.
    #[error("the key has a part that leads elsewhere")]
    Elsewhere,
    /// It has a control character or a backslash.
    #[error("the key has a character that names do not have")]
    Character,
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// [`WrongKey`]
    pub fn parse(text: impl Into<String>) -> Result<Self, WrongKey> {
        let text = text.into();
        if text.len() > BYTES {
            return Err(WrongKey::Length);
        }
        for segment in text.split('/') {
            if segment.is_empty() || segment.len() > SEGMENT_BYTES {
                return Err(WrongKey::Length);
            }
            if segment == "." || segment == ".." {
                return Err(WrongKey::Elsewhere);
            }
            if segment.chars().any(|one| one.is_control() || one == '\\') {
                return Err(WrongKey::Character);
            }
        }
        Ok(Self(text))
    }

    /// Returns the key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Key {
    type Error = WrongKey;

    fn try_from(text: String) -> Result<Self, WrongKey> {
        Self::parse(text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_between_slashes() {
        for good in ["a", "a/b/c.txt", "with space/ümlaut/日本", "...", ".hidden", "a..b", "%2e%2e", "~", "a/..b", "CON"] {
            assert_eq!(Key::parse(good).map(|key| key.to_string()), Ok(good.to_owned()));
        }
    }

    #[test]
    fn nothing_that_leads_elsewhere_is_a_key() {
        let check = |text: &str, expected| assert_eq!(Key::parse(text), Err(expected), "{text}");

        for text in ["..", ".", "../a", "a/..", "a/../b", "a/./b"] {
            check(text, WrongKey::Elsewhere);
        }
        for text in ["", "/", "/a", "a/", "a//b", "//", &"a".repeat(81), &"a/".repeat(600)] {
            check(text, WrongKey::Length);
        }
        for text in ["a\0b", "a\nb", "a\\b", "..\\a", "a/\u{7f}", "\u{85}"] {
            check(text, WrongKey::Character);
        }
    }
}
