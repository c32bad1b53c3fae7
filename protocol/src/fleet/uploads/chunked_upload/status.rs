//! `GET /chunked-upload/status`: which parts are there, so that a client goes on where it stopped.

use serde::{Deserialize, Serialize};

use super::{Upload, UploadId, read_upload};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::Fleet;
use crate::fleet::text::string_or_none;
use crate::fleet::uploads::{Etag, S3Key};
use crate::refusals::Malformed;

/// `GET /chunked-upload/status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetChunkedUpload {
    /// The upload as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub upload_id: Option<String>,
    /// Its key as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub s3_key: Option<String>,
}

impl GetChunkedUpload {
    /// Returns the upload that is asked about.
    ///
    /// # Errors
    /// A parameter is missing (400), or no such pair was ever given out (404).
    pub fn upload(&self) -> Result<Upload, Fault> {
        read_upload(self.upload_id.as_deref(), self.s3_key.as_deref()).unwrap_or_else(|| Err(Self::parameter_missing()))
    }

    /// Returns the refusal of a request without one of its parameters.
    #[must_use]
    pub fn parameter_missing() -> Fault {
        Fault::invalid("Missing required query params: uploadId, s3Key")
    }

    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to get upload status")
    }
}

impl Contract for GetChunkedUpload {
    type Reply = ChunkedUploadStatus;
}

impl Endpoint for GetChunkedUpload {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/chunked-upload/status";
    const ACCESS: Access = Access::OpenUnlessStrict;

    fn malformed(_: &Malformed) -> Option<Fault> {
        Some(Self::parameter_missing())
    }
}

/// A part that is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadedPart {
    /// The part, from 1.
    pub part_number: u32,
    /// The tag of its content.
    pub etag: Etag,
    /// Its bytes.
    pub size: u64,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkedUploadStatus {
    ok: bool,
    upload_id: UploadId,
    s3_key: S3Key,
    uploaded_parts: Vec<UploadedPart>,
}

impl ChunkedUploadStatus {
    /// Returns the answer; the parts ascend.
    #[must_use]
    pub fn new(upload: Upload, uploaded_parts: Vec<UploadedPart>) -> Self {
        Self { ok: true, upload_id: upload.id, s3_key: upload.key, uploaded_parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sessions/20260206_120000/recording.mp4";

    fn upload(upload_id: Option<&str>, s3_key: Option<&str>) -> Result<Upload, Fault> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        GetChunkedUpload { upload_id: text(upload_id), s3_key: text(s3_key) }.upload()
    }

    #[test]
    fn a_request_is_refused_in_the_documents_words() {
        let missing = Err(Fault::invalid("Missing required query params: uploadId, s3Key"));
        assert_eq!(upload(None, Some(KEY)), missing);
        assert_eq!(upload(Some("abc"), Some("")), missing);
        assert_eq!(upload(Some("abc"), Some("secrets.txt")), Err(Fault::not_found("Upload not found")));
    }

    #[test]
    fn the_answer_has_the_documents_keys_in_its_order() {
        let part = |part_number, etag: &str| UploadedPart { part_number, etag: Etag::from(etag), size: 10_485_760 };
        let status =
            ChunkedUploadStatus::new(upload(Some("abc123xyz"), Some(KEY)).expect("a pair"), vec![part(1, "abc"), part(2, "def")]);
        assert_eq!(
            serde_json::to_string(&status).expect("a reply"),
            r#"{"ok":true,"uploadId":"abc123xyz","s3Key":"sessions/20260206_120000/recording.mp4","uploadedParts":[{"partNumber":1,"etag":"\"abc\"","size":10485760},{"partNumber":2,"etag":"\"def\"","size":10485760}]}"#
        );
    }
}
