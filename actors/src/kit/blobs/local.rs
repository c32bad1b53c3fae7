//! Blobs as local files.
//!
//! A blob is one file: its content, then what is known about it, so that one rename puts both in place. It is written beside its
//! place, synced, renamed, and the directory is synced: after a crash there is the old blob or the new one, never a part.
//!
//! Decision: the parts of an upload are written into one file, each where there is room, and a journal beside it says which lies where.
//! To complete is to write a table of these places to the file's end and to rename it: nothing is copied, however large it is, readers
//! follow the table, and a blob of parts is replaced, deleted and read to its end like any other. Reason: a file per part needs a
//! directory that outlives its readers, and parts put together need a second copy of 20 GB, since most file systems share no blocks
//! between files. The price: where parts were sent twice the file has holes, which are given back to the file system if it can take
//! them. What would change our mind: a need for blobs that other programs read as plain files.
//!
//! Reading order: `files` has finished blobs, `incoming` one that is written in one go, `uploads` those that come in parts (`upload`
//! is one of them, `journal` what is known about it, `extents` the room in its file), `reading` how content is read; `names` says how a
//! key becomes a path, `trailer` how the end of a file looks, `quota` how much room there is, `disk` what is changed on the disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::StreamExt;

use super::url;
use super::{
    Answer, Blob, BlobError, BlobStore, Chunks, Completed, Head, Key, Page, Part, PartNumber, PartPage, PartTag, PartUrls,
    Upload, UploadPage, UploadedPart, Url,
};
use crate::kit::clock::SharedClock;
use crate::kit::ids::{SystemRandom, token256};

mod disk;
mod extents;
mod files;
mod incoming;
mod journal;
mod names;
mod quota;
mod reading;
mod trailer;
mod upload;
mod uploads;

#[cfg(test)]
mod cuts;

use disk::Disk;
use files::Files;
use incoming::Incoming;
use quota::Quota;
use uploads::Uploads;

/// How much is read, and at least written, at once.
const PIECE_BYTES: usize = 256 * 1024;
/// Where files are written before they are put in place. No key leads there.
const INCOMING: &str = ".incoming";
/// Where unfinished uploads are. No key leads there either.
const UPLOADS: &str = ".uploads";

/// Blobs under one directory.
pub struct LocalBlobs {
    files: Arc<Files>,
    uploads: Arc<Uploads>,
    urls: PartUrls,
    clock: SharedClock,
}

impl LocalBlobs {
    /// Returns the blobs under `root`, which is made if need be; what an earlier run left half done is cleared away, and unfinished
    /// uploads go on. They may take whatever room there is, and the addresses of parts are valid as long as this run. Blocks on the
    /// disk: for the start.
    ///
    /// # Errors
    /// The directory cannot be made or written.
    pub fn open(root: impl Into<PathBuf>, clock: SharedClock) -> io::Result<Self> {
        Self::open_on(Disk::default(), root.into(), clock)
    }

    fn open_on(disk: Disk, root: PathBuf, clock: SharedClock) -> io::Result<Self> {
        let files = Arc::new(Files::open(root, disk)?);
        let uploads = Arc::new(Uploads::open(&files)?);
        Ok(Self { files, uploads, urls: PartUrls::new(token256(&SystemRandom).as_bytes()), clock })
    }

    /// Lets blobs and parts of unfinished uploads take `quota_bytes` together. Looks at every blob there is, on the disk, so this is
    /// for the start too.
    ///
    /// # Errors
    /// They cannot be counted.
    ///
    /// # Panics
    /// The store is in use already.
    pub fn with_quota(mut self, quota_bytes: u64) -> io::Result<Self> {
        let used = self.files.count()?.saturating_add(self.uploads.count());
        Arc::get_mut(&mut self.files).expect("nothing is under way before the store is there").quota =
            Quota::new(quota_bytes, used);
        Ok(self)
    }

    /// Signs the addresses of parts with these, so that they stay valid over a restart.
    #[must_use]
    pub fn with_urls(mut self, urls: PartUrls) -> Self {
        self.urls = urls;
        self
    }
}

