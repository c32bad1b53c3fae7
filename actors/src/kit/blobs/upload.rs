//! The words for uploads in parts, and the rule of what completes one.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BlobError, Key};
use crate::kit::clock::Timestamp;

/// The most parts that an upload can have, as in S3.
pub const MOST_PARTS: u16 = 10_000;

/// The largest part that an upload can have, as in S3: 5 GiB.
pub const MOST_PART_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What a store called an upload; whoever has it was given it by the store, or guesses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadId(String);

impl UploadId {
    /// Reads an id: 1 to 1,024 printable ASCII characters without a space. Returns nothing for what no store would have given.
    #[must_use]
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let is_id = (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_id.then_some(Self(text))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for UploadId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text).ok_or("this is no id of an upload")
    }
}

impl From<UploadId> for String {
    fn from(id: UploadId) -> Self {
        id.0
    }
}

/// An upload in parts. Key and id go together: with another key the id means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Upload {
    /// What the blob will be called.
    pub key: Key,
    /// Which of the uploads for this key it is.
    pub id: UploadId,
}

/// The place of a part in the whole: 1 to [`MOST_PARTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PartNumber(u16);

impl PartNumber {
    /// The first part.
    pub const FIRST: Self = Self(1);

    /// Reads a part's number. Returns nothing for what is none.
    #[must_use]
    pub fn new(number: impl TryInto<u16>) -> Option<Self> {
        number.try_into().ok().filter(|number| (1..=MOST_PARTS).contains(number)).map(Self)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl TryFrom<u16> for PartNumber {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a part's number is 1 to 10000")
    }
}

impl From<PartNumber> for u16 {
    fn from(number: PartNumber) -> Self {
        number.0
    }
}

/// A part that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its place in the whole.
    pub number: PartNumber,
    /// Another content has another one: printable ASCII, without quotes. The MD5 of the content in hexadecimal digits, unless an S3
    /// bucket encrypts with keys of its own.
    pub etag: String,
    /// How long it is.
    pub size_bytes: u64,
}

/// A part as whoever completes an upload names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTag {
    /// Its place in the whole.
    pub number: PartNumber,
    /// What was answered when it was written, in quotes or without.
    pub etag: String,
}

/// Some of an upload's parts, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartPage {
    /// The parts.
    pub parts: Vec<UploadedPart>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
}

/// An upload that has become a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The blob's etag, without quotes.
    pub etag: String,
    /// The blob's length.
    pub size_bytes: u64,
}

/// An upload that was begun and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Which.
    pub upload: Upload,
    /// When it was begun.
    pub started: Timestamp,
}

/// Some of the unfinished uploads, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadPage {
    /// The uploads.
    pub uploads: Vec<Unfinished>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
}

/// Returns an etag without the quotes that HTTP writes around it.
#[must_use]
pub fn unquoted(etag: &str) -> &str {
    etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')).unwrap_or(etag)
}

/// Returns the parts that complete an upload, by number: each of those that were named is there with this etag, once. Every part but
/// the last has at least `least_bytes`.
pub(super) fn completing<'a>(
    there: &'a BTreeMap<PartNumber, UploadedPart>,
    named: &[PartTag],
    least_bytes: u64,
) -> Result<Vec<&'a UploadedPart>, BlobError> {
    let mut parts = BTreeMap::new();
    for tag in named {
        let part = there.get(&tag.number).filter(|part| part.etag == unquoted(&tag.etag));
        let part = part.ok_or(BlobError::InvalidPart(tag.number))?;
        if parts.insert(tag.number, part).is_some() {
            return Err(BlobError::InvalidPart(tag.number));
        }
    }
    let (last, _) = parts.last_key_value().ok_or(BlobError::InvalidPart(PartNumber::FIRST))?;
    match parts.values().find(|part| part.size_bytes < least_bytes && part.number != *last) {
        Some(small) => Err(BlobError::InvalidPart(small.number)),
        None => Ok(parts.into_values().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u16) -> PartNumber {
        PartNumber::new(number).expect("a number")
    }

    fn completed(named: &[(u16, &str)]) -> Result<Vec<u16>, String> {
        let part = |at, etag: &str, size_bytes| (number(at), UploadedPart { number: number(at), etag: etag.into(), size_bytes });
        let there = BTreeMap::from([part(1, "a", 5), part(2, "b", 2), part(7, "c", 5), part(9, "d", 1)]);
        let named: Vec<_> = named.iter().map(|(at, etag)| PartTag { number: number(*at), etag: (*etag).into() }).collect();
        let parts = completing(&there, &named, 5).map_err(|error| error.to_string())?;
        Ok(parts.iter().map(|part| part.number.get()).collect())
    }

    #[test]
    fn the_parts_that_are_named_make_the_whole() {
        assert_eq!(completed(&[(9, "\"d\""), (1, "a"), (7, "c")]), Ok(vec![1, 7, 9]));
        assert_eq!(completed(&[(2, "b")]), Ok(vec![2]));
    }

    #[test]
    fn a_part_that_is_not_as_it_is_named_is_named_in_the_error() {
        let check = |named, at| assert_eq!(completed(named), Err(format!("part {at} is not there as it is named")));

        check(&[(1, "a"), (3, "c")], 3);
        check(&[(1, "a"), (7, "a")], 7);
        check(&[(1, "a"), (7, "\"c")], 7);
        check(&[(1, "a"), (1, "a")], 1);
        check(&[(1, "a"), (2, "b"), (7, "c")], 2);
        check(&[], 1);
    }

    #[test]
    fn numbers_and_ids_are_what_a_store_gives_out() {
        assert_eq!(PartNumber::new(0_u16), None);
        assert_eq!(PartNumber::new(-1_i64), None);
        assert_eq!(PartNumber::new(70_000_u32), None);
        assert_eq!(PartNumber::new(10_001_u32), None);
        assert_eq!(PartNumber::new(10_000_u32).map(PartNumber::get), Some(10_000));
        for text in ["", "a b", "a\n", "ü", &"a".repeat(1025)] {
            assert_eq!(UploadId::parse(text), None, "{text}");
        }
        assert_eq!(UploadId::parse("2~x./_-").map(String::from), Some("2~x./_-".into()));
    }
}
