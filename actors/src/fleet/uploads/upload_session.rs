//! `POST /upload-session`: both files of a recording, as their form is read.
//!
//! Fields come in any order. A file whose recording is named already goes where it will be; one that comes before that goes to `incoming/…`
//! and gets its name at the end. Nothing is put in place before the whole form is right.

use std::collections::BTreeMap;

use bytes::Bytes;
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::fleet::uploads::upload_session::{SessionForm, SessionUploaded, StoredFile, UploadSession};
use hubbub_protocol::fleet::uploads::{FileType, S3Key, UploadTimestamp, file_too_large};

use super::incoming::{Incoming, Stopped};
use super::{Files, Transfer, blob_key, refusal};
use crate::fleet::Wiring;
use crate::fleet::metrics::UploadError;
use crate::kit::blobs::{BlobError, Key};
use crate::kit::deps::Deps;
use crate::kit::ids::token128;

/// Where files are that have no name yet.
pub const SPOOL: &str = "incoming";

/// A form while it is read; dropped, nothing is left of it.
pub struct Form {
    deps: Deps,
    transfer: Transfer,
    said: UploadSession,
    files: BTreeMap<FileType, Incoming>,
}

/// Why a form comes to nothing: what it is counted as, and what is answered.
pub type Refused = (UploadError, Fault);

impl Form {
    /// Begins a form; `expected_bytes` is the length of the request, if it says one.
    #[must_use]
    pub fn begin(deps: &Deps, expected_bytes: Option<u64>) -> Self {
        let said = UploadSession { timestamp: None, session_id: None, files: Vec::new() };
        Self { deps: deps.clone(), transfer: Transfer::begin(deps, expected_bytes), said, files: BTreeMap::new() }
    }

    /// Takes a field with a text; of two with one name the first counts.
    ///
    /// # Errors
    /// The text is no timestamp (400).
    pub async fn text(&mut self, field: &str, text: String) -> Result<(), Refused> {
        let said = match field {
            UploadSession::TIMESTAMP => &mut self.said.timestamp,
            UploadSession::SESSION_ID => &mut self.said.session_id,
            _ => return Ok(()),
        };
        if said.is_none() && !text.is_empty() {
            *said = Some(text);
            let timestamp = self.timestamp()?;
            self.transfer.belongs_to(timestamp.as_ref(), self.said.session_id.as_deref()).await;
        }
        Ok(())
    }

    /// Begins a file.
    ///
    /// # Errors
    /// It has come already (400), or the store does not take it.
    pub async fn file_begins(&mut self, file: FileType) -> Result<(), Refused> {
        if self.files.contains_key(&file) {
            return Err((UploadError::InvalidRequest, Fault::invalid(format!("{} was sent twice", file.as_str()))));
        }
        self.transfer.file_begins(file);
        let key = match self.timestamp()? {
            Some(timestamp) => blob_key(&S3Key { timestamp, file }),
            None => spool_key(&self.deps, file),
        };
        let blobs = self.place().blobs;
        let incoming = Incoming::begin(blobs, &key, file.content_type()).await.map_err(|error| store_refused(&error))?;
        self.said.files.push(file);
        self.files.insert(file, incoming);
        Ok(())
    }

    /// Takes more of a file that has begun.
    ///
    /// # Errors
    /// It is too large (413), or the store does not take it.
    pub async fn bytes(&mut self, file: FileType, bytes: Bytes) -> Result<(), Refused> {
        let length = bytes.len() as u64;
        if let Some(incoming) = self.files.get_mut(&file) {
            incoming.write(bytes).await.map_err(stopped)?;
            self.transfer.arrived(length).await;
        }
        Ok(())
    }

    /// Ends a file that has begun.
    ///
    /// # Errors
    /// The store does not take it.
    pub async fn file_ends(&mut self, file: FileType) -> Result<(), Refused> {
        match self.files.get_mut(&file) {
            Some(incoming) => incoming.flush().await.map_err(|error| store_refused(&error)),
            None => Ok(()),
        }
    }

    /// Ends the form: puts both files in place, and does so to the end even if nobody waits any more.
    ///
    /// # Errors
    /// A field is missing or wrong (400), or the store failed (500).
    pub async fn finish(self) -> Result<SessionUploaded, Fault> {
        let form = match self.said.form(self.deps.now().0) {
            Ok(form) => form,
            Err(fault) => return Err(self.refuse((UploadError::InvalidRequest, fault)).await),
        };
        let placing = actix_rt::spawn(self.put_in_place(form));
        placing.await.unwrap_or_else(|_| Err(UploadSession::failed()))
    }

    /// Ends the form that comes to nothing, and returns what is answered.
    pub async fn refuse(self, (error, fault): Refused) -> Fault {
        for (_, incoming) in self.files {
            incoming.abandon().await;
        }
        self.transfer.failed(error).await;
        fault
    }

    async fn put_in_place(mut self, form: SessionForm) -> Result<SessionUploaded, Fault> {
        let place = self.place();
        let mut sizes = Vec::new();
        let mut stored = Vec::new();
        // The data last: whoever finds them finds the video.
        for (file, incoming) in std::mem::take(&mut self.files) {
            let key = S3Key { timestamp: form.timestamp.clone(), file };
            sizes.push((file, incoming.size_bytes()));
            match incoming.complete(&blob_key(&key)).await {
                Ok(completed) => stored.push(place.stored(&key, completed.etag)),
                Err(error) => return Err(self.refuse(store_refused(&error)).await),
            }
        }
        let both: Result<[StoredFile; 2], _> = stored.try_into();
        let Ok([video, data]) = both else {
            return Err(self.refuse((UploadError::InvalidRequest, UploadSession::file_missing())).await);
        };
        self.transfer.completed(&sizes).await;
        Ok(SessionUploaded::new(form, video, data))
    }

    /// Returns the recording's timestamp, if it has come.
    fn timestamp(&self) -> Result<Option<UploadTimestamp>, Refused> {
        let has_come = self.said.timestamp.is_some();
        let timestamp = has_come.then(|| self.said.timestamp()).transpose();
        timestamp.map_err(|fault| (UploadError::InvalidRequest, fault))
    }

    fn place(&self) -> Files {
        Wiring::of(&self.deps).files.clone()
    }
}

/// Returns the refusal of a request that is longer than both files may be.
#[must_use]
pub fn too_large() -> Refused {
    (UploadError::TooLarge, file_too_large())
}

fn spool_key(deps: &Deps, file: FileType) -> Key {
    Key::parse(format!("{SPOOL}/{}/{}", token128(deps.random()), file.file_name())).expect("a token and a name are a key")
}

fn stopped(stopped: Stopped) -> Refused {
    match stopped {
        Stopped::TooLarge => too_large(),
        Stopped::Store(error) => store_refused(&error),
    }
}

fn store_refused(error: &BlobError) -> Refused {
    let (counted, fault) = refusal(error, UploadSession::failed());
    if fault.kind == Kind::Internal {
        tracing::error!(%error, "a file of `/upload-session` could not be stored: {error}");
    }
    (counted, fault)
}
