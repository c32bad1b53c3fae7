//! A blob that is written in one go, beside its place.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::extents::Extent;
use super::files::Files;
use super::quota::Taken;
use super::{hex, trailer};
use crate::kit::blobs::{BlobError, Head, Key};
use crate::kit::clock::Timestamp;

/// A file that is not in its place yet; dropped, it is gone.
pub(super) struct Incoming {
    files: Arc<Files>,
    file: File,
    path: PathBuf,
    hash: Sha256,
    size_bytes: u64,
    taken: Option<Taken>,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // In place already, or swept at the next start.
        let _gone = self.files.disk.remove_file(&self.path);
    }
}

impl Incoming {
    pub(super) fn begin(files: Arc<Files>) -> Result<Self, BlobError> {
        let path = files.incoming();
        let file = files.disk.create(&path)?;
        let taken = Some(files.quota.take(0)?);
        Ok(Self { files, file, path, hash: Sha256::new(), size_bytes: 0, taken })
    }

    pub(super) fn write(mut self, bytes: &[u8]) -> Result<Self, BlobError> {
        let length = bytes.len() as u64;
        self.taken.as_mut().map_or(Ok(()), |taken| taken.take(length))?;
        self.files.disk.write_all_at(&self.file, bytes, self.size_bytes)?;
        self.hash.update(bytes);
        self.size_bytes += length;
        Ok(self)
    }

    /// Puts the file in its place, for good.
    pub(super) fn finish(mut self, key: &Key, content_type: String, modified: Timestamp) -> Result<Head, BlobError> {
        let size_bytes = self.size_bytes;
        // Half of the hash is enough to tell contents apart.
        let etag = hex(self.hash.finalize_reset().get(..16).unwrap_or_default());
        let head = Head { size_bytes, etag, content_type, modified };
        let trailer = trailer::write(&head, &[Extent { offset: 0, length: size_bytes }], size_bytes)?;
        self.files.disk.write_all_at(&self.file, &trailer, size_bytes)?;
        self.files.disk.sync(&self.file)?;
        let placed = self.files.place(&self.path, key);
        // Whether or not the directory could be synced: where a file is now, it counts.
        let is_in_place = !self.path.exists();
        if let Some(taken) = self.taken.take().filter(|_| is_in_place) {
            taken.keep();
        }
        placed?;
        Ok(head)
    }
}
