//! `/chunked-upload/*`: one file in parts, each sent to a presigned address of its own, so that a broken connection costs one part.
//!
//! Reading order: this file is what the five routes share, then one file per route in the order in which a client calls them.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::S3Key;
use crate::fault::Fault;
use crate::fleet::limits;

pub mod abort;
pub mod complete;
pub mod presign_part;
pub mod start;
pub mod status;

/// The id of an upload: whatever the store calls it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UploadId(pub String);

/// An upload and the key it was started with: only together they name it, so that nobody can write to another key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Upload {
    /// The upload.
    pub id: UploadId,
    /// Where its file will be.
    pub key: S3Key,
}

/// Returns the refusal of an upload that is unknown, finished, or started with another key (404).
#[must_use]
pub fn upload_not_found() -> Fault {
    Fault::not_found("Upload not found")
}

/// Returns the refusal of a part number that the upload does not have (400).
#[must_use]
pub fn invalid_part_number() -> Fault {
    Fault::invalid("Invalid part number")
}

/// Returns the refusal of a part that is missing, or not what the client says it is (400).
#[must_use]
pub fn invalid_part(number: u64) -> Fault {
    Fault::invalid(format!("Invalid part: {number}"))
}

/// Reads the pair that four of the routes take. `None` is a field that is missing; a pair that was never given out is not found.
fn read_upload(id: Option<&str>, key: Option<&str>) -> Option<Result<Upload, Fault>> {
    let (id, key) = (given(id)?, given(key)?);
    let is_id = id.len() <= limits::UPLOAD_ID_CHARACTERS && id.bytes().all(|one| one.is_ascii_graphic());
    let upload = S3Key::parse(key).ok().filter(|_| is_id).map(|key| Upload { id: UploadId(id.to_owned()), key });
    Some(upload.ok_or_else(upload_not_found))
}

/// An empty text counts as missing.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Reads a field that must be a number and whose absence the contract answers in its own words: anything else is `None`.
fn number_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_f64())
}

/// Returns the positive integer that a JSON number is; `1.0` is one.
fn positive_integer(number: f64) -> Option<u64> {
    /// Up to here every integer is exact.
    const MAX: f64 = 9_007_199_254_740_991.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: integral and within 1 to 2^53")]
    let integer = number as u64;
    (number.fract() == 0.0 && (1.0..=MAX).contains(&number)).then_some(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sessions/20260206_120000/recording.mp4";

    #[test]
    fn a_pair_is_missing_or_unknown_or_an_upload() {
        let upload = Upload { id: UploadId("abc123xyz".to_owned()), key: S3Key::parse(KEY).expect("a key") };
        assert_eq!(read_upload(Some("abc123xyz"), Some(KEY)), Some(Ok(upload)));
        for (id, key) in [(None, Some(KEY)), (Some("a"), None), (Some(""), Some(KEY)), (Some("a"), Some(""))] {
            assert_eq!(read_upload(id, key), None);
        }
        let long = "a".repeat(1025);
        for (id, key) in [("a", "sessions/../x"), ("a", "other.mp4"), ("a b", KEY), ("a\n", KEY), (long.as_str(), KEY)] {
            assert_eq!(read_upload(Some(id), Some(key)), Some(Err(Fault::not_found("Upload not found"))), "{id} {key}");
        }
    }

    #[test]
    fn only_positive_integers_are_sizes_and_part_numbers() {
        let check = |number, expected| assert_eq!(positive_integer(number), expected, "{number}");
        check(1.0, Some(1));
        check(5_368_709_120.0, Some(5_368_709_120));
        check(9_007_199_254_740_991.0, Some(9_007_199_254_740_991));
        for wrong in [0.0, -0.0, -1.0, 0.5, 1.5, 1e300, f64::NAN, f64::INFINITY] {
            check(wrong, None);
        }
    }
}
