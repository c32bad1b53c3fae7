//! What is read at the start: every stored row.

use hubbub_protocol::quiz::{ConnectionId, DeviceId};
use serde::de::DeserializeOwned;

use super::state;
use crate::kit::snapshot::SnapshotStore;
use crate::quiz::devices;

/// The kind of a connection's row, stored under its id.
pub(super) const CONNECTION_KIND: &str = "quiz.connection";
/// The kind of a device's row, stored under the device's id.
pub(super) const DEVICE_KIND: &str = "quiz.device";

/// All stored rows.
pub(super) struct Rows {
    pub connections: Vec<state::Row>,
    pub devices: Vec<devices::state::Row>,
}

/// Reads the store. What cannot be read is logged and left out: the rest is worth more.
pub(super) fn read(store: &dyn SnapshotStore) -> Rows {
    let is_connection = |row: &state::Row, id: &str| ConnectionId::parse(id) == Ok(row.id);
    let is_device = |row: &devices::state::Row, id: &str| DeviceId::parse(id) == Ok(row.device_id);
    Rows { connections: each(store, CONNECTION_KIND, is_connection), devices: each(store, DEVICE_KIND, is_device) }
}

fn each<R: DeserializeOwned>(store: &dyn SnapshotStore, kind: &'static str, has_id: impl Fn(&R, &str) -> bool) -> Vec<R> {
    let mut rows = Vec::new();
    for id in store.ids(kind) {
        match store.load(kind, &id).and_then(|stored| stored.map(|stored| stored.decode()).transpose()) {
            Ok(row) => rows.extend(row.filter(|row| has_id(row, &id))),
            Err(error) => tracing::error!(%error, "{kind} `{id}` cannot be read and is not listed: {error}"),
        }
    }
    rows
}
