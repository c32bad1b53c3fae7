//! `POST /chunked-upload/abort`: the client gives up, and nothing is kept.

use serde::{Deserialize, Serialize};

use super::{Upload, read_upload};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::Fleet;
use crate::fleet::text::string_or_none;
use crate::refusals::Malformed;

/// `POST /chunked-upload/abort`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AbortChunkedUpload {
    /// The upload as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub upload_id: Option<String>,
    /// Its key as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub s3_key: Option<String>,
}

impl AbortChunkedUpload {
    /// Returns the upload that is given up.
    ///
    /// # Errors
    /// A field is missing (400), or no such pair was ever given out (404).
    pub fn upload(&self) -> Result<Upload, Fault> {
        read_upload(self.upload_id.as_deref(), self.s3_key.as_deref()).unwrap_or_else(|| Err(Self::field_missing()))
    }

    /// Returns the refusal of a request without one of its fields.
    #[must_use]
    pub fn field_missing() -> Fault {
        Fault::invalid("Missing required fields: uploadId, s3Key")
    }

    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to abort upload")
    }
}

impl Contract for AbortChunkedUpload {
    type Reply = ChunkedUploadAborted;
}

impl Endpoint for AbortChunkedUpload {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/chunked-upload/abort";
    const ACCESS: Access = Access::OpenUnlessStrict;

    fn malformed(_: &Malformed) -> Option<Fault> {
        Some(Self::field_missing())
    }
}

/// The upload and its parts are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChunkedUploadAborted {
    ok: bool,
    message: &'static str,
}

impl Default for ChunkedUploadAborted {
    fn default() -> Self {
        Self { ok: true, message: "Upload aborted successfully" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_refused_in_the_documents_words() {
        let check = |body: &str, fault: Fault| {
            let request: AbortChunkedUpload = serde_json::from_str(body).expect("decodes");
            assert_eq!(request.upload(), Err(fault), "{body}");
        };
        check("{}", Fault::invalid("Missing required fields: uploadId, s3Key"));
        check(r#"{"uploadId":7,"s3Key":"a"}"#, Fault::invalid("Missing required fields: uploadId, s3Key"));
        check(r#"{"uploadId":"abc","s3Key":"a"}"#, Fault::not_found("Upload not found"));
    }

    #[test]
    fn the_answer_has_the_documents_keys_in_its_order() {
        let json = serde_json::to_string(&ChunkedUploadAborted::default()).expect("a reply");
        assert_eq!(json, r#"{"ok":true,"message":"Upload aborted successfully"}"#);
    }
}
