//! Blobs as local files.
//!
//! A blob is one file: its content, then what is known about it, so that one rename puts both in place. It is written beside its
//! place, synced, renamed, and the directory is synced: after a crash there is the old blob or the new one, never a part.
//! `names` says how a key becomes a path, `trailer` how the end of a file looks, `upload` how a file is written.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use super::{Answer, Blob, BlobError, BlobStore, Chunks, Head, Key, Listed, Page, Part};
use crate::kit::clock::SharedClock;

mod names;
mod trailer;
mod upload;

use upload::Upload;

/// How much is read, and at least written, at once.
const PIECE_BYTES: usize = 256 * 1024;
/// Where files are written before they are put in place. No key leads there.
const INCOMING: &str = ".incoming";

/// Blobs under one directory.
pub struct LocalBlobs {
    root: Arc<Path>,
    clock: SharedClock,
    uploads: AtomicU64,
}

impl LocalBlobs {
    /// Returns the blobs under `root`, which is made if need be; what an earlier run left unfinished is cleared away. Blocks on
    /// the disk: for the start.
    ///
    /// # Errors
    /// The directory cannot be made or written.
    pub fn open(root: impl Into<PathBuf>, clock: SharedClock) -> io::Result<Self> {
        let root = root.into();
        let incoming = root.join(INCOMING);
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&incoming)?;
        sync_directory(&root)?;
        root.parent().filter(|above| !above.as_os_str().is_empty()).map_or(Ok(()), sync_directory)?;
        Ok(Self { root: root.into(), clock, uploads: AtomicU64::new(0) })
    }

    fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING).join(self.uploads.fetch_add(1, Ordering::Relaxed).to_string())
    }

    fn path(&self, key: &Key) -> PathBuf {
        names::path(&self.root, key)
    }
}

impl BlobStore for LocalBlobs {
    fn put<'a>(&'a self, key: &'a Key, content_type: &'a str, mut body: Chunks) -> Answer<'a, Head> {
        Box::pin(async move {
            let (incoming, place, root) = (self.incoming(), self.path(key), self.root.clone());
            let mut upload = blocking(move || Upload::begin(incoming)).await?;
            let mut piece = BytesMut::new();
            while let Some(chunk) = body.next().await {
                piece.extend_from_slice(&chunk.map_err(BlobError::Source)?);
                if piece.len() >= PIECE_BYTES {
                    let full = piece.split().freeze();
                    upload = blocking(move || upload.write(&full)).await?;
                }
            }
            let (content_type, now) = (content_type.to_owned(), self.clock.now());
            blocking(move || upload.write(&piece)?.finish(content_type, now, &root, &place)).await
        })
    }

    fn get<'a>(&'a self, key: &'a Key, part: Part) -> Answer<'a, Blob> {
        Box::pin(async move {
            let path = self.path(key);
            let (file, head) = blocking(move || open(&path)).await?;
            let size_bytes = head.size_bytes;
            let (offset, length) = part.within(size_bytes).ok_or(BlobError::OutOfRange { size_bytes })?;
            Ok(Blob { head, offset, length, body: read(file, offset, length) })
        })
    }

    fn head<'a>(&'a self, key: &'a Key) -> Answer<'a, Head> {
        Box::pin(async move {
            let path = self.path(key);
            blocking(move || open(&path).map(|(_, head)| head)).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a Key>, limit: usize) -> Answer<'a, Page> {
        Box::pin(async move {
            let (root, prefix, after) = (self.root.clone(), prefix.to_owned(), after.cloned());
            blocking(move || list(&root, &prefix, after.as_ref(), limit.max(1))).await
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = self.path(key);
            blocking(move || match fs::remove_file(&path) {
                Ok(()) => Ok(path.parent().map_or(Ok(()), sync_directory)?),
                Err(error) if is_absence(&error) => Ok(()),
                Err(error) => Err(error.into()),
            })
            .await
        })
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, BlobError> + Send + 'static) -> Result<T, BlobError> {
    let working = actix_rt::task::spawn_blocking(work);
    working.await.unwrap_or_else(|stopped| Err(BlobError::Store(io::Error::other(stopped))))
}

/// A key whose parent is a blob has no file either.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn open(path: &Path) -> Result<(File, Head), BlobError> {
    let file = File::open(path).map_err(|error| if is_absence(&error) { BlobError::NotFound } else { error.into() })?;
    let head = trailer::read(&file)?;
    Ok((file, head))
}

/// Reads in pieces, each when it is asked for.
fn read(file: File, offset: u64, length: u64) -> Chunks {
    let rest = (Arc::new(file), offset, length);
    Box::pin(stream::unfold(rest, |(file, offset, left)| async move {
        let piece = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        if piece == 0 {
            return None;
        }
        let from = file.clone();
        let reading = actix_rt::task::spawn_blocking(move || {
            let mut bytes = vec![0; piece];
            from.read_exact_at(&mut bytes, offset)?;
            Ok(Bytes::from(bytes))
        });
        let read: io::Result<Bytes> = reading.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        let read_bytes = piece as u64;
        let left = if read.is_ok() { left - read_bytes } else { 0 };
        Some((read, (file, offset + read_bytes, left)))
    }))
}

/// Collects and sorts all keys with the prefix: a directory gives its entries in no order.
fn list(root: &Path, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, BlobError> {
    let mut keys = names::keys(root, prefix)?;
    keys.retain(|key| after.is_none_or(|after| key > after));
    keys.sort_unstable();
    let has_more = keys.len() > limit;
    keys.truncate(limit);
    let mut blobs = Vec::with_capacity(keys.len());
    for key in keys {
        match open(&names::path(root, &key)) {
            Ok((_, head)) => blobs.push(Listed { key, size_bytes: head.size_bytes, modified: head.modified }),
            // Deleted since.
            Err(BlobError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Page { blobs, has_more })
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests;
