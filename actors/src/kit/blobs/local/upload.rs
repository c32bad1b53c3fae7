//! A blob's file while it is written, beside its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{sync_directory, trailer};
use crate::kit::blobs::{BlobError, Head};
use crate::kit::clock::Timestamp;

/// A file that is not in its place yet; dropped, it is gone.
pub(super) struct Upload {
    file: File,
    unfinished: Unfinished,
    hash: Sha256,
    size_bytes: u64,
}

/// Removes the file that nobody finished.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // In place already, or swept at the next start.
        let _gone = fs::remove_file(&self.0);
    }
}

impl Upload {
    pub(super) fn begin(path: PathBuf) -> Result<Self, BlobError> {
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { file, unfinished: Unfinished(path), hash: Sha256::new(), size_bytes: 0 })
    }

    pub(super) fn write(mut self, bytes: &[u8]) -> Result<Self, BlobError> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(self)
    }

    /// Puts the file in its place, for good.
    pub(super) fn finish(self, content_type: String, modified: Timestamp, root: &Path, place: &Path) -> Result<Head, BlobError> {
        let Self { mut file, unfinished, hash, size_bytes } = self;
        let head = Head { size_bytes, etag: hex(&hash.finalize()), content_type, modified };
        file.write_all(&trailer::write(&head)?)?;
        file.sync_all()?;
        let directory = place.parent().unwrap_or(root);
        make_directories(root, directory)?;
        fs::rename(&unfinished.0, place)?;
        sync_directory(directory)?;
        Ok(head)
    }
}

/// Half of the hash: enough to tell contents apart.
fn hex(hash: &[u8]) -> String {
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes what is missing between `root` and `directory`, each synced into the one above.
fn make_directories(root: &Path, directory: &Path) -> io::Result<()> {
    if directory == root || directory.is_dir() {
        return Ok(());
    }
    let above = directory.parent().unwrap_or(root);
    make_directories(root, above)?;
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_directory(above)
}
