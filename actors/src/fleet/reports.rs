//! What the reports ([`s3_stats`](super::s3_stats), [`qa_metrics`](super::qa_metrics)) have in common: where they look, and how many
//! who ask wait for one run.

use std::path::PathBuf;
use std::sync::Arc;

use actix::ResponseFuture;
use hubbub_protocol::fault::Fault;
use tokio::sync::oneshot;

use super::qa_metrics::Progress;
use super::uploads::upload_session::SPOOL;
use crate::kit::ask::restarting;
use crate::kit::blobs::{BlobStore, Key};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;

/// How long a report is good without another look.
const FRESH_MS: i64 = 5 * 60_000;
/// Blobs of one list: few enough to be nothing, enough that a local store does not read its directories all the time.
pub(super) const PAGE_BLOBS: usize = 5000;

/// What the reports are made from: put into the [`Deps`] at start-up.
pub struct Reports {
    /// Where recordings are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// What the keys of blobs begin with that belong to others.
    pub foreign: Vec<&'static str>,
    /// A directory of its own for data files while they are read.
    pub directory: PathBuf,
    /// How many data files are read at a time.
    pub files_at_once: usize,
    /// Where a run of the QA metrics shows how far it is.
    pub progress: Progress,
}

impl Reports {
    /// Returns what was put into `deps`.
    #[must_use]
    pub fn of(deps: &Deps) -> Arc<Self> {
        deps.extension()
    }

    /// Says whether a blob is not the fleet's, or the file of a form that is not complete.
    pub(super) fn is_foreign(&self, key: &Key) -> bool {
        let is_spooled = key.as_str().strip_prefix(SPOOL).is_some_and(|rest| rest.starts_with('/'));
        is_spooled || self.foreign.iter().any(|prefix| key.as_str().starts_with(prefix))
    }
}

/// Says whether what was seen at one moment is still good at another.
pub(super) fn is_fresh(seen: Timestamp, now: Timestamp) -> bool {
    (0..FRESH_MS).contains(&now.since(seen))
}

/// Everyone who waits for a run that is under way.
pub(super) struct Run<T>(Vec<oneshot::Sender<Result<T, Fault>>>);

impl<T: Clone + 'static> Run<T> {
    /// Returns a run that nobody waits for yet.
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Waits for its end. If that does not come, because its actor panicked or stops, who asked may ask again.
    pub(super) fn join(&mut self) -> ResponseFuture<Result<T, Fault>> {
        let (tell, told) = oneshot::channel();
        self.0.push(tell);
        Box::pin(async move { told.await.unwrap_or_else(|_gone| Err(restarting())) })
    }

    /// Tells all who wait.
    pub(super) fn end(self, outcome: &Result<T, Fault>) {
        for waiting in self.0 {
            // Who has gone does not want to know.
            let _gone = waiting.send(outcome.clone());
        }
    }
}
