//! A crash, for tests. After so many steps nothing more reaches the disk, and the write it falls upon is half done: that is a process
//! that is killed. When the power goes, whatever was not synced is lost as well.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;

use super::disk::Change;

/// How many steps there are before the crash, and what was done since the last time it was synced.
#[derive(Clone, Default)]
pub(super) struct Cut(Arc<Mutex<Steps>>);

#[derive(Default)]
struct Steps {
    /// After how many the crash comes, and where files are kept that may have to come back; without a crash nothing is noted.
    crash: Option<(u64, TempDir)>,
    made: u64,
    unsynced: Vec<Undo>,
}

/// How to undo a change.
enum Undo {
    Content { file: File, content: Vec<u8> },
    Created(PathBuf),
    Renamed { from: PathBuf, to: PathBuf, replaced: Option<PathBuf> },
    Removed { path: PathBuf, kept: PathBuf },
    RemovedDirectory(PathBuf),
}

impl Cut {
    /// Returns a crash after `steps`. Files that may have to come back are kept in `directory`.
    pub(super) fn after(steps: u64, directory: TempDir) -> Self {
        Self(Arc::new(Mutex::new(Steps { crash: Some((steps, directory)), ..Steps::default() })))
    }

    /// Whether a step was asked for that is not made any more.
    pub(super) fn has_come(&self) -> bool {
        let steps = self.0.lock();
        steps.crash.as_ref().is_some_and(|(last, _)| steps.made > *last)
    }

    pub(super) fn step(&self, change: Change<'_>) -> io::Result<()> {
        let steps = &mut *self.0.lock();
        let Some((last, kept)) = &steps.crash else { return Ok(()) };
        steps.made += 1;
        if steps.made <= *last {
            note(&mut steps.unsynced, kept.path(), change);
            return Ok(());
        }
        if let Change::Write(file, bytes, offset) = change
            && steps.made == last + 1
        {
            note(&mut steps.unsynced, kept.path(), Change::SetLength(file));
            file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
        }
        Err(io::Error::other("the power is gone"))
    }

    /// Loses what was not synced.
    pub(super) fn lose(&self) {
        for undo in self.0.lock().unsynced.drain(..).rev() {
            // What has another name by now was synced under that.
            let _undone = undo.undo();
        }
    }
}

/// Notes how a change is undone that is about to be made, or that others need not be undone any more.
fn note(unsynced: &mut Vec<Undo>, kept: &Path, change: Change<'_>) {
    let keep = |path: &Path| {
        let kept = kept.join(fs::read_dir(kept).expect("a directory").count().to_string());
        fs::hard_link(path, &kept).ok().map(|()| kept)
    };
    match change {
        Change::Create(path) => unsynced.push(Undo::Created(path.to_owned())),
        Change::Write(file, ..) | Change::SetLength(file) => unsynced.push(Undo::content(file)),
        // A hole may be on disk at once.
        Change::Punch => {}
        Change::Sync(file) => unsynced.retain(|undo| !undo.is_of(file)),
        Change::SyncDirectory(path) => unsynced.retain(|undo| !undo.is_in(path)),
        Change::Rename(from, to) => {
            unsynced.push(Undo::Renamed { from: from.to_owned(), to: to.to_owned(), replaced: keep(to) });
        }
        Change::Remove(path) => unsynced.extend(keep(path).map(|kept| Undo::Removed { path: path.to_owned(), kept })),
        Change::RemoveDirectory(path) => unsynced.push(Undo::RemovedDirectory(path.to_owned())),
    }
}

fn inode(file: &File) -> u64 {
    file.metadata().expect("a file").ino()
}

impl Undo {
    fn content(file: &File) -> Self {
        let mut content = vec![0; file.metadata().expect("a file").len() as usize];
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
        File::open(path).expect("readable").read_exact_at(&mut content, 0).expect("readable");
        Self::Content { file: file.try_clone().expect("a file"), content }
    }

    fn is_of(&self, synced: &File) -> bool {
        matches!(self, Self::Content { file, .. } if inode(file) == inode(synced))
    }

    /// A rename is one change of two directories: either of them takes it along.
    fn is_in(&self, directory: &Path) -> bool {
        let is_in = |path: &Path| path.parent() == Some(directory);
        match self {
            Self::Content { .. } => false,
            Self::Created(path) | Self::Removed { path, .. } | Self::RemovedDirectory(path) => is_in(path),
            Self::Renamed { from, to, .. } => is_in(from) || is_in(to),
        }
    }

    fn undo(self) -> io::Result<()> {
        match self {
            Self::Content { file, content } => {
                file.set_len(content.len() as u64)?;
                file.write_all_at(&content, 0)
            }
            Self::Created(path) if path.is_dir() => fs::remove_dir_all(path),
            Self::Created(path) => fs::remove_file(path),
            Self::Renamed { from, to, replaced } => {
                fs::rename(&to, from)?;
                replaced.map_or(Ok(()), |kept| fs::rename(kept, to))
            }
            Self::Removed { path, kept } => fs::rename(kept, path),
            Self::RemovedDirectory(path) => fs::create_dir(path),
        }
    }
}
