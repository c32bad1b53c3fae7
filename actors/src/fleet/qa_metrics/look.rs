//! One session's turn in a run: its data file is read if this version of it was not read before.
//!
//! Decision: the file is copied to the disk first. Reason: a ZIP archive is read from its end, and a connection to a bucket is not to stand
//! open while a processor is waited for. What would change our mind: arrays that nobody asks for and that make up most of a file; then
//! parts of it would be fetched where they lie.

use std::io;
use std::path::PathBuf;

use futures_util::StreamExt;
use hubbub_protocol::fleet::uploads::FileType;
use tokio::sync::Semaphore;
use tracing::{error, warn};

use super::kept::{self, Kept};
use super::npz::{self, Unreadable};
use super::scratch::Scratch;
use super::state::{Data, Folder};
use crate::fleet::reports::Reports;
use crate::kit::blobs::{Blob, BlobError, Key, Part};
use crate::kit::deps::Deps;
use crate::kit::snapshot::StoreError;

/// A data file that is larger is not read: it would fill the disk. The largest of the document's example has an eighth of it.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// A session as the bucket lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub folder: Folder,
    pub has_video: bool,
    pub has_data: bool,
}

/// What a look needs.
pub(super) struct Looker<'r> {
    pub deps: &'r Deps,
    pub reports: &'r Reports,
    /// One for each file that is read at a time.
    pub benches: Semaphore,
}

/// The file could not be got at, which says nothing about it: the next run tries again.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error("the copy on the disk failed: {0}")]
    Disk(#[from] io::Error),
}

impl Looker<'_> {
    /// Finds out what there is to know about a session, and commits it.
    pub(super) async fn look(&self, found: &Found) -> Result<(), StoreError> {
        let (snapshots, folder) = (self.deps.snapshots().clone(), found.folder.clone());
        let known = beside(move || Ok(kept::load(&*snapshots, &folder))).await.unwrap_or(None);
        let (etag, data) = if found.has_data { self.data(&found.folder, known.as_ref()).await } else { (None, Data::Missing) };
        let kept = Kept { etag, has_video: found.has_video, data };
        if known.as_ref() == Some(&kept) {
            return Ok(());
        }
        kept::save(&**self.deps.snapshots(), &found.folder, &kept).await
    }

    /// Returns what the data file comes to, and the version that this is true of.
    async fn data(&self, folder: &Folder, known: Option<&Kept>) -> (Option<String>, Data) {
        match self.read_unless_known(folder, known).await {
            Ok((etag, data)) => (Some(etag), data),
            // It was deleted since it was listed.
            Err(Trouble::Blobs(BlobError::NotFound)) => (None, Data::Missing),
            Err(trouble) => {
                warn!(session = folder.as_str(), %trouble, "the data of session `{}` could not be got at: {trouble}", folder.as_str());
                known.map_or((None, Data::Unreadable), |known| (known.etag.clone(), known.data.clone()))
            }
        }
    }

    async fn read_unless_known(&self, folder: &Folder, known: Option<&Kept>) -> Result<(String, Data), Trouble> {
        let blobs = &self.reports.blobs;
        let key = key(folder)?;
        if let Some(Kept { etag: Some(etag), data, .. }) = known
            && *etag == blobs.head(&key).await?.etag
        {
            return Ok((etag.clone(), data.clone()));
        }
        let _bench = self.benches.acquire().await.map_err(io::Error::other)?;
        let blob = blobs.get(&key, Part::Whole).await?;
        let etag = blob.head.etag.clone();
        let data = if blob.length > MAX_FILE_BYTES {
            unreadable(folder, &format!("it has {} bytes where at most {MAX_FILE_BYTES} make sense", blob.length))
        } else {
            let scratch = copy(blob, self.reports.directory.clone(), folder).await?;
            measure(scratch, folder).await?
        };
        self.reports.progress.read.increment(1);
        Ok((etag, data))
    }
}

fn key(folder: &Folder) -> Result<Key, Trouble> {
    let text = format!("sessions/{}/{}", folder.as_str(), FileType::Data.file_name());
    Key::parse(text).map_err(|wrong| Trouble::Disk(io::Error::other(wrong)))
}

/// Brings a file to the disk, piece by piece.
async fn copy(mut blob: Blob, directory: PathBuf, folder: &Folder) -> Result<Scratch, Trouble> {
    let of = folder.clone();
    let mut scratch = beside(move || Scratch::create(&directory, &of)).await?;
    let mut copied: u64 = 0;
    while let Some(piece) = blob.body.next().await {
        let piece = piece.map_err(BlobError::Store)?;
        copied += piece.len() as u64;
        scratch = beside(move || scratch.write(&piece)).await?;
    }
    if copied == blob.length { Ok(scratch) } else { Err(BlobError::Store(io::ErrorKind::UnexpectedEof.into()).into()) }
}

async fn measure(mut scratch: Scratch, folder: &Folder) -> Result<Data, Trouble> {
    let measuring = actix_rt::task::spawn_blocking(move || npz::measure(scratch.read().map_err(Unreadable::Io)?));
    match measuring.await {
        Ok(Ok(measured)) => Ok(Data::Measured(measured)),
        Ok(Err(Unreadable::Io(error))) => Err(error.into()),
        Ok(Err(reason)) => Ok(unreadable(folder, &reason.to_string())),
        Err(panicked) => {
            error!(session = folder.as_str(), %panicked, "reading the data of session `{}` panicked: {panicked}", folder.as_str());
            Ok(Data::Unreadable)
        }
    }
}

fn unreadable(folder: &Folder, reason: &str) -> Data {
    warn!(session = folder.as_str(), reason, "the data of session `{}` cannot be read: {reason}", folder.as_str());
    Data::Unreadable
}

async fn beside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    actix_rt::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}
