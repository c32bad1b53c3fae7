//! `POST /upload-session`: both files of a recording in one request.

use serde::{Deserialize, Serialize};

use super::{Etag, FileType, UploadTimestamp};
use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::{Fleet, limits, text};

/// `POST /upload-session`. The body is `multipart/form-data`, its fields in any order, and read beside the table, which puts the files
/// into the store and then asks with what was said about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadSession {
    /// The field `timestamp` as it came.
    pub timestamp: Option<String>,
    /// The field `sessionId` as it came.
    pub session_id: Option<String>,
    /// The files that came, each at most once.
    pub files: Vec<FileType>,
}

/// A form that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionForm {
    /// The recording's folder.
    pub timestamp: UploadTimestamp,
    /// What the client calls it.
    pub session_id: String,
}

impl UploadSession {
    /// The name of the field with the recording's timestamp.
    pub const TIMESTAMP: &'static str = "timestamp";
    /// The name of the optional field with the session's id.
    pub const SESSION_ID: &'static str = "sessionId";

    /// Returns the file that a field of the form carries: `video` or `data`.
    #[must_use]
    pub fn file(field: &str) -> Option<FileType> {
        FileType::parse(field)
    }

    /// Reads the field `timestamp`, which may come before the files or after them.
    ///
    /// # Errors
    /// It is missing or malformed (400).
    pub fn timestamp(&self) -> Result<UploadTimestamp, Fault> {
        let timestamp = self.timestamp.as_deref().filter(|timestamp| !timestamp.is_empty());
        Ok(UploadTimestamp::parse(timestamp.ok_or_else(Self::timestamp_missing)?)?)
    }

    /// Reads the whole form; without a session's id it is the moment of the upload, `now_ms` milliseconds after 1970.
    ///
    /// # Errors
    /// The first field that is missing or malformed (400).
    pub fn form(&self, now_ms: i64) -> Result<SessionForm, Fault> {
        let timestamp = self.timestamp()?;
        let session_id = match self.session_id.as_deref() {
            None | Some("") => now_ms.to_string(),
            Some(id) if text::characters(id) <= limits::SESSION_ID_CHARACTERS => id.to_owned(),
            Some(_) => return Err(Fault::invalid("Invalid sessionId (max 100 characters)")),
        };
        let has_both = FileType::ALL.iter().all(|file| self.files.contains(file));
        if has_both { Ok(SessionForm { timestamp, session_id }) } else { Err(Self::file_missing()) }
    }

    /// Returns the refusal of a form without a timestamp.
    #[must_use]
    pub fn timestamp_missing() -> Fault {
        Fault::invalid("timestamp field is required")
    }

    /// Returns the refusal of a form without one of the files.
    #[must_use]
    pub fn file_missing() -> Fault {
        Fault::invalid("Both video and data files are required")
    }

    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "upload_failed")
    }
}

impl Contract for UploadSession {
    type Reply = SessionUploaded;
}

impl Endpoint for UploadSession {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/upload-session";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::UPLOAD_SESSION);
}

/// One file, where it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredFile {
    /// The store's name.
    pub bucket: String,
    /// The file's key in it.
    pub key: String,
    /// Its address.
    pub location: String,
    /// The tag of its content.
    pub etag: Etag,
}

/// Both files are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionUploaded {
    ok: bool,
    session_id: String,
    timestamp: UploadTimestamp,
    mp4: StoredFile,
    npz: StoredFile,
}

impl SessionUploaded {
    /// Returns the answer.
    #[must_use]
    pub fn new(form: SessionForm, mp4: StoredFile, npz: StoredFile) -> Self {
        Self { ok: true, session_id: form.session_id, timestamp: form.timestamp, mp4, npz }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(timestamp: Option<&str>, session_id: Option<&str>, files: &[FileType]) -> Result<SessionForm, Fault> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        UploadSession { timestamp: text(timestamp), session_id: text(session_id), files: files.to_vec() }.form(1_707_235_200_000)
    }

    const BOTH: &[FileType] = &[FileType::Data, FileType::Video];

    #[test]
    fn a_form_without_a_session_is_called_after_the_moment() {
        let expected = |session_id: &str| {
            let timestamp = UploadTimestamp::parse("20260206_120000").expect("a timestamp");
            Ok(SessionForm { timestamp, session_id: session_id.to_owned() })
        };
        assert_eq!(form(Some("20260206_120000"), None, BOTH), expected("1707235200000"));
        assert_eq!(form(Some("20260206_120000"), Some(""), BOTH), expected("1707235200000"));
        assert_eq!(form(Some("20260206_120000"), Some("take 7 ü"), BOTH), expected("take 7 ü"));
    }

    #[test]
    fn an_incomplete_form_is_refused_in_the_documents_words() {
        let check = |timestamp, session_id, files: &[FileType], text: &str| {
            assert_eq!(form(timestamp, session_id, files), Err(Fault::invalid(text)));
        };
        check(None, None, BOTH, "timestamp field is required");
        check(Some(""), None, &[], "timestamp field is required");
        check(Some("../../etc"), None, &[], "Invalid timestamp format");
        check(Some("1"), None, &[FileType::Video], "Both video and data files are required");
        check(Some("1"), None, &[FileType::Data, FileType::Data], "Both video and data files are required");
        check(Some("1"), None, &[], "Both video and data files are required");
        check(Some("1"), Some(&"x".repeat(101)), BOTH, "Invalid sessionId (max 100 characters)");
    }

    #[test]
    fn the_answer_has_the_documents_keys_in_its_order() {
        let file = |key: &str, etag: &str| StoredFile {
            bucket: "turing-robotics-datahub".to_owned(),
            key: format!("sessions/20260206_120000/{key}"),
            location: format!("https://example.com/{key}"),
            etag: Etag::from(etag),
        };
        let form = form(Some("20260206_120000"), None, BOTH).expect("a form");
        let uploaded = SessionUploaded::new(form, file("recording.mp4", "abc123"), file("session_data.npz", "def456"));
        assert_eq!(
            serde_json::to_string(&uploaded).expect("a reply"),
            r#"{"ok":true,"sessionId":"1707235200000","timestamp":"20260206_120000","mp4":{"bucket":"turing-robotics-datahub","key":"sessions/20260206_120000/recording.mp4","location":"https://example.com/recording.mp4","etag":"\"abc123\""},"npz":{"bucket":"turing-robotics-datahub","key":"sessions/20260206_120000/session_data.npz","location":"https://example.com/session_data.npz","etag":"\"def456\""}}"#
        );
    }
}
