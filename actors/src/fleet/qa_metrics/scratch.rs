//! Data files while they are read: in one directory, removed when they were read, and at the latest at the next start.
//!
//! A file that is removed while somebody reads it is read to its end; its room on the disk is free after that.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use hubbub_protocol::fleet::qa_metrics::DiskUsage;

use super::state::Folder;

/// A file that is removed when it is dropped.
pub(super) struct Scratch {
    file: File,
    path: PathBuf,
}

impl Scratch {
    /// Makes an empty file for the data of a session. Blocks on the disk.
    pub(super) fn create(directory: &Path, folder: &Folder) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{}.npz", folder.as_str()));
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
        Ok(Self { file, path })
    }

    /// Goes on writing. Blocks on the disk.
    pub(super) fn write(mut self, bytes: &[u8]) -> io::Result<Self> {
        self.file.write_all(bytes)?;
        Ok(self)
    }

    /// Returns what was written, for reading from its beginning.
    pub(super) fn read(&mut self) -> io::Result<&File> {
        self.file.rewind()?;
        Ok(&self.file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Somebody may have cleaned up already, and the next start does.
        let _removed = fs::remove_file(&self.path);
    }
}

/// Removes all files, also those that are being read, and says how much that was. Blocks on the disk.
pub(super) fn clean_up(directory: &Path) -> io::Result<DiskUsage> {
    let mut removed = DiskUsage::default();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(removed),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
        match fs::remove_file(entry.path()) {
            Ok(()) => {
                removed.files += 1;
                removed.bytes += bytes;
            }
            // Its reader was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}
