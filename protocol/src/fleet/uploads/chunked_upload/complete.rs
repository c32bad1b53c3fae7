//! `POST /chunked-upload/complete`: the parts become one file.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{Upload, invalid_part, positive_integer, read_upload};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::text::string_or_none;
use crate::fleet::uploads::upload_session::StoredFile;
use crate::fleet::uploads::{Etag, S3Key};
use crate::fleet::{Fleet, limits};
use crate::refusals::Malformed;

/// `POST /chunked-upload/complete`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompleteChunkedUpload {
    /// The upload as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub upload_id: Option<String>,
    /// Its key as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub s3_key: Option<String>,
    /// The parts in the order in which they came; `None` is an entry that is no part. Never more than one over the limit.
    #[serde(default, deserialize_with = "parts")]
    pub parts: Vec<Option<PartTag>>,
}

/// A part as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartTag {
    /// The part, from 1.
    pub part_number: u64,
    /// The tag that the store answered.
    pub etag: Etag,
}

impl CompleteChunkedUpload {
    /// Returns the upload and the tags of its parts, sorted by their numbers, each at most once.
    ///
    /// # Errors
    /// A field is missing or wrong (400), or no such pair was ever given out (404).
    pub fn parts(&self) -> Result<(Upload, Vec<PartTag>), Fault> {
        let upload = read_upload(self.upload_id.as_deref(), self.s3_key.as_deref()).ok_or_else(Self::field_missing)?;
        if self.parts.is_empty() {
            return Err(Self::field_missing());
        }
        let parts: Option<Vec<PartTag>> = self.parts.iter().cloned().collect();
        let mut parts = parts.ok_or_else(|| Fault::invalid("Each part must have partNumber and etag"))?;
        parts.sort_by_key(|part| part.part_number);
        let mut before = 0;
        for part in &parts {
            let is_new_and_possible = part.part_number > before && part.part_number <= u64::from(limits::CHUNKS);
            if !is_new_and_possible {
                return Err(invalid_part(part.part_number));
            }
            before = part.part_number;
        }
        Ok((upload?, parts))
    }

    /// Returns the refusal of a request without one of its fields.
    #[must_use]
    pub fn field_missing() -> Fault {
        Fault::invalid("Missing required fields: uploadId, s3Key, parts (array of {partNumber, etag})")
    }

    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to complete upload")
    }
}

impl Contract for CompleteChunkedUpload {
    type Reply = ChunkedUploadCompleted;
}

impl Endpoint for CompleteChunkedUpload {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/chunked-upload/complete";
    const ACCESS: Access = Access::OpenUnlessStrict;

    fn malformed(_: &Malformed) -> Option<Fault> {
        Some(Self::field_missing())
    }
}

/// The file is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkedUploadCompleted {
    ok: bool,
    s3_key: S3Key,
    bucket: String,
    location: String,
    etag: Etag,
}

impl ChunkedUploadCompleted {
    /// Returns the answer.
    #[must_use]
    pub fn new(s3_key: S3Key, file: StoredFile) -> Self {
        Self { ok: true, s3_key, bucket: file.bucket, location: file.location, etag: file.etag }
    }
}

/// Reads the list of parts one by one, so that no list, however long, takes more memory than the longest that makes sense.
fn parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<PartTag>>, D::Error> {
    struct Parts;

    impl<'de> Visitor<'de> for Parts {
        type Value = Vec<Option<PartTag>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of parts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut parts = Vec::new();
            while parts.len() <= limits::CHUNKS as usize
                && let Some(entry) = list.next_element::<Value>()?
            {
                parts.push(part(&entry));
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(parts)
        }
    }

    deserializer.deserialize_seq(Parts)
}

