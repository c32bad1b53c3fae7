//! Files by key: pictures, recordings, everything too large for a snapshot.
//!
//! A blob is written as a whole and then never changed; writing its key again replaces it, and whoever reads the old one reads it to
//! its end. A write that was answered is on disk. A large one may come in parts, over hours and in any order, and becomes a blob at
//! once when its last part is there. Reading order: this file is the vocabulary, [`key`] what a blob may be called, [`upload`] the
//! words for what comes in parts, [`url`] how a part is let in without a password, [`reap`] how it ends when nobody ends it, [`local`]
//! the implementation on local files, [`s3`] the one in a bucket.

use std::future::Future;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::clock::Timestamp;

pub mod key;
pub mod local;
pub mod reap;
pub mod s3;
pub mod upload;
pub mod url;

#[cfg(test)]
pub(crate) mod suite;

pub use key::{Key, WrongKey};
pub use local::LocalBlobs;
pub use s3::{S3Blobs, S3Settings};
pub use upload::{Completed, PartNumber, PartPage, PartTag, Unfinished, Upload, UploadId, UploadPage, UploadedPart};
pub use url::{PartUrls, Url, WrongUrl};

/// Bytes in pieces, as they come or as they are wanted.
pub type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What a blob store answers, sooner or later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BlobError>> + Send + 'a>>;

/// What is known about a blob without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How long it is.
    pub size_bytes: u64,
    /// Another content has another one: printable ASCII, without quotes.
    pub etag: String,
    /// What its writer said it is.
    pub content_type: String,
    /// When it was written.
    pub modified: Timestamp,
}

/// A part of a blob: whole, if nothing else was asked for.
pub struct Blob {
    /// About the whole blob.
    pub head: Head,
    /// Where this part begins.
    pub offset: u64,
    /// How long this part is.
    pub length: u64,
    /// Its bytes.
    pub body: Chunks,
}

/// Which part of a blob is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// From the first of these bytes to the second, both included, or to the end.
    From(u64, Option<u64>),
    /// The last so many bytes, or all if there are fewer.
    Last(u64),
}

impl Part {
    /// Returns offset and length of this part of a blob, or nothing when no byte of it exists.
    #[must_use]
    pub fn within(self, size_bytes: u64) -> Option<(u64, u64)> {
        match self {
            Self::Whole => Some((0, size_bytes)),
            Self::From(first, last) => {
                let end = last.map_or(size_bytes, |last| last.saturating_add(1).min(size_bytes));
                (first < end).then(|| (first, end - first))
            }
            Self::Last(count) => {
                let length = count.min(size_bytes);
                (length > 0).then(|| (size_bytes - length, length))
            }
        }
    }
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The blob's key.
    pub key: Key,
    /// How long it is.
    pub size_bytes: u64,
    /// When it was written.
    pub modified: Timestamp,
}

/// Some of the blobs that were asked for, in the order of their keys' bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The blobs.
    pub blobs: Vec<Listed>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no blob with this key.
    #[error("there is no such blob")]
    NotFound,
    /// The blob has no byte in the part that was asked for.
    #[error("the blob has {size_bytes} bytes, none of them is in this range")]
    OutOfRange {
        /// How long it is.
        size_bytes: u64,
    },
    /// There is no unfinished upload with this id and this key: never begun, completed, aborted, or begun for another key.
    #[error("there is no such upload")]
    UploadNotFound,
    /// The upload cannot be completed: this part is not there, is another one, is named twice, or is smaller than the store takes.
    #[error("part {0} is not there as it is named")]
    InvalidPart(PartNumber),
    /// With it the blobs and the parts of unfinished uploads would take more than they may; nothing was written.
    #[error("the blobs may take {quota_bytes} bytes, and this would be more")]
    OverQuota {
        /// How much all may take together.
        quota_bytes: u64,
    },
    /// The sender broke off or sent what it must not; nothing was written.
    #[error("the content did not arrive: {0}")]
    Source(io::Error),
    /// The store failed.
    #[error("the blob store failed: {0}")]
    Store(#[from] io::Error),
}

