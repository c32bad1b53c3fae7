//! What is left over in `incoming/…`: a hub that was killed had no time to drop what had no name yet.

use std::time::Duration;

use super::state::KEPT_MS;
use super::upload_session::SPOOL;
use crate::fleet::Wiring;
use crate::kit::blobs::reap::reap;
use crate::kit::blobs::{BlobError, BlobStore};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How many files are asked for at once.
const PAGE: usize = 100;

/// Clears away what is a day old, at the start and every hour, as long as the hub runs.
pub async fn look_after(deps: Deps) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match clear(&*Wiring::of(&deps).files.blobs, deps.now().minus(KEPT_MS)).await {
            Ok((0, 0)) => {}
            Ok((files, uploads)) => tracing::info!(files, uploads, "files without a recording were dropped after a day"),
            Err(error) => tracing::warn!(%error, "files without a recording cannot be dropped: {error}"),
        }
    }
}

/// Drops files and unfinished uploads that are older than `before`, and returns how many there were.
///
/// # Errors
/// They cannot be listed or deleted.
pub async fn clear(blobs: &dyn BlobStore, before: Timestamp) -> Result<(usize, usize), BlobError> {
    let prefix = format!("{SPOOL}/");
    let reaped = reap(blobs, &prefix, before).await?;
    let (mut files, mut after) = (0, None);
    loop {
        let page = blobs.list(&prefix, after.as_ref(), PAGE).await?;
        for file in page.blobs.iter().filter(|file| file.modified < before) {
            blobs.delete(&file.key).await?;
            files += 1;
        }
        after = page.blobs.last().map(|file| file.key.clone());
        if !page.has_more || after.is_none() {
            return Ok((files, reaped.aborted));
        }
    }
}
