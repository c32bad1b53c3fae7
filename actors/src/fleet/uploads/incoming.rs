//! One file on its way into the store, within one request.
//!
//! Decision: it goes there as an upload in parts, which becomes a file only when the whole form has turned out right. So a client that
//! vanishes, or a form that is wrong at its end, leaves what was under the key as it was, and in S3 too nothing is copied. The price:
//! the disk is synced for every part. What would change our mind: a store where a part costs more than that.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use actix_rt::task::JoinHandle;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use hubbub_protocol::fleet::limits;

use crate::kit::blobs::{BlobError, BlobStore, Chunks, Completed, Key, PartNumber, PartTag, Upload, UploadedPart};

/// How long a part is. S3 takes none below 5 MiB, and no more than 10,000 of them.
pub const PART_BYTES: usize = 8 * 1024 * 1024;
/// In what pieces a part is given to the store.
const PIECE_BYTES: usize = 256 * 1024;

/// A file on its way; dropped, nothing is left of it. At most two parts of it are in memory: one fills while the other is written.
pub struct Incoming {
    blobs: Arc<dyn BlobStore>,
    upload: Upload,
    filling: BytesMut,
    writing: Option<JoinHandle<Result<UploadedPart, BlobError>>>,
    written: Vec<PartTag>,
    size_bytes: u64,
    has_ended: bool,
}

/// Why a file does not get any further.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It is longer than a file may be.
    #[error("the file is too large")]
    TooLarge,
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] BlobError),
}

impl Incoming {
    /// Begins a file.
    ///
    /// # Errors
    /// The store does not take it.
    pub async fn begin(blobs: Arc<dyn BlobStore>, key: &Key, content_type: &str) -> Result<Self, BlobError> {
        let upload = blobs.start(key, content_type).await?;
        let (filling, written) = (BytesMut::new(), Vec::new());
        Ok(Self { blobs, upload, filling, writing: None, written, size_bytes: 0, has_ended: false })
    }

    /// Returns how long it is so far.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes more of it, and waits while two parts are full.
    ///
    /// # Errors
    /// It is too large, or the store does not take it.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), Stopped> {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if self.size_bytes > limits::FILE_BYTES {
            return Err(Stopped::TooLarge);
        }
        while !bytes.is_empty() {
            let room = PART_BYTES - self.filling.len();
            self.filling.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.filling.len() == PART_BYTES {
                self.send().await?;
                // A file that is longer than one part mostly has many: they need not grow step by step.
                self.filling.reserve(PART_BYTES);
            }
        }
        Ok(())
    }

    /// Brings what is here to the store: after this nothing more is taken.
    ///
    /// # Errors
    /// The store does not take it.
    pub async fn flush(&mut self) -> Result<(), BlobError> {
        let is_empty_file = self.written.is_empty() && self.writing.is_none();
        if is_empty_file || !self.filling.is_empty() {
            self.send().await?;
        }
        self.settle().await
    }

    /// Makes a file of it, under `key`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn complete(mut self, key: &Key) -> Result<Completed, BlobError> {
        let completed = self.blobs.complete(&self.upload, &self.written).await?;
        self.has_ended = true;
        if self.upload.key == *key { Ok(completed) } else { self.blobs.rename(&self.upload.key, key).await }
    }

    /// Drops what has come of it; when this returns, nothing is left.
    pub async fn abandon(mut self) {
        if let Some(writing) = self.writing.take() {
            writing.abort();
            let _stopped = writing.await;
        }
        self.has_ended = true;
        end(Arc::clone(&self.blobs), self.upload.clone()).await;
    }

    /// Hands the part that fills to the store, after the one before it.
    async fn send(&mut self) -> Result<(), BlobError> {
        self.settle().await?;
        // 20 GiB are 2,560 parts.
        let number =
            PartNumber::new(self.written.len() + 1).ok_or_else(|| BlobError::Store(io::Error::other("too many parts")))?;
        let part = self.filling.split().freeze();
        let (blobs, upload) = (Arc::clone(&self.blobs), self.upload.clone());
        self.writing = Some(actix_rt::spawn(async move {
            let size_bytes = part.len() as u64;
            blobs.put_part(&upload, number, size_bytes, pieces(part)).await
        }));
        Ok(())
    }

    /// Waits for the part that is written.
    async fn settle(&mut self) -> Result<(), BlobError> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.await.unwrap_or_else(|stopped| Err(BlobError::Store(io::Error::other(stopped))));
        self.writing = None;
        let UploadedPart { number, etag, .. } = written?;
        self.written.push(PartTag { number, etag });
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(writing) = &self.writing {
            writing.abort();
        }
        // Without a runtime the hub is gone, and a later one ends it after a day.
        if let (false, Ok(runtime)) = (self.has_ended, tokio::runtime::Handle::try_current()) {
            drop(runtime.spawn(end(Arc::clone(&self.blobs), self.upload.clone())));
        }
    }
}

async fn end(blobs: Arc<dyn BlobStore>, upload: Upload) {
    if let Err(error) = blobs.abort(&upload).await {
        tracing::warn!(%error, blob.key = %upload.key, "what came of `{}` could not be dropped: {error}", upload.key);
    }
}

/// Cuts a part into pieces, without copying it.
fn pieces(mut part: Bytes) -> Chunks {
    let mut pieces = VecDeque::new();
    while !part.is_empty() {
        pieces.push_back(Ok(part.split_to(PIECE_BYTES.min(part.len()))));
    }
    Box::pin(stream::iter(pieces))
}
