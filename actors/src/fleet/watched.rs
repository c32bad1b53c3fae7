//! A store of files that tests watch, hold up and break, and a hub whose reports are made from it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use hubbub_protocol::fault::Fault;
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use super::qa_metrics::Progress;
use super::reports::Reports;
use crate::kit::ask::{Ask, Routed, ask};
use crate::kit::blobs::{
    Answer, Blob, BlobError, BlobStore, Chunks, Completed, Head, Key, Listed, LocalBlobs, Page, Part, PartNumber, PartPage,
    PartTag, Upload, UploadPage, UploadedPart, Url, once,
};
use crate::kit::caller::Caller;
use crate::kit::clock::TestClock;
use crate::kit::deps::Deps;
use crate::kit::snapshot::{MemoryStore, SnapshotStore};

/// Local files, with a look at who asks for what.
pub struct Watched {
    inner: LocalBlobs,
    /// What is listed in the place of what is there.
    pub listed: Vec<Listed>,
    /// Lists that were asked for.
    pub lists: AtomicUsize,
    /// The most that one of them was to have.
    pub longest: AtomicUsize,
    /// Files that were read.
    pub gets: AtomicUsize,
    /// Lists fail.
    pub is_down: AtomicBool,
    /// Files cannot be read.
    pub is_unreadable: AtomicBool,
    /// Lists wait while this is false.
    pub may_list: watch::Sender<bool>,
    /// Who reads waits while this is false.
    pub may_read: watch::Sender<bool>,
}

impl Watched {
    /// Waits until it may go on.
    async fn pass(&self, may_pass: &watch::Sender<bool>, is_broken: &AtomicBool) -> Result<(), BlobError> {
        let mut passing = may_pass.subscribe();
        drop(passing.wait_for(|may_pass| *may_pass).await);
        if is_broken.load(Ordering::SeqCst) { Err(BlobError::Store(io::Error::other("the store is gone"))) } else { Ok(()) }
    }
}

impl BlobStore for Watched {
    fn get<'a>(&'a self, key: &'a Key, part: Part) -> Answer<'a, Blob> {
        Box::pin(async move {
            self.gets.fetch_add(1, Ordering::SeqCst);
            self.pass(&self.may_read, &self.is_unreadable).await?;
            self.inner.get(key, part).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a Key>, limit: usize) -> Answer<'a, Page> {
        Box::pin(async move {
            self.lists.fetch_add(1, Ordering::SeqCst);
            self.longest.fetch_max(limit, Ordering::SeqCst);
            self.pass(&self.may_list, &self.is_down).await?;
            if self.listed.is_empty() {
                return self.inner.list(prefix, after, limit).await;
            }
            let start = after.map_or(0, |after| self.listed.partition_point(|blob| blob.key <= *after));
            let blobs: Vec<Listed> = self.listed.iter().skip(start).take(limit).cloned().collect();
            Ok(Page { has_more: start + blobs.len() < self.listed.len(), blobs })
        })
    }

    fn put<'a>(&'a self, key: &'a Key, content_type: &'a str, body: Chunks) -> Answer<'a, Head> {
        self.inner.put(key, content_type, body)
    }

    fn head<'a>(&'a self, key: &'a Key) -> Answer<'a, Head> {
        self.inner.head(key)
    }

    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key) -> Answer<'a, Completed> {
        self.inner.rename(from, to)
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        self.inner.delete(key)
    }

    fn location(&self, key: &Key) -> Url {
        self.inner.location(key)
    }

    fn start<'a>(&'a self, key: &'a Key, content_type: &'a str) -> Answer<'a, Upload> {
        self.inner.start(key, content_type)
    }

    fn presign(&self, upload: &Upload, number: PartNumber, valid_secs: u32) -> Url {
        self.inner.presign(upload, number, valid_secs)
    }

    fn put_part<'a>(&'a self, upload: &'a Upload, number: PartNumber, size_bytes: u64, body: Chunks) -> Answer<'a, UploadedPart> {
        self.inner.put_part(upload, number, size_bytes, body)
    }

    fn parts<'a>(&'a self, upload: &'a Upload, after: Option<PartNumber>, limit: usize) -> Answer<'a, PartPage> {
        self.inner.parts(upload, after, limit)
    }

    fn complete<'a>(&'a self, upload: &'a Upload, parts: &'a [PartTag]) -> Answer<'a, Completed> {
        self.inner.complete(upload, parts)
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()> {
        self.inner.abort(upload)
    }

    fn uploads<'a>(&'a self, prefix: &'a str, after: Option<&'a Upload>, limit: usize) -> Answer<'a, UploadPage> {
        self.inner.uploads(prefix, after, limit)
    }
}

/// A hub with nothing but reports.
pub struct Archive {
    pub deps: Deps,
    pub clock: TestClock,
    pub blobs: Arc<Watched>,
    pub data: TempDir,
    snapshots: Arc<dyn SnapshotStore>,
}

impl Archive {
    /// Returns an empty one.
    pub fn new() -> Self {
        Self::listing(Vec::new())
    }

    /// Returns one that seems to have these files.
    pub fn listing(listed: Vec<Listed>) -> Self {
        let (data, clock) = (TempDir::new().expect("a temporary directory"), TestClock::default());
        let blobs = Watched {
            inner: LocalBlobs::open(data.path().join("blobs"), clock.shared()).expect("a store"),
            listed,
            lists: AtomicUsize::new(0),
            longest: AtomicUsize::new(0),
            gets: AtomicUsize::new(0),
            is_down: AtomicBool::new(false),
            is_unreadable: AtomicBool::new(false),
            may_list: watch::Sender::new(true),
            may_read: watch::Sender::new(true),
        };
        Self::on(Arc::new(MemoryStore::new()), clock, Arc::new(blobs), data)
    }

    fn on(snapshots: Arc<dyn SnapshotStore>, clock: TestClock, blobs: Arc<Watched>, data: TempDir) -> Self {
        let reports = Reports {
            blobs: blobs.clone(),
            foreign: vec!["others/"],
            directory: data.path().join("qa"),
            files_at_once: 2,
            progress: Progress::unobserved(),
        };
        let deps = Deps::builder().clock(clock.clone()).snapshots(snapshots.clone()).insert(reports).build();
        Self { deps, clock, blobs, data, snapshots }
    }

    /// Returns the same after a process that was killed: what was saved is there, nobody was told to save anything.
    pub fn killed(self) -> Self {
        Self::on(self.snapshots, self.clock, self.blobs, self.data)
    }

    /// Puts a file in.
    pub async fn put(&self, key: &str, content: &[u8]) {
        let key = Key::parse(key).expect("a good key");
        self.blobs.put(&key, "application/octet-stream", once(Bytes::copy_from_slice(content))).await.expect("written");
    }

    /// Asks, and returns the reply's JSON.
    pub async fn ask<C: Routed>(&self, body: C) -> Result<Value, Fault>
    where
        C::Reply: Serialize,
    {
        let reply = ask(&self.deps, Ask::new(Caller::anonymous(), body)).await?;
        Ok(serde_json::to_value(reply).expect("JSON"))
    }

    /// Returns how many files were read since the last time.
    pub fn gets(&self) -> usize {
        self.blobs.gets.swap(0, Ordering::SeqCst)
    }
}
