//! The rules of connections: a row per socket, and which rows are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hubbub_protocol::quiz::{ConnectionId, DeviceId, UserId};
use serde::{Deserialize, Serialize};

use super::retention::Retention;
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// One socket's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The record.
    pub id: ConnectionId,
    /// Where it came from.
    pub device_id: DeviceId,
    /// Whose it is; nobody's for guests.
    pub user_id: Option<UserId>,
    /// The socket.
    pub socket_id: SocketId,
    /// When it opened.
    pub connected_at: Timestamp,
    /// When it closed, if it did.
    pub disconnected_at: Option<Timestamp>,
    /// Its address, as text.
    pub ip_address: String,
    /// What it says that it is.
    pub user_agent: String,
}

impl Row {
    /// Returns how long it lasted, in milliseconds; nothing while it does.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        self.disconnected_at.map(|at| u64::try_from(at.since(self.connected_at)).unwrap_or(0))
    }

    fn close(&mut self, at: Timestamp) {
        // A clock that was set back makes no connection end before its start.
        self.disconnected_at = Some(at.max(self.connected_at));
    }
}

/// A row's place in all lists: the newest is last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    at: Timestamp,
    number: u64,
}

/// The rows of one device.
#[derive(Debug, Default)]
struct Shelf {
    all: BTreeSet<Place>,
    closed: BTreeSet<Place>,
}

/// What became of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// A new socket.
    Now,
    /// A socket that had closed and came back, from this device.
    Again(DeviceId),
    /// A socket that is open.
    Already,
}

/// What has to be written down.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unsaved {
    /// Rows that are new or changed.
    pub changed: Vec<Row>,
    /// Rows that are kept no longer.
    pub dropped: Vec<ConnectionId>,
}

/// All rows that are kept, newest last.
#[derive(Debug, Default)]
pub struct Connections {
    retention: Retention,
    rows: BTreeMap<Place, Row>,
    ids: HashMap<ConnectionId, Place>,
    sockets: HashMap<SocketId, Place>,
    users: HashMap<Option<UserId>, BTreeSet<Place>>,
    devices: HashMap<DeviceId, Shelf>,
    closed: BTreeSet<Place>,
    count: u64,
    unsaved: Unsaved,
}

impl Connections {
    /// Returns no rows yet, of which as many will be kept as `retention` says.
    #[must_use]
    pub fn new(retention: Retention) -> Self {
        Self { retention, ..Self::default() }
    }

    /// Takes rows that were stored. Those of sockets that did not live to see this process ended at `last_alive`.
    pub fn load(&mut self, mut rows: Vec<Row>, last_alive: Option<Timestamp>) {
        rows.sort_by_key(|row| (row.connected_at, row.id));
        for mut row in rows {
            if let (None, Some(at)) = (row.disconnected_at, last_alive) {
                row.close(at);
                self.unsaved.changed.push(row.clone());
            }
            let device = row.device_id;
            self.put(row);
            self.tidy(device);
        }
    }

    /// Takes note of a socket that opened.
    pub fn open(&mut self, row: Row) -> Opened {
        if let Some(place) = self.sockets.get(&row.socket_id).copied() {
            return self.reopen(place).map_or(Opened::Already, Opened::Again);
        }
        let device = row.device_id;
        self.unsaved.changed.push(row.clone());
        self.put(row);
        self.tidy(device);
        Opened::Now
    }

    /// Takes note of a socket that closed, and returns its device; nothing if it is not known, or closed already.
    pub fn close(&mut self, socket: &SocketId, now: Timestamp) -> Option<DeviceId> {
        let place = *self.sockets.get(socket)?;
        let row = self.rows.get_mut(&place).filter(|row| row.disconnected_at.is_none())?;
        row.close(now);
        let device = row.device_id;
        self.unsaved.changed.push(row.clone());
        self.closed.insert(place);
        self.devices.entry(device).or_default().closed.insert(place);
        self.tidy(device);
        Some(device)
    }