fn part(entry: &Value) -> Option<PartTag> {
    let number = entry.get("partNumber")?.as_f64()?;
    // Zero is a number of no part, which is said when all fields are there.
    let part_number = if number == 0.0 { 0 } else { positive_integer(number)? };
    let etag = entry.get("etag")?.as_str().filter(|etag| !etag.is_empty())?;
    Some(PartTag { part_number, etag: Etag::from(etag) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "sessions/20260206_120000/recording.mp4";
    const MISSING: &str = "Missing required fields: uploadId, s3Key, parts (array of {partNumber, etag})";

    fn read(body: Value) -> Result<(Upload, Vec<PartTag>), Fault> {
        serde_json::from_value::<CompleteChunkedUpload>(body).map_err(|_| CompleteChunkedUpload::field_missing())?.parts()
    }

    fn with(parts: &Value) -> Value {
        json!({ "uploadId": "abc", "s3Key": KEY, "parts": parts })
    }

    #[test]
    fn parts_come_in_any_order_and_with_or_without_quotes() {
        let (upload, parts) =
            read(with(&json!([{ "partNumber": 2, "etag": "def", "size": 1 }, { "etag": "\"abc\"", "partNumber": 1 }])))
                .expect("parts");
        assert_eq!(upload.key.to_string(), KEY);
        let part = |part_number, etag: &str| PartTag { part_number, etag: Etag::from(etag) };
        assert_eq!(parts, [part(1, "abc"), part(2, "def")]);
    }

    #[test]
    fn a_request_is_refused_in_the_documents_words() {
        let check = |body: Value, text: &str| assert_eq!(read(body.clone()), Err(Fault::invalid(text)), "{body}");
        check(json!({ "s3Key": KEY, "parts": [{ "partNumber": 1, "etag": "a" }] }), MISSING);
        check(json!({ "uploadId": "abc", "s3Key": KEY }), MISSING);
        for parts in [json!([]), json!("1"), json!(null), json!({})] {
            check(with(&parts), MISSING);
        }
        for entry in [
            json!(1),
            json!(null),
            json!([]),
            json!({ "partNumber": 1 }),
            json!({ "etag": "a" }),
            json!({ "partNumber": "1", "etag": "a" }),
            json!({ "partNumber": 1.5, "etag": "a" }),
            json!({ "partNumber": 1, "etag": "" }),
            json!({ "partNumber": 1, "etag": 7 }),
        ] {
            check(with(&json!([{ "partNumber": 1, "etag": "a" }, entry])), "Each part must have partNumber and etag");
        }
        let foreign = json!({ "uploadId": "abc", "s3Key": "x", "parts": [{ "partNumber": 1, "etag": "a" }] });
        assert_eq!(read(foreign), Err(Fault::not_found("Upload not found")));
    }

    #[test]
    fn a_part_that_no_upload_has_or_that_comes_twice_is_named() {
        let check = |numbers: &[u64], number: u64| {
            let parts: Vec<Value> = numbers.iter().map(|number| json!({ "partNumber": number, "etag": "a" })).collect();
            assert_eq!(read(with(&parts.into())), Err(Fault::invalid(format!("Invalid part: {number}"))), "{numbers:?}");
        };
        check(&[0, 1], 0);
        check(&[1, 10_001], 10_001);
        check(&[2, 1, 2], 2);
    }

    #[test]
    fn a_list_without_end_is_not_kept() {
        let parts: Vec<Value> = vec![json!({ "partNumber": 1, "etag": "a" }); 20_000];
        let request: CompleteChunkedUpload = serde_json::from_value(with(&parts.into())).expect("decodes");
        assert_eq!(request.parts.len(), 10_001);
        assert_eq!(request.parts(), Err(Fault::invalid("Invalid part: 1")));
    }

    #[test]
    fn the_answer_has_the_documents_keys_in_its_order() {
        let file = StoredFile {
            bucket: "turing-robotics-datahub".to_owned(),
            key: KEY.to_owned(),
            location: "https://example.com/a".to_owned(),
            etag: Etag::from("final-etag"),
        };
        let completed = ChunkedUploadCompleted::new(S3Key::parse(KEY).expect("a key"), file);
        assert_eq!(
            serde_json::to_string(&completed).expect("a reply"),
            r#"{"ok":true,"s3Key":"sessions/20260206_120000/recording.mp4","bucket":"turing-robotics-datahub","location":"https://example.com/a","etag":"\"final-etag\""}"#
        );
    }
}
