//! Finished blobs: one file each, put in place by a rename.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::disk::Disk;
use super::extents::Extent;
use super::quota::Quota;
use super::{INCOMING, UPLOADS, names, trailer};
use crate::kit::blobs::{BlobError, Completed, Head, Key, Listed, Page};

/// The directory of a store.
pub(super) struct Files {
    pub(super) root: PathBuf,
    pub(super) disk: Disk,
    pub(super) quota: Quota,
    /// Held while a name gets another file, so that what was there is counted off once.
    placing: Mutex<()>,
    incoming: AtomicU64,
}

impl Files {
    /// Makes what is missing, and clears away what an earlier run left half written.
    pub(super) fn open(root: PathBuf, disk: Disk) -> io::Result<Self> {
        match fs::remove_dir_all(root.join(INCOMING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for directory in [INCOMING, UPLOADS] {
            fs::create_dir_all(root.join(directory))?;
        }
        disk.sync_directory(&root)?;
        root.parent().filter(|above| !above.as_os_str().is_empty()).map_or(Ok(()), |above| disk.sync_directory(above))?;
        Ok(Self { root, disk, quota: Quota::default(), placing: Mutex::default(), incoming: AtomicU64::new(0) })
    }

    /// Returns a path for what is not in its place yet.
    pub(super) fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING).join(self.incoming.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Returns where the blob of a key is kept.
    pub(super) fn path(&self, key: &Key) -> PathBuf {
        names::path(&self.root, key)
    }

    /// Puts a complete and synced file in the place of a blob.
    pub(super) fn place(&self, file: &Path, key: &Key) -> io::Result<()> {
        let place = self.path(key);
        let directory = place.parent().unwrap_or(&self.root);
        self.disk.create_directories(&self.root, directory)?;
        {
            let _placing = self.placing.lock();
            let replaced_bytes = self.counted_bytes(key);
            self.disk.rename(file, &place)?;
            self.quota.give_back(replaced_bytes);
        }
        self.disk.sync_directory(directory)
    }

    /// Moves a blob to another key.
    pub(super) fn rename(&self, from: &Key, to: &Key) -> Result<Completed, BlobError> {
        let Head { etag, size_bytes, .. } = self.head(from)?;
        if from != to {
            let old = self.path(from);
            self.place(&old, to).map_err(|error| if is_absence(&error) { BlobError::NotFound } else { error.into() })?;
            old.parent().map_or(Ok(()), |directory| self.disk.sync_directory(directory))?;
        }
        Ok(Completed { etag, size_bytes })
    }

    /// Removes a blob, if there is one.
    pub(super) fn remove(&self, key: &Key) -> Result<(), BlobError> {
        let path = self.path(key);
        {
            let _placing = self.placing.lock();
            let removed_bytes = self.counted_bytes(key);
            match self.disk.remove_file(&path) {
                Ok(()) => self.quota.give_back(removed_bytes),
                Err(error) if is_absence(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(path.parent().map_or(Ok(()), |directory| self.disk.sync_directory(directory))?)
    }

    /// Returns what the blob of a key counts for. What is damaged counts for nothing, now as when all were counted.
    fn counted_bytes(&self, key: &Key) -> u64 {
        if self.quota.is_limited() { self.head(key).map_or(0, |head| head.size_bytes) } else { 0 }
    }

    /// Returns what all blobs count for. Looks at every one of them.
    pub(super) fn count(&self) -> io::Result<u64> {
        let mut total: u64 = 0;
        names::walk(&self.root, "", None, &mut |key| {
            total = total.saturating_add(self.head(&key).map_or(0, |head| head.size_bytes));
            true
        })?;
        Ok(total)
    }

    pub(super) fn head(&self, key: &Key) -> Result<Head, BlobError> {
        trailer::read(&self.file(key)?)
    }

    /// Opens a blob, and says where its content lies.
    pub(super) fn open_blob(&self, key: &Key) -> Result<(File, Head, Vec<Extent>), BlobError> {
        let file = self.file(key)?;
        let (head, extents) = trailer::read_all(&file)?;
        Ok((file, head, extents))
    }

    fn file(&self, key: &Key) -> Result<File, BlobError> {
        File::open(self.path(key)).map_err(|error| if is_absence(&error) { BlobError::NotFound } else { error.into() })
    }

    /// Holds no more keys than are asked for, beside the names in the directories on the way.
    pub(super) fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, BlobError> {
        let mut page = Page::default();
        let mut failure = None;
        names::walk(&self.root, prefix, after, &mut |key| {
            if page.blobs.len() == limit {
                page.has_more = true;
                return false;
            }
            match self.head(&key) {
                Ok(head) => page.blobs.push(Listed { key, size_bytes: head.size_bytes, modified: head.modified }),
                // Deleted since.
                Err(BlobError::NotFound) => {}
                Err(error) => failure = Some(error),
            }
            failure.is_none()
        })?;
        failure.map_or(Ok(page), Err)
    }
}

/// A key whose parent is a blob has no file either.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