    /// Returns the device of an open socket.
    #[must_use]
    pub fn device_of(&self, socket: &SocketId) -> Option<DeviceId> {
        let row = self.rows.get(self.sockets.get(socket)?)?;
        row.disconnected_at.is_none().then_some(row.device_id)
    }

    /// Returns what has to be written down since the last time.
    pub fn take_unsaved(&mut self) -> Unsaved {
        std::mem::take(&mut self.unsaved)
    }

    /// Returns one row.
    #[must_use]
    pub fn get(&self, id: ConnectionId) -> Option<&Row> {
        self.ids.get(&id).and_then(|place| self.rows.get(place))
    }

    /// Returns all rows, newest first.
    pub fn all(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().rev()
    }

    /// Returns the rows of a user, newest first.
    pub fn of_user(&self, user: UserId) -> impl Iterator<Item = &Row> {
        self.at(self.users.get(&Some(user)))
    }

    /// Returns the rows of a device, newest first.
    pub fn of_device(&self, device: DeviceId) -> impl Iterator<Item = &Row> {
        self.at(self.devices.get(&device).map(|shelf| &shelf.all))
    }

    fn at<'a>(&'a self, places: Option<&'a BTreeSet<Place>>) -> impl Iterator<Item = &'a Row> {
        places.into_iter().flatten().rev().filter_map(|place| self.rows.get(place))
    }

    fn reopen(&mut self, place: Place) -> Option<DeviceId> {
        let row = self.rows.get_mut(&place).filter(|row| row.disconnected_at.is_some())?;
        row.disconnected_at = None;
        self.unsaved.changed.push(row.clone());
        self.closed.remove(&place);
        self.devices.entry(row.device_id).or_default().closed.remove(&place);
        Some(row.device_id)
    }

    fn put(&mut self, row: Row) {
        self.count += 1;
        let place = Place { at: row.connected_at, number: self.count };
        let shelf = self.devices.entry(row.device_id).or_default();
        shelf.all.insert(place);
        if row.disconnected_at.is_some() {
            shelf.closed.insert(place);
            self.closed.insert(place);
        }
        self.users.entry(row.user_id).or_default().insert(place);
        self.ids.insert(row.id, place);
        self.sockets.insert(row.socket_id.clone(), place);
        self.rows.insert(place, row);
    }

    /// Drops the oldest closed rows of a device and of all, until there are not too many. Open ones always stay.
    fn tidy(&mut self, device: DeviceId) {
        while let Some(place) = self.devices.get(&device).and_then(|shelf| self.superfluous(shelf)) {
            self.drop_row(place);
        }
        while self.rows.len() > self.retention.connections {
            let Some(place) = self.closed.first().copied() else { return };
            self.drop_row(place);
        }
    }

    fn superfluous(&self, shelf: &Shelf) -> Option<Place> {
        let is_over = shelf.all.len() > self.retention.connections_per_device;
        shelf.closed.first().copied().filter(|_| is_over)
    }

    fn drop_row(&mut self, place: Place) {
        self.closed.remove(&place);
        let Some(row) = self.rows.remove(&place) else { return };
        self.ids.remove(&row.id);
        self.sockets.remove(&row.socket_id);
        if let Some(places) = self.users.get_mut(&row.user_id) {
            places.remove(&place);
            if places.is_empty() {
                self.users.remove(&row.user_id);
            }
        }
        if let Some(shelf) = self.devices.get_mut(&row.device_id) {
            shelf.all.remove(&place);
            shelf.closed.remove(&place);
            if shelf.all.is_empty() {
                self.devices.remove(&row.device_id);
            }
        }
        self.unsaved.changed.retain(|changed| changed.id != row.id);
        self.unsaved.dropped.push(row.id);
    }
}

#[cfg(test)]
pub(crate) mod tests;
