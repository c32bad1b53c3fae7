//! What happens to uploads that nobody asks about: after a start each finds out what has become of it, and after a day it is forgotten.

use std::time::Duration;

use hubbub_protocol::fleet::uploads::S3Key;

use super::chunked_upload::{ChunkedUpload, Expire, Resume};
use super::state::{KEPT_MS, State};
use crate::fleet::Wiring;
use crate::kit::blobs::UploadId;
use crate::kit::blobs::reap::reap;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::snapshot::reading::each;

/// How often it is looked for uploads whose time is over.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// Looks after uploads as long as the hub runs.
pub async fn look_after(deps: Deps) {
    resume(&deps).await;
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        expire(&deps).await;
    }
}

/// Counts the uploads that an earlier run left open, and has each find out whether it still is; one after the other, for there may be many.
pub async fn resume(deps: &Deps) {
    let stored = stored(deps).await;
    #[expect(clippy::cast_precision_loss, reason = "no hub has 2^52 uploads")]
    Wiring::of(deps).metrics.uploads_in_progress.increment(stored.len() as f64);
    for (id, _) in stored {
        if let Ok(upload) = deps.registry::<ChunkedUpload>().find(&id) {
            let _done = upload.send(Resume).await;
        }
    }
}

/// Forgets uploads that are a day old, and has the store end those that it alone knows of.
pub async fn expire(deps: &Deps) {
    let now = deps.now();
    for (id, _) in stored(deps).await.into_iter().filter(|(_, state)| state.has_expired(now)) {
        if let Ok(upload) = deps.registry::<ChunkedUpload>().find(&id) {
            let _done = upload.send(Expire).await;
        }
    }
    let prefix = format!("{}/", S3Key::ROOT);
    match reap(&*Wiring::of(deps).files.blobs, &prefix, now.minus(KEPT_MS)).await {
        Ok(reaped) if reaped.aborted > 0 => tracing::info!(uploads = reaped.aborted, "unfinished uploads were ended after a day"),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "unfinished uploads cannot be listed: {error}"),
    }
}

/// Reads all open uploads on a thread that may wait for the disk.
async fn stored(deps: &Deps) -> Vec<(UploadId, State)> {
    let store = deps.snapshots().clone();
    let reading = actix_rt::task::spawn_blocking(move || {
        let known = |(id, state): (String, State)| Some((UploadId::parse(id)?, state));
        each(&*store, ChunkedUpload::KIND).filter_map(known).collect()
    });
    reading.await.unwrap_or_default()
}