impl BlobStore for LocalBlobs {
    fn put<'a>(&'a self, key: &'a Key, content_type: &'a str, body: Chunks) -> Answer<'a, Head> {
        Box::pin(async move {
            let files = self.files.clone();
            let incoming = blocking(move || Incoming::begin(files)).await?;
            let incoming = write_all(incoming, body, Incoming::write).await?;
            let (key, content_type, now) = (key.clone(), content_type.to_owned(), self.clock.now());
            blocking(move || incoming.finish(&key, content_type, now)).await
        })
    }

    fn get<'a>(&'a self, key: &'a Key, part: Part) -> Answer<'a, Blob> {
        Box::pin(async move {
            let (files, key) = (self.files.clone(), key.clone());
            let (file, head, extents) = blocking(move || files.open_blob(&key)).await?;
            let size_bytes = head.size_bytes;
            let (offset, length) = part.within(size_bytes).ok_or(BlobError::OutOfRange { size_bytes })?;
            Ok(Blob { head, offset, length, body: reading::read(file, extents::within(&extents, offset, length)) })
        })
    }

    fn head<'a>(&'a self, key: &'a Key) -> Answer<'a, Head> {
        let (files, key) = (self.files.clone(), key.clone());
        Box::pin(blocking(move || files.head(&key)))
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a Key>, limit: usize) -> Answer<'a, Page> {
        let (files, prefix, after) = (self.files.clone(), prefix.to_owned(), after.cloned());
        Box::pin(blocking(move || files.list(&prefix, after.as_ref(), limit.max(1))))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        let (files, key) = (self.files.clone(), key.clone());
        Box::pin(blocking(move || files.remove(&key)))
    }

    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key) -> Answer<'a, Completed> {
        let (files, from, to) = (self.files.clone(), from.clone(), to.clone());
        Box::pin(blocking(move || files.rename(&from, &to)))
    }

    fn location(&self, key: &Key) -> Url {
        Url::Hub(url::path(key))
    }

    fn start<'a>(&'a self, key: &'a Key, content_type: &'a str) -> Answer<'a, Upload> {
        let (files, uploads, now) = (self.files.clone(), self.uploads.clone(), self.clock.now());
        let begun = journal::Begun { key: key.clone(), content_type: content_type.to_owned(), started: now };
        Box::pin(blocking(move || uploads.start(&files, begun)))
    }

    fn presign(&self, upload: &Upload, number: PartNumber, valid_secs: u32) -> Url {
        Url::Hub(self.urls.sign(upload, number, valid_secs, self.clock.now()))
    }

    fn put_part<'a>(&'a self, upload: &'a Upload, number: PartNumber, size_bytes: u64, body: Chunks) -> Answer<'a, UploadedPart> {
        Box::pin(async move {
            let (files, found) = (self.files.clone(), self.uploads.find(upload)?);
            let incoming = blocking(move || upload::IncomingPart::begin(files, found, number, size_bytes)).await?;
            let incoming = write_all(incoming, body, upload::IncomingPart::write).await?;
            blocking(move || incoming.finish()).await
        })
    }

    fn parts<'a>(&'a self, upload: &'a Upload, after: Option<PartNumber>, limit: usize) -> Answer<'a, PartPage> {
        Box::pin(async move {
            let found = self.uploads.find(upload)?;
            // Who completes it meanwhile waits for the disk.
            blocking(move || found.parts(after, limit.max(1))).await
        })
    }

    fn complete<'a>(&'a self, upload: &'a Upload, parts: &'a [PartTag]) -> Answer<'a, Completed> {
        let (files, uploads, now) = (self.files.clone(), self.uploads.clone(), self.clock.now());
        let (upload, parts) = (upload.clone(), parts.to_vec());
        Box::pin(blocking(move || uploads.complete(&files, &upload, &parts, now)))
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()> {
        let (files, uploads, upload) = (self.files.clone(), self.uploads.clone(), upload.clone());
        Box::pin(blocking(move || uploads.abort(&files, &upload)))
    }

    fn uploads<'a>(&'a self, prefix: &'a str, after: Option<&'a Upload>, limit: usize) -> Answer<'a, UploadPage> {
        Box::pin(std::future::ready(Ok(self.uploads.list(prefix, after, limit.max(1)))))
    }
}

/// Writes a body piece by piece. The next piece is asked for when the last one is written.
async fn write_all<W: Send + 'static>(
    mut writer: W,
    mut body: Chunks,
    write: fn(W, &[u8]) -> Result<W, BlobError>,
) -> Result<W, BlobError> {
    let mut piece = BytesMut::new();
    while let Some(chunk) = body.next().await {
        piece.extend_from_slice(&chunk.map_err(BlobError::Source)?);
        if piece.len() >= PIECE_BYTES {
            let full = piece.split().freeze();
            writer = blocking(move || write(writer, &full)).await?;
        }
    }
    blocking(move || write(writer, &piece)).await
}

/// Works on a thread that may wait for the disk. What was begun is brought to its end even if nobody waits for it any more.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, BlobError> + Send + 'static) -> Result<T, BlobError> {
    let working = actix_rt::task::spawn_blocking(work);
    working.await.unwrap_or_else(|stopped| Err(BlobError::Store(io::Error::other(stopped))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
