//! What is committed of each session: what its data file came to, and which version of it that was.

use std::collections::HashSet;

use hubbub_protocol::fleet::qa_metrics::QaMetrics;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::state::{Data, Folder, Report};
use crate::kit::clock::Timestamp;
use crate::kit::snapshot::{Committed, Snapshot, SnapshotStore};

/// The kind of these snapshots; their ids are the sessions' folders.
const KIND: &str = "fleet.qa_session";
/// Raised when files are measured in another way: what an earlier version kept is then measured again.
const VERSION: u16 = 1;

/// What is known of one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The version of the data file that `data` says something about; none: there is no file, or it could not be got at.
    pub etag: Option<String>,
    /// Whether there is a video.
    pub has_video: bool,
    /// What its data file came to.
    pub data: Data,
}

/// Returns what is known of a session. Blocks on the disk.
pub(super) fn load(store: &dyn SnapshotStore, folder: &Folder) -> Option<Kept> {
    load_by_id(store, folder.as_str())
}

/// Keeps it.
pub(super) fn save(store: &dyn SnapshotStore, folder: &Folder, kept: &Kept) -> Committed {
    store.commit(Snapshot::of(KIND, folder.as_str(), VERSION, kept))
}

/// Forgets all sessions but these. Blocks on the disk.
pub(super) fn forget_others<'a>(store: &dyn SnapshotStore, there: impl Iterator<Item = &'a Folder>) {
    let there: HashSet<&str> = there.map(Folder::as_str).collect();
    for id in store.ids(KIND).iter().filter(|id| !there.contains(id.as_str())) {
        // Who reads the store after this does not see it any more, whether or not it is gone from the disk.
        drop(store.remove(KIND, id));
    }
}

/// Returns the report of all sessions that are known; they were looked at `at`. Blocks on the disk.
pub(super) fn report(store: &dyn SnapshotStore, at: Timestamp) -> QaMetrics {
    let mut report = Report::default();
    for id in store.ids(KIND) {
        if let (Some(folder), Some(kept)) = (Folder::parse(&id), load_by_id(store, &id)) {
            report.add(&folder, kept.has_video, &kept.data);
        }
    }
    report.finish(at)
}

/// What cannot be read is as good as not known: the file is still there to be measured.
fn load_by_id(store: &dyn SnapshotStore, id: &str) -> Option<Kept> {
    let stored = store.load(KIND, id).unwrap_or_else(|error| {
        error!(%error, session = id, "what was known of session `{id}` cannot be read: {error}");
        None
    });
    stored.filter(|stored| stored.version == VERSION)?.decode().ok()
}
