//! The end of uploads that nobody ends: their parts take room, in S3 too, and are seen in no list of blobs.

use super::{BlobError, BlobStore};
use crate::kit::clock::Timestamp;

/// How many uploads are asked for at once.
const PAGE: usize = 100;

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reaped {
    /// Uploads that were ended.
    pub aborted: usize,
    /// Uploads that should have been ended and could not; the next time will tell.
    pub failed: usize,
}

/// Aborts the unfinished uploads of keys that begin with `prefix` and that were started before `before`.
///
/// # Errors
/// They cannot be listed.
pub async fn reap(store: &dyn BlobStore, prefix: &str, before: Timestamp) -> Result<Reaped, BlobError> {
    let mut reaped = Reaped::default();
    let mut after = None;
    loop {
        let page = store.uploads(prefix, after.as_ref(), PAGE).await?;
        let is_last = !page.has_more || page.uploads.is_empty();
        for unfinished in page.uploads {
            let upload = unfinished.upload;
            if unfinished.started < before {
                match store.abort(&upload).await {
                    Ok(()) => reaped.aborted += 1,
                    Err(error) => {
                        tracing::warn!(%error, blob.key = %upload.key, "the upload of `{}` could not be ended: {error}", upload.key);
                        reaped.failed += 1;
                    }
                }
            }
            after = Some(upload);
        }
        if is_last {
            return Ok(reaped);
        }
    }
}
