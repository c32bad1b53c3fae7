//! What is read at the start: every stored row.

use hubbub_protocol::quiz::{ConnectionId, DeviceId};

use super::state;
use crate::kit::snapshot::SnapshotStore;
use crate::kit::snapshot::reading::each;
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
    let connections = each(store, CONNECTION_KIND);
    let connections = connections.filter(|(id, row): &(_, state::Row)| ConnectionId::parse(id) == Ok(row.id));
    let devices = each(store, DEVICE_KIND);
    let devices = devices.filter(|(id, row): &(_, devices::state::Row)| DeviceId::parse(id) == Ok(row.device_id));
    Rows { connections: connections.map(|(_, row)| row).collect(), devices: devices.map(|(_, row)| row).collect() }
}
