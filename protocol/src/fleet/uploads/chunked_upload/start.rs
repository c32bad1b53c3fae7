//! `POST /chunked-upload/start`: how many parts, and where each goes.

use serde::{Deserialize, Serialize};

use super::{UploadId, given, number_or_none, positive_integer};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::text::string_or_none;
use crate::fleet::uploads::{FileType, S3Key, UploadTimestamp};
use crate::fleet::{Fleet, limits};
use crate::refusals::Malformed;

/// `POST /chunked-upload/start`. A field `fileName` is what the client calls its file; nothing depends on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartChunkedUpload {
    /// The recording's timestamp as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub timestamp: Option<String>,
    /// The file's type as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub file_type: Option<String>,
    /// The file's size as it came.
    #[serde(default, deserialize_with = "number_or_none")]
    pub file_size: Option<f64>,
}

/// A file that is about to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Where it will be.
    pub key: S3Key,
    /// How large it will be.
    pub size_bytes: u64,
}

impl Planned {
    /// Returns how many parts it takes.
    #[must_use]
    pub fn total_parts(&self) -> u32 {
        u32::try_from(self.size_bytes.div_ceil(limits::CHUNK_BYTES)).expect("a plan is read within the limit of parts")
    }
}

impl StartChunkedUpload {
    /// Reads the plan.
    ///
    /// # Errors
    /// The first field that is missing or wrong, in the document's words (400).
    pub fn plan(&self) -> Result<Planned, Fault> {
        let timestamp = given(self.timestamp.as_deref()).ok_or_else(Self::field_missing)?;
        let file_type = given(self.file_type.as_deref()).ok_or_else(Self::field_missing)?;
        let file_size = self.file_size.filter(|size| *size != 0.0).ok_or_else(Self::field_missing)?;
        let file = FileType::parse(file_type).ok_or_else(|| Fault::invalid("fileType must be \"video\" or \"data\""))?;
        let timestamp = UploadTimestamp::parse(timestamp)?;
        let max = limits::CHUNK_BYTES * u64::from(limits::CHUNKS);
        #[expect(clippy::cast_precision_loss, reason = "about 10^11")]
        let is_too_large = file_size > max as f64;
        if is_too_large {
            return Err(Fault::invalid("File too large. Max 10000 chunks of 10MB"));
        }
        let size_bytes = positive_integer(file_size).ok_or_else(|| Fault::invalid("fileSize must be a positive integer"))?;
        Ok(Planned { key: S3Key { timestamp, file }, size_bytes })
    }

    /// Returns the refusal of a request without one of its fields.
    #[must_use]
    pub fn field_missing() -> Fault {
        Fault::invalid("Missing required fields: timestamp, fileType, fileSize")
    }

    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to start upload")
    }
}

impl Contract for StartChunkedUpload {
    type Reply = ChunkedUploadStarted;
}

impl Endpoint for StartChunkedUpload {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/chunked-upload/start";
    const ACCESS: Access = Access::OpenUnlessStrict;

    fn malformed(_: &Malformed) -> Option<Fault> {
        Some(Self::field_missing())
    }
}

/// Where one part goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PresignedUrl {
    /// The part, from 1.
    pub part_number: u32,
    /// The address to put it to.
    pub url: String,
}

/// The upload has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkedUploadStarted {
    ok: bool,
    upload_id: UploadId,
    s3_key: S3Key,
    total_parts: u32,
    chunk_size: u64,
    presigned_urls: Vec<PresignedUrl>,
}

impl ChunkedUploadStarted {
    /// Returns the answer; `presigned_urls` has one entry per part, in their order.
    #[must_use]
    pub fn new(upload_id: UploadId, plan: &Planned, presigned_urls: Vec<PresignedUrl>) -> Self {
        Self {
            ok: true,
            upload_id,
            s3_key: plan.key.clone(),
            total_parts: plan.total_parts(),
            chunk_size: limits::CHUNK_BYTES,
            presigned_urls,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(body: &Value) -> Result<Planned, Fault> {
        serde_json::from_value::<StartChunkedUpload>(body.clone()).expect("decodes").plan()
    }

    fn body(file_size: &Value) -> Value {
        json!({ "timestamp": "20260206_120000", "fileType": "video", "fileSize": file_size, "fileName": "../../x.mp4" })
    }

    #[test]
    fn the_documents_file_takes_512_parts() {
        let plan = plan(&body(&json!(5_368_709_120_u64))).expect("a plan");
        assert_eq!(plan.key.to_string(), "sessions/20260206_120000/recording.mp4");
        assert_eq!((plan.size_bytes, plan.total_parts()), (5_368_709_120, 512));
    }

    #[test]
    fn the_last_part_may_be_short() {
        let check = |size: Value, parts| assert_eq!(plan(&body(&size)).map(|plan| plan.total_parts()), Ok(parts), "{size}");
        check(json!(1), 1);
        check(json!(10_485_760), 1);
        check(json!(10_485_761), 2);
        check(json!(10_485_760.0), 1);
        check(json!(104_857_600_000_u64), 10_000);
    }

    #[test]
    fn a_request_is_refused_in_the_documents_words() {
        let check = |body: Value, text: &str| assert_eq!(plan(&body), Err(Fault::invalid(text)), "{body}");
        let missing = "Missing required fields: timestamp, fileType, fileSize";
        check(json!({}), missing);
        check(json!({ "timestamp": 7, "fileType": "video", "fileSize": 1 }), missing);
        check(json!({ "timestamp": "", "fileType": "video", "fileSize": 1 }), missing);
        check(json!({ "timestamp": "1", "fileType": null, "fileSize": 1 }), missing);
        for size in [json!(0), json!(null), json!("5"), json!([1])] {
            check(body(&size), missing);
        }
        check(json!({ "timestamp": "../x", "fileType": "Video", "fileSize": 1 }), "fileType must be \"video\" or \"data\"");
        check(json!({ "timestamp": "../x", "fileType": "data", "fileSize": 1 }), "Invalid timestamp format");
        check(body(&json!(-1)), "fileSize must be a positive integer");
        check(body(&json!(1.5)), "fileSize must be a positive integer");
        check(body(&json!(104_857_600_001_u64)), "File too large. Max 10000 chunks of 10MB");
        check(body(&json!(1e300)), "File too large. Max 10000 chunks of 10MB");
    }

    #[test]
    fn the_answer_has_the_documents_keys_in_its_order() {
        let plan = plan(&body(&json!(20_971_520))).expect("a plan");
        let url = |part_number| PresignedUrl { part_number, url: format!("https://example.com/{part_number}?X-Amz-Signature=a") };
        let started = ChunkedUploadStarted::new(UploadId("abc123xyz".to_owned()), &plan, vec![url(1), url(2)]);
        assert_eq!(
            serde_json::to_string(&started).expect("a reply"),
            r#"{"ok":true,"uploadId":"abc123xyz","s3Key":"sessions/20260206_120000/recording.mp4","totalParts":2,"chunkSize":10485760,"presignedUrls":[{"partNumber":1,"url":"https://example.com/1?X-Amz-Signature=a"},{"partNumber":2,"url":"https://example.com/2?X-Amz-Signature=a"}]}"#
        );
    }
}
