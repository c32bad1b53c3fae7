//! `POST /chunked-upload/presign-part`: a new address for one part, for another try.

use serde::{Deserialize, Serialize};

use super::{Upload, invalid_part_number, number_or_none, positive_integer, read_upload};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::text::string_or_none;
use crate::fleet::{Fleet, limits};
use crate::refusals::Malformed;

/// `POST /chunked-upload/presign-part`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresignPart {
    /// The upload as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub upload_id: Option<String>,
    /// Its key as it came.
    #[serde(default, deserialize_with = "string_or_none")]
    pub s3_key: Option<String>,
    /// The part as it came.
    #[serde(default, deserialize_with = "number_or_none")]
    pub part_number: Option<f64>,
}

impl PresignPart {
    /// Returns the upload and its part. Whether the upload has so many parts is its own business: [`invalid_part_number`].
    ///
    /// # Errors
    /// A field is missing or no upload has such a part (400), or no such pair was ever given out (404).
    pub fn part(&self) -> Result<(Upload, u32), Fault> {
        let upload = read_upload(self.upload_id.as_deref(), self.s3_key.as_deref()).ok_or_else(Self::field_missing)?;
        let number = self.part_number.ok_or_else(Self::field_missing)?;
        let number = positive_integer(number).and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number <= limits::CHUNKS).ok_or_else(invalid_part_number)?;
        Ok((upload?, number))
    }

    /// Returns the refusal of a request without one of its fields.
    #[must_use]
    pub fn field_missing() -> Fault {
        Fault::invalid("Missing required fields: uploadId, s3Key, partNumber")
    }

    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to generate presigned URL")
    }
}

impl Contract for PresignPart {
    type Reply = PartPresigned;
}

impl Endpoint for PresignPart {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/chunked-upload/presign-part";
    const ACCESS: Access = Access::OpenUnlessStrict;

    fn malformed(_: &Malformed) -> Option<Fault> {
        Some(Self::field_missing())
    }
}

/// Where the part goes now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartPresigned {
    ok: bool,
    part_number: u32,
    url: String,
}

impl PartPresigned {
    /// Returns the answer.
    #[must_use]
    pub fn new(part_number: u32, url: String) -> Self {
        Self { ok: true, part_number, url }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn part(body: Value) -> Result<u32, Fault> {
        serde_json::from_value::<PresignPart>(body).expect("decodes").part().map(|(_, number)| number)
    }

    fn numbered(number: Value) -> Value {
        json!({ "uploadId": "abc", "s3Key": "sessions/20260206_120000/recording.mp4", "partNumber": number })
    }

    #[test]
    fn a_part_is_one_of_ten_thousand() {
        assert_eq!(part(numbered(json!(5))), Ok(5));
        assert_eq!(part(numbered(json!(10_000))), Ok(10_000));
        for wrong in [json!(0), json!(-1), json!(1.5), json!(10_001), json!(1e300)] {
            assert_eq!(part(numbered(wrong)), Err(Fault::invalid("Invalid part number")));
        }
    }

    #[test]
    fn a_request_is_refused_in_the_documents_words() {
        let missing = Err(Fault::invalid("Missing required fields: uploadId, s3Key, partNumber"));
        assert_eq!(part(json!({})), missing);
        assert_eq!(part(json!({ "uploadId": "abc", "partNumber": 1 })), missing);
        assert_eq!(part(numbered(json!(null))), missing);
        assert_eq!(part(numbered(json!("5"))), missing);
        let foreign = json!({ "uploadId": "abc", "s3Key": "sessions/a/other.mp4", "partNumber": 1 });
        assert_eq!(part(foreign), Err(Fault::not_found("Upload not found")));
    }

    #[test]
    fn the_answer_has_the_documents_keys_in_its_order() {
        let json = serde_json::to_string(&PartPresigned::new(5, "https://example.com/5".to_owned())).expect("a reply");
        assert_eq!(json, r#"{"ok":true,"partNumber":5,"url":"https://example.com/5"}"#);
    }
}
