//! Uploads of recordings: what they are called, and what may be in them.
//!
//! Reading order: this file is the nouns of both ways, [`upload_session`] sends both files in one request, [`chunked_upload`] sends
//! one file in parts over presigned addresses.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::fault::{Fault, Kind};

pub mod chunked_upload;
pub mod upload_session;

/// The two files of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    /// The video, MP4.
    Video,
    /// The tracking data, NPZ.
    Data,
}

impl FileType {
    /// Both, in the document's order.
    pub const ALL: [Self; 2] = [Self::Video, Self::Data];

    /// Returns the type's word on the wire and in the labels of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Data => "data",
        }
    }

    /// Returns the type that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.as_str() == word)
    }

    /// Returns the last part of the file's key. What a client calls its file does not count.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Video => "recording.mp4",
            Self::Data => "session_data.npz",
        }
    }

    /// Returns the content type that the file is stored with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Video => "video/mp4",
            Self::Data => "application/octet-stream",
        }
    }
}

/// A recording's timestamp, which is the name of its folder: `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`. It leads nowhere else in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct UploadTimestamp(String);

/// The text is no timestamp of a recording. Its message is the one that the routes answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Invalid timestamp format")]
pub struct NotAnUploadTimestamp;

impl UploadTimestamp {
    /// Checks a text and returns it as a timestamp, byte for byte.
    ///
    /// # Errors
    /// The text does not have the form of one.
    pub fn parse(text: &str) -> Result<Self, NotAnUploadTimestamp> {
        Self::try_from(text.to_owned())
    }

    /// Returns the timestamp's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UploadTimestamp {
    type Error = NotAnUploadTimestamp;

    fn try_from(text: String) -> Result<Self, NotAnUploadTimestamp> {
        let starts_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        let goes_on_well = text.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_' || one == b'-');
        if starts_well && goes_on_well && text.len() <= 64 { Ok(Self(text)) } else { Err(NotAnUploadTimestamp) }
    }
}

impl From<NotAnUploadTimestamp> for Fault {
    fn from(wrong: NotAnUploadTimestamp) -> Self {
        Self::invalid(wrong.to_string())
    }
}

impl fmt::Display for UploadTimestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where a file of a recording is in the store: `sessions/<timestamp>/recording.mp4` or `.../session_data.npz`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct S3Key {
    /// The recording.
    pub timestamp: UploadTimestamp,
    /// Which of its files.
    pub file: FileType,
}

/// The text is no key that this server ever gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key of a recording")]
pub struct NotAnS3Key;

impl S3Key {
    /// The folder of all recordings.
    pub const ROOT: &'static str = "sessions";

    /// Reads a key as it was given out.
    ///
    /// # Errors
    /// The text is no such key.
    pub fn parse(text: &str) -> Result<Self, NotAnS3Key> {
        let (root, rest) = text.split_once('/').ok_or(NotAnS3Key)?;
        let (folder, name) = rest.split_once('/').ok_or(NotAnS3Key)?;
        if root != Self::ROOT {
            return Err(NotAnS3Key);
        }
        let file = FileType::ALL.into_iter().find(|file| file.file_name() == name).ok_or(NotAnS3Key)?;
        Ok(Self { timestamp: UploadTimestamp::parse(folder).map_err(|_| NotAnS3Key)?, file })
    }
}

impl TryFrom<String> for S3Key {
    type Error = NotAnS3Key;

    fn try_from(text: String) -> Result<Self, NotAnS3Key> {
        Self::parse(&text)
    }
}

impl From<S3Key> for String {
    fn from(key: S3Key) -> Self {
        key.to_string()
    }
}

impl fmt::Display for S3Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", Self::ROOT, self.timestamp, self.file.file_name())
    }
}

/// An entity tag, kept without its quotes and written with them. Clients may send it either way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub struct Etag(String);

impl Etag {
    /// Returns the tag without quotes.
    #[must_use]
    pub fn bare(&self) -> &str {
        &self.0
    }
}

impl From<String> for Etag {
    fn from(text: String) -> Self {
        match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(bare) => Self(bare.to_owned()),
            None => Self(text),
        }
    }
}

impl From<&str> for Etag {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", self.0)
    }
}

impl Serialize for Etag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns the refusal of a file that is too large, or for which the store has no more room (413).
#[must_use]
pub fn file_too_large() -> Fault {
    Fault::new(Kind::TooLarge, "", "file_too_large")
}

/// Returns the refusal of a part whose address is expired or was tampered with (403).
#[must_use]
pub fn signature_refused() -> Fault {
    Fault::new(Kind::Forbidden, "", "Signature expired or invalid")
}

/// Returns the refusal of a part that does not say how long it is (411).
#[must_use]
pub fn length_required() -> Fault {
    Fault::new(Kind::LengthRequired, "", "Content-Length is required")
}

/// Returns the refusal of a part that is longer than any part of an upload, empty, or not as long as it says (400).
#[must_use]
pub fn wrong_part_length() -> Fault {
    Fault::invalid("A part must have its Content-Length of 1 to 10485760 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_leads_nowhere_else() {
        for good in ["20260206_120000", "a", "A-b_9", &"a".repeat(64)] {
            assert_eq!(UploadTimestamp::parse(good).map(|timestamp| timestamp.to_string()), Ok(good.to_owned()));
        }
        for wrong in ["", "_1", "-1", "..", "a/b", "a.b", "a b", "a\n", "ä", "2026-02-06T12:00:00", "a%2fb", &"a".repeat(65)] {
            assert_eq!(UploadTimestamp::parse(wrong), Err(NotAnUploadTimestamp), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_a_folder_and_one_of_two_files() {
        let check = |text: &str, file| {
            let key = S3Key::parse(text).expect("a key");
            assert_eq!((key.to_string().as_str(), key.timestamp.as_str(), key.file), (text, "20260206_120000", file));
        };
        check("sessions/20260206_120000/recording.mp4", FileType::Video);
        check("sessions/20260206_120000/session_data.npz", FileType::Data);
        for wrong in [
            "",
            "sessions",
            "sessions/recording.mp4",
            "sessions//recording.mp4",
            "/sessions/a/recording.mp4",
            "sessions/../recording.mp4",
            "sessions/a/b/recording.mp4",
            "sessions/a/recording.mp4/",
            "sessions/a/Recording.mp4",
            "sessions/a/other.mp4",
            "other/a/recording.mp4",
        ] {
            assert_eq!(S3Key::parse(wrong), Err(NotAnS3Key), "{wrong}");
        }
    }

    #[test]
    fn an_entity_tag_is_the_same_with_and_without_quotes() {
        assert_eq!(Etag::from("\"abc123\""), Etag::from("abc123"));
        assert_eq!(serde_json::to_string(&Etag::from("abc123")).expect("a string"), r#""\"abc123\"""#);
        assert_eq!(serde_json::from_str::<Etag>(r#""\"abc123\"""#).expect("a tag").bare(), "abc123");
        assert_eq!((Etag::from("").bare(), Etag::from("\"").bare(), Etag::from("\"\"").bare()), ("", "\"", ""));
    }
}
