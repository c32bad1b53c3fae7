//! An upload that lives and dies with one request: `/upload-session`. Whoever reads the request's body says here how it goes, and metrics
//! and capture sessions follow.

use std::collections::BTreeMap;

use hubbub_protocol::fleet::sessions::UploadStatus;
use hubbub_protocol::fleet::uploads::{FileType, UploadTimestamp};

use super::telling::{Belonging, tell};
use crate::fleet::Wiring;
use crate::fleet::capture::state::UploadWord;
use crate::fleet::metrics::UploadError;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::ids::token128;

/// One request that brings files. Dropped before its end (the client went away), it counts as aborted.
pub struct Transfer {
    deps: Deps,
    word: UploadWord,
    belonging: Belonging,
    /// When each file began.
    begun: BTreeMap<FileType, Timestamp>,
    /// The last that was told.
    told_percent: Option<u64>,
    is_over: bool,
}

impl Transfer {
    /// Returns a transfer that begins; `expected_bytes` is the length of the request, if it says one. Counted as in progress from now on.
    #[must_use]
    pub fn begin(deps: &Deps, expected_bytes: Option<u64>) -> Self {
        Wiring::of(deps).metrics.uploads_in_progress.increment(1.0);
        let word = UploadWord {
            ticket: token128(deps.random()),
            files: FileType::ALL.to_vec(),
            started: deps.now(),
            arrived_bytes: 0,
            expected_bytes,
            status: UploadStatus::Uploading,
            boot_id: Some(deps.boot_id()),
        };
        let (begun, belonging) = (BTreeMap::new(), Belonging::default());
        Self { deps: deps.clone(), word, belonging, begun, told_percent: None, is_over: false }
    }

    /// Says whose files these are, as far as the request has said by now: its fields come in any order.
    pub async fn belongs_to(&mut self, timestamp: Option<&UploadTimestamp>, session_id: Option<&str>) {
        let belonging = Belonging { timestamp: timestamp.cloned(), session_id: session_id.map(str::to_owned) };
        if self.belonging != belonging {
            self.belonging = belonging;
            self.tell().await;
        }
    }

    /// Says that a file's first byte is here.
    pub fn file_begins(&mut self, file: FileType) {
        self.begun.entry(file).or_insert_with(|| self.deps.now());
    }

    /// Says that more bytes have been taken; cheap, except when that makes another per cent of the whole.
    pub async fn arrived(&mut self, bytes: u64) {
        self.word.arrived_bytes = self.word.arrived_bytes.saturating_add(bytes);
        if self.percent() != self.told_percent {
            self.tell().await;
        }
    }

    /// Says that all files are in the store, each with its length in bytes.
    pub async fn completed(mut self, sizes: &[(FileType, u64)]) {
        self.is_over = true;
        let (wiring, now) = (Wiring::of(&self.deps), self.deps.now());
        for (file, size_bytes) in sizes {
            let begun = self.begun.get(file).copied().unwrap_or(self.word.started);
            wiring.metrics.upload_completed(*file, *size_bytes, now.since(begun));
        }
        self.word.arrived_bytes = sizes.iter().map(|(_, size_bytes)| size_bytes).sum();
        self.word.expected_bytes = Some(self.word.arrived_bytes);
        self.word.status = UploadStatus::Completed;
        self.tell().await;
    }

    /// Says that the request was refused or could not be served.
    pub async fn failed(mut self, error: UploadError) {
        self.fail(error);
        self.tell().await;
    }

    fn fail(&mut self, error: UploadError) {
        self.is_over = true;
        Wiring::of(&self.deps).metrics.upload_failed(error);
        self.word.status = UploadStatus::Failed;
    }

    fn percent(&self) -> Option<u64> {
        let expected = self.word.expected_bytes.filter(|expected| *expected > 0)?;
        Some(self.word.arrived_bytes.saturating_mul(100) / expected)
    }

    async fn tell(&mut self) {
        let is_somebodys = self.belonging != Belonging::default();
        if is_somebodys {
            self.told_percent = self.percent();
            tell(&self.deps, &self.belonging, self.word.clone()).await;
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        Wiring::of(&self.deps).metrics.uploads_in_progress.decrement(1.0);
        if self.is_over {
            return;
        }
        self.fail(UploadError::Aborted);
        let (deps, belonging, word) = (self.deps.clone(), self.belonging.clone(), self.word.clone());
        if belonging != Belonging::default() {
            drop(actix_rt::spawn(async move { tell(&deps, &belonging, word).await }));
        }
    }
}
