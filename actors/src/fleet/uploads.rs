//! Uploads of recordings: who keeps track of them, what is counted, and what capture sessions hear.
//!
//! Reading order: [`state`] has the rules of an upload in parts, [`chunked_upload`] the actor that stands for one, [`transfer`] an upload
//! that lives and dies with one request, [`telling`] what both tell the capture sessions that wait for their files, [`upkeep`] what
//! happens to uploads that nobody asks about; [`upload_session`] has both files of a recording in one form, [`incoming`] one of them on its
//! way, [`spool`] what is left over of them.

use std::sync::Arc;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::chunked_upload::{invalid_part, upload_not_found};
use hubbub_protocol::fleet::uploads::upload_session::StoredFile;
use hubbub_protocol::fleet::uploads::{Etag, S3Key, file_too_large};

use super::metrics::UploadError;
use crate::kit::blobs::{BlobError, BlobStore, Key, Url};

pub mod chunked_upload;
pub mod incoming;
pub mod spool;
pub mod state;
pub mod telling;
pub mod transfer;
pub mod upkeep;
pub mod upload_session;

pub use chunked_upload::part_arrived;
pub use chunked_upload::start::start;
pub use transfer::Transfer;

/// Where recordings are kept, and how clients get there.
#[derive(Clone)]
pub struct Files {
    /// The store.
    pub blobs: Arc<dyn BlobStore>,
    /// What answers call the place.
    pub bucket: String,
    /// How clients reach the hub: `https://hub.example.com`, without a slash at its end.
    pub public_url: String,
}

impl Files {
    /// Returns what an answer says about a file in the store; `etag` is without quotes.
    #[must_use]
    pub fn stored(&self, key: &S3Key, etag: String) -> StoredFile {
        let location = self.address(self.blobs.location(&blob_key(key)));
        StoredFile { bucket: self.bucket.clone(), key: key.to_string(), location, etag: Etag::from(etag) }
    }

    /// Returns an address of the store as clients use it.
    fn address(&self, url: Url) -> String {
        url.at(&self.public_url)
    }
}

/// Returns a recording's key as the store calls it.
#[must_use]
pub fn blob_key(key: &S3Key) -> Key {
    Key::parse(key.to_string()).expect("a key of a recording is a key of the store")
}

/// Returns what a failure of the store is counted as and answered with; `failed` is the route's own answer to whatever is no fault of
/// the client.
#[must_use]
pub fn refusal(error: &BlobError, failed: Fault) -> (UploadError, Fault) {
    match error {
        BlobError::UploadNotFound | BlobError::NotFound => (UploadError::Expired, upload_not_found()),
        BlobError::InvalidPart(number) => (UploadError::InvalidPart, invalid_part(number.get().into())),
        BlobError::OverQuota { .. } => (UploadError::TooLarge, file_too_large()),
        BlobError::Source(_) => (UploadError::Aborted, failed),
        BlobError::Store(_) | BlobError::OutOfRange { .. } => (UploadError::Store, failed),
    }
}
