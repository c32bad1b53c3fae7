//! One run over all sessions.

use std::io;

use futures_util::{StreamExt, stream};
use hubbub_protocol::fleet::qa_metrics::QaMetrics;
use hubbub_protocol::fleet::uploads::{FileType, S3Key};
use tokio::sync::Semaphore;

use super::kept;
use super::look::{Found, Looker};
use super::state::Folder;
use crate::fleet::reports::{PAGE_BLOBS, Reports};
use crate::kit::blobs::{BlobError, BlobStore, Key};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::snapshot::StoreError;

/// Sessions that are looked at at a time: most are known, and then it is the store's answer that takes time.
const LOOKS: usize = 16;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at all sessions, as they are from `now` on, and reports.
pub(super) async fn run(deps: &Deps, reports: &Reports, now: Timestamp) -> Result<QaMetrics, Failure> {
    let found = find(&*reports.blobs).await?;
    let looker = Looker { deps, reports, benches: Semaphore::new(reports.files_at_once.max(1)) };
    let mut steps = reports.progress.begin(found.len());
    let mut looks = stream::iter(&found).map(|session| looker.look(session)).buffer_unordered(LOOKS);
    while let Some(looked) = looks.next().await {
        looked?;
        steps.step();
    }
    drop(looks);
    let store = deps.snapshots().clone();
    let reporting = actix_rt::task::spawn_blocking(move || {
        kept::forget_others(&*store, found.iter().map(|session| &session.folder));
        kept::report(&*store, now)
    });
    reporting.await.map_err(|stopped| Failure::Blobs(BlobError::Store(io::Error::other(stopped))))
}

/// Lists all sessions.
async fn find(blobs: &dyn BlobStore) -> Result<Vec<Found>, BlobError> {
    let (mut found, mut after): (Vec<Found>, Option<Key>) = (Vec::new(), None);
    let prefix = format!("{}/", S3Key::ROOT);
    loop {
        let page = blobs.list(&prefix, after.as_ref(), PAGE_BLOBS).await?;
        for blob in &page.blobs {
            note(&mut found, blob.key.as_str());
        }
        after = page.blobs.last().map(|blob| blob.key.clone()).filter(|_| page.has_more);
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Takes note of a file. The files of a session stand together in a list that goes by their keys.
fn note(found: &mut Vec<Found>, key: &str) {
    let Ok(S3Key { timestamp, file }) = S3Key::parse(key) else { return };
    let Some(folder) = Folder::parse(timestamp.as_str()) else { return };
    if found.last().is_none_or(|last| last.folder != folder) {
        found.push(Found { folder, has_video: false, has_data: false });
    }
    if let Some(session) = found.last_mut() {
        session.has_video |= file == FileType::Video;
        session.has_data |= file == FileType::Data;
    }
}
