//! One walk through the bucket.

use std::io;
use std::sync::Arc;

use hubbub_protocol::fleet::s3_stats::S3Stats;

use super::state::Tally;
use crate::fleet::reports::{PAGE_BLOBS, Reports};
use crate::kit::blobs::{BlobError, Key, Page};
use crate::kit::clock::Timestamp;

/// Counts the whole bucket, as it is from `now` on, a page at a time.
pub(super) async fn count(reports: Arc<Reports>, now: Timestamp) -> Result<S3Stats, BlobError> {
    let (mut tally, mut after): (Tally, Option<Key>) = (Tally::default(), None);
    loop {
        let page = reports.blobs.list("", after.as_ref(), PAGE_BLOBS).await?;
        let next = page.blobs.last().map(|blob| blob.key.clone()).filter(|_| page.has_more);
        let own = Arc::clone(&reports);
        tally = beside(move || add(tally, &page, &own)).await?;
        if next.is_none() {
            return beside(move || tally.finish(now)).await;
        }
        after = next;
    }
}

fn add(mut tally: Tally, page: &Page, reports: &Reports) -> Tally {
    for blob in page.blobs.iter().filter(|blob| !reports.is_foreign(&blob.key)) {
        tally.add(blob.key.as_str(), blob.size_bytes, blob.modified);
    }
    tally
}

/// Works beside the arbiters: a page takes milliseconds, and the end of a large bucket tens of them.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BlobError> {
    actix_rt::task::spawn_blocking(work).await.map_err(|stopped| BlobError::Store(io::Error::other(stopped)))
}
