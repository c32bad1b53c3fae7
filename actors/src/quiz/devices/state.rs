//! The rules of devices: a row per device, over all its connections.

use std::collections::{BTreeSet, HashMap};

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::devices::MetadataUpdated;
use hubbub_protocol::quiz::error::device_session_not_found;
use hubbub_protocol::quiz::{DeviceId, DeviceSessionId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::metadata::Metadata;
use super::user_agent::Machine;
use crate::kit::clock::Timestamp;
use crate::quiz::connections::views::Viewer;

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The record.
    pub id: DeviceSessionId,
    /// The device.
    pub device_id: DeviceId,
    /// Its owner: the first account that connected from it. Whoever comes later with its id does not get to see what is in it.
    pub user_id: Option<UserId>,
    /// What it is.
    pub machine: Machine,
    /// When it connected first.
    pub first_seen: Timestamp,
    /// When it last connected, or went.
    pub last_seen: Timestamp,
    /// When anything about it changed.
    pub updated_at: Timestamp,
    /// How often it connected.
    pub session_count: u64,
    /// What its application says about it.
    pub metadata: Metadata,
}

impl Row {
    fn touch(&mut self, now: Timestamp) {
        self.last_seen = self.last_seen.max(now);
        self.updated_at = self.updated_at.max(now);
    }
}

/// A socket that opened, as far as its device is concerned.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The id of the device's record, if this is its first.
    pub fresh_id: DeviceSessionId,
    /// The device.
    pub device_id: DeviceId,
    /// Whose socket it is.
    pub user_id: Option<UserId>,
    /// What it says that it is.
    pub machine: Machine,
}

/// A row, and how many of its sockets are open.
#[derive(Debug)]
struct Kept {
    row: Row,
    open: u64,
}

/// What has to be written down.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unsaved {
    /// Devices that are new or changed.
    pub changed: BTreeSet<DeviceId>,
    /// Devices that are kept no longer.
    pub dropped: Vec<DeviceId>,
}

/// All devices that are kept.
#[derive(Debug, Default)]
pub struct Devices {
    most: usize,
    rows: HashMap<DeviceId, Kept>,
    users: HashMap<UserId, BTreeSet<DeviceId>>,
    /// Those without an open socket, the one that was not seen for the longest time first.
    gone: BTreeSet<(Timestamp, DeviceId)>,
    unsaved: Unsaved,
}

impl Devices {
    /// Returns no devices yet, of which at most so many will be kept.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Takes rows that were stored; none has an open socket until [`Devices::resume`] says so.
    pub fn load(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.gone.insert((row.last_seen, row.device_id));
            self.put(row, 0);
        }
        self.tidy();
    }

    /// Takes note of a socket that is open already.
    pub fn resume(&mut self, device: DeviceId) {
        if let Some(kept) = self.rows.get_mut(&device) {
            kept.open += 1;
            self.gone.remove(&(kept.row.last_seen, device));
        }
    }

    /// Takes note of a new socket.
    pub fn arrive(&mut self, arrival: Arrival, now: Timestamp) {
        let Arrival { fresh_id, device_id, user_id, machine } = arrival;
        if !self.rows.contains_key(&device_id) {
            self.put(blank(fresh_id, device_id, machine.clone(), now), 0);
        }
        self.resume(device_id);
        let Some(Kept { row, .. }) = self.rows.get_mut(&device_id) else { return };
        row.session_count += 1;
        row.machine = machine;
        row.touch(now);
        row.user_id = row.user_id.or(user_id);
        if let Some(owner) = row.user_id {
            self.users.entry(owner).or_default().insert(device_id);
        }
        self.unsaved.changed.insert(device_id);
        self.tidy();
    }

    /// Takes note of a socket that had closed and is there again, which makes no further connection.
    pub fn come_back(&mut self, device: DeviceId, now: Timestamp) {
        self.resume(device);
        if let Some(kept) = self.rows.get_mut(&device) {
            kept.row.touch(now);
            self.unsaved.changed.insert(device);
        }
    }

    /// Takes note of a sign of life from an open socket. It is written down with the next change: a heartbeat is not worth the disk.
    pub fn seen(&mut self, device: DeviceId, now: Timestamp) {
        if let Some(kept) = self.rows.get_mut(&device).filter(|kept| kept.open > 0) {
            kept.row.touch(now);
        }
    }

    /// Takes note of a socket that closed.
    pub fn leave(&mut self, device: DeviceId, now: Timestamp) {
        let Some(kept) = self.rows.get_mut(&device) else { return };
        kept.open = kept.open.saturating_sub(1);
        kept.row.touch(now);
        if kept.open == 0 {
            self.gone.insert((kept.row.last_seen, device));
        }
        self.unsaved.changed.insert(device);
        self.tidy();
    }

    /// Returns what has to be written down since the last time.
    pub fn take_unsaved(&mut self) -> Unsaved {
        std::mem::take(&mut self.unsaved)
    }

    /// Returns one row.
    #[must_use]
    pub fn get(&self, device: DeviceId) -> Option<&Row> {
        self.rows.get(&device).map(|kept| &kept.row)
    }

    /// Changes a device's metadata.
    ///
    /// # Errors
    /// There is no such device, or it is somebody else's (404), or they would be too large (400).
    pub fn describe(
        &mut self,
        viewer: Viewer,
        device: DeviceId,
        changes: Result<&Map<String, Value>, Fault>,
        now: Timestamp,
    ) -> Result<MetadataUpdated, Fault> {
        let kept = self.rows.get_mut(&device).filter(|kept| kept.row.is_shown_to(viewer));
        let row = &mut kept.ok_or_else(device_session_not_found)?.row;
        row.metadata.merge(changes?)?;
        row.updated_at = row.updated_at.max(now);
        self.unsaved.changed.insert(device);
        Ok(row.view().into())
    }

    /// Returns what belongs to a viewer: guests' devices are listed to admins only, or their ids would be everybody's.
    pub(super) fn owned(&self, viewer: Viewer) -> Box<dyn Iterator<Item = &Row> + '_> {
        match viewer {
            Viewer::User(user) => {
                let devices = self.users.get(&user).into_iter().flatten();
                Box::new(devices.filter_map(|device| self.get(*device)))
            }
            Viewer::Admin => Box::new(self.rows.values().map(|kept| &kept.row)),
        }
    }

    fn put(&mut self, row: Row, open: u64) {
        if let Some(owner) = row.user_id {
            self.users.entry(owner).or_default().insert(row.device_id);
        }
        self.rows.insert(row.device_id, Kept { row, open });
    }

    /// Drops the devices that were not seen for the longest time, until there are not too many. Connected ones always stay.
    fn tidy(&mut self) {
        while self.rows.len() > self.most {
            let Some((_, device)) = self.gone.pop_first() else { return };
            let owner = self.rows.remove(&device).and_then(|kept| kept.row.user_id);
            if let Some((owner, devices)) = owner.and_then(|owner| Some((owner, self.users.get_mut(&owner)?))) {
                devices.remove(&device);
                if devices.is_empty() {
                    self.users.remove(&owner);
                }
            }
            self.unsaved.changed.remove(&device);
            self.unsaved.dropped.push(device);
        }
    }
}

fn blank(id: DeviceSessionId, device_id: DeviceId, machine: Machine, now: Timestamp) -> Row {
    Row {
        id,
        device_id,
        user_id: None,
        machine,
        first_seen: now,
        last_seen: now,
        updated_at: now,
        session_count: 0,
        metadata: Metadata::default(),
    }
}

#[cfg(test)]
mod tests;