/// Where blobs are kept.
///
/// Everything that is answered is on disk. Every future may be dropped at any moment: what it was about to do then has happened as a
/// whole or not at all.
pub trait BlobStore: Send + Sync {
    /// Writes a blob and replaces what was there. If the body ends in an error, or the future is dropped, nothing is written and
    /// what was there stays. The body is asked for more only when there is room for it.
    fn put<'a>(&'a self, key: &'a Key, content_type: &'a str, body: Chunks) -> Answer<'a, Head>;

    /// Reads a part of a blob.
    fn get<'a>(&'a self, key: &'a Key, part: Part) -> Answer<'a, Blob>;

    /// Looks at a blob.
    fn head<'a>(&'a self, key: &'a Key) -> Answer<'a, Head>;

    /// Lists the blobs whose keys begin with `prefix` and come after `after`: at most `limit`, at least one if there is any. A store
    /// may have a smaller limit of its own (S3: 1,000), so go by [`Page::has_more`].
    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a Key>, limit: usize) -> Answer<'a, Page>;

    /// Deletes a blob. If there is none, that is as good.
    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()>;

    /// Moves a blob to another key, and replaces what was there; the answer is the blob's new etag and its length. Local files are not
    /// copied, S3 copies within itself.
    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key) -> Answer<'a, Completed>;

    /// Returns where the blob of a key is found by whoever may read it.
    fn location(&self, key: &Key) -> Url;

    /// Begins an upload in parts. There may be any number of them for one key; what is under the key stays until one is completed.
    fn start<'a>(&'a self, key: &'a Key, content_type: &'a str) -> Answer<'a, Upload>;

    /// Returns an address to which whoever has it may PUT this one part for the next `valid_secs` (at most 604,800, a week). Nothing
    /// is looked up: an upload that does not exist gets one too, and it leads nowhere.
    fn presign(&self, upload: &Upload, number: PartNumber, valid_secs: u32) -> Url;

    /// Writes a part of exactly `size_bytes`, and replaces the one that was there under this number. A body of another length is
    /// [`BlobError::Source`]. Parts may come in any order and at the same time. In S3 a part has at most 5 GiB.
    fn put_part<'a>(&'a self, upload: &'a Upload, number: PartNumber, size_bytes: u64, body: Chunks) -> Answer<'a, UploadedPart>;

    /// Lists the parts that are there, by number, those after `after`: at most `limit`, at least one if there is any. A store may have
    /// a smaller limit of its own (S3: 1,000), so go by [`PartPage::has_more`].
    fn parts<'a>(&'a self, upload: &'a Upload, after: Option<PartNumber>, limit: usize) -> Answer<'a, PartPage>;

    /// Makes a blob of these parts, in the order of their numbers, whatever order they are named in; parts that are not named are
    /// dropped, and the blob that was under the key is replaced. In S3 every part but the last needs 5 MiB.
    ///
    /// When the answer is lost, the second attempt finds [`BlobError::UploadNotFound`]; whether the first one came through is seen by
    /// the blob's [`BlobStore::head`].
    fn complete<'a>(&'a self, upload: &'a Upload, parts: &'a [PartTag]) -> Answer<'a, Completed>;

    /// Ends an upload and drops its parts. If there is no such upload, that is as good.
    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()>;

    /// Lists the unfinished uploads of keys that begin with `prefix`, in the order of their keys, those after `after`: at most
    /// `limit`, at least one if there is any. A store may have a smaller limit of its own (S3: 1,000).
    fn uploads<'a>(&'a self, prefix: &'a str, after: Option<&'a Upload>, limit: usize) -> Answer<'a, UploadPage>;
}

/// Returns bytes that are there already as the content of a blob.
#[must_use]
pub fn once(bytes: Bytes) -> Chunks {
    Box::pin(stream::once(std::future::ready(Ok(bytes))))
}

/// Collects a body. Only for blobs of which it is known that they are small.
///
/// # Errors
/// The body broke off.
pub async fn collect(mut body: Chunks) -> io::Result<Bytes> {
    let mut collected = Vec::new();
    while let Some(chunk) = body.next().await {
        collected.extend_from_slice(&chunk?);
    }
    Ok(collected.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_to_what_there_is() {
        let check = |part: Part, size, expected| assert_eq!(part.within(size), expected, "{part:?} of {size}");

        check(Part::Whole, 10, Some((0, 10)));
        check(Part::Whole, 0, Some((0, 0)));
        check(Part::From(0, Some(0)), 10, Some((0, 1)));
        check(Part::From(3, Some(5)), 10, Some((3, 3)));
        check(Part::From(3, None), 10, Some((3, 7)));
        check(Part::From(9, Some(u64::MAX)), 10, Some((9, 1)));
        check(Part::From(10, None), 10, None);
        check(Part::From(5, Some(4)), 10, None);
        check(Part::From(0, None), 0, None);
        check(Part::Last(3), 10, Some((7, 3)));
        check(Part::Last(30), 10, Some((0, 10)));
        check(Part::Last(0), 10, None);
    }
}
