//! What the store changes on a disk, each change a step of its own, so that a test can stop the world between any two of them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where the changes are made.
#[derive(Clone, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    pub(super) cut: super::cuts::Cut,
}

/// One step.
#[cfg_attr(not(test), expect(dead_code, reason = "only a test looks at what is about to be changed"))]
pub(super) enum Change<'a> {
    Create(&'a Path),
    Write(&'a File, &'a [u8], u64),
    SetLength(&'a File),
    Punch,
    Sync(&'a File),
    SyncDirectory(&'a Path),
    Rename(&'a Path, &'a Path),
    Remove(&'a Path),
    RemoveDirectory(&'a Path),
}

impl Disk {
    pub(super) fn create(&self, path: &Path) -> io::Result<File> {
        self.step(Change::Create(path))?;
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    pub(super) fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.step(Change::Write(file, bytes, offset))?;
        file.write_all_at(bytes, offset)
    }

    pub(super) fn set_length(&self, file: &File, length: u64) -> io::Result<()> {
        self.step(Change::SetLength(file))?;
        file.set_len(length)
    }

    /// Gives the room of a part of a file back to the file system, where it can do that; what it held then reads as zeros.
    pub(super) fn punch(&self, file: &File, offset: u64, length: u64) {
        use rustix::fs::FallocateFlags;
        if length > 0 && self.step(Change::Punch).is_ok() {
            // Where it cannot, the room is used again for the next part, or lies idle.
            let _punched = rustix::fs::fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, length);
        }
    }

    /// Puts the content and the length of a file on disk.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        self.step(Change::Sync(file))?;
        file.sync_data()
    }

    /// Puts the names in a directory on disk.
    pub(super) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Change::SyncDirectory(path))?;
        File::open(path)?.sync_all()
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Change::Rename(from, to))?;
        fs::rename(from, to)
    }

    pub(super) fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Change::Create(path))?;
        fs::create_dir(path)
    }

    pub(super) fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(Change::Remove(path))?;
        fs::remove_file(path)
    }

    /// Removes an empty directory.
    pub(super) fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Change::RemoveDirectory(path))?;
        fs::remove_dir(path)
    }

    /// Makes what is missing between `root` and `directory`, each synced into the one above.
    pub(super) fn create_directories(&self, root: &Path, directory: &Path) -> io::Result<()> {
        if directory == root || directory.is_dir() {
            return Ok(());
        }
        let above = directory.parent().unwrap_or(root);
        self.create_directories(root, above)?;
        match self.create_directory(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.sync_directory(above)
    }

    #[cfg(test)]
    fn step(&self, change: Change<'_>) -> io::Result<()> {
        self.cut.step(change)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "in tests the world may stop here")]
    fn step(&self, _: Change<'_>) -> io::Result<()> {
        Ok(())
    }
}
