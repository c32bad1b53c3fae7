//! Who sees which connections, and what of them.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::connections::{
    ActiveConnections, Connection, ConnectionFilter, ConnectionList, ConnectionStats, ConnectionStatus, DeviceConnections,
};
use hubbub_protocol::quiz::error::{connection_not_found, no_connections, unauthorized};
use hubbub_protocol::quiz::number::Tenths;
use hubbub_protocol::quiz::{ConnectionId, DeviceId, UserId};

use super::state::{Connections, Row};
use crate::kit::caller::Caller;

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody with an account, who sees what is theirs.
    User(UserId),
    /// Somebody who sees everything.
    Admin,
}

impl Viewer {
    /// Returns who a caller is.
    ///
    /// # Errors
    /// Nobody with an account (401).
    pub fn of(caller: &Caller) -> Result<Self, Fault> {
        if caller.admin {
            return Ok(Self::Admin);
        }
        let subject = caller.subject.as_deref().ok_or_else(unauthorized)?;
        UserId::parse(subject).map(Self::User).map_err(|_foreign| unauthorized())
    }

    /// Returns whether something is theirs, or they see everything.
    #[must_use]
    pub fn owns(self, owner: Option<UserId>) -> bool {
        match self {
            Self::User(user) => owner == Some(user),
            Self::Admin => true,
        }
    }
}

impl Row {
    /// Returns the row as clients see it.
    #[must_use]
    pub fn view(&self) -> Connection {
        Connection {
            id: self.id,
            device_id: self.device_id,
            user_id: self.user_id,
            socket_id: self.socket_id.to_string(),
            status: self.status(),
            connected_at: self.connected_at.iso(),
            disconnected_at: self.disconnected_at.map(|at| at.iso()),
            ip_address: self.ip_address.clone(),
            user_agent: self.user_agent.to_string(),
            created_at: self.connected_at.iso(),
        }
    }

    fn status(&self) -> ConnectionStatus {
        if self.disconnected_at.is_none() { ConnectionStatus::Connected } else { ConnectionStatus::Disconnected }
    }

    fn is_wanted(&self, filter: &ConnectionFilter) -> bool {
        filter.device_id.is_none_or(|device| device == self.device_id)
            && filter.user_id.is_none_or(|user| Some(user) == self.user_id)
            && filter.status.is_none_or(|status| status == self.status())
    }
}

impl Connections {
    fn visible(&self, viewer: Viewer) -> Box<dyn Iterator<Item = &Row> + '_> {
        match viewer {
            Viewer::User(user) => Box::new(self.of_user(user)),
            Viewer::Admin => Box::new(self.all()),
        }
    }

    /// Returns the window that a filter wants, newest first.
    #[must_use]
    pub fn list(&self, viewer: Viewer, filter: &ConnectionFilter) -> ConnectionList {
        let (first, mut total, mut connections) = (u64::from(filter.window.offset), 0, Vec::new());
        let last = first + u64::from(filter.window.limit);
        for row in self.visible(viewer).filter(|row| row.is_wanted(filter)) {
            if (first..last).contains(&total) {
                connections.push(row.view());
            }
            total += 1;
        }
        ConnectionList::new(connections, filter.window, total)
    }

    /// Returns those that are there.
    #[must_use]
    pub fn active(&self, viewer: Viewer) -> ActiveConnections {
        ActiveConnections::new(self.visible(viewer).filter(|row| row.disconnected_at.is_none()).map(Row::view).collect())
    }

    /// Returns those of a device.
    ///
    /// # Errors
    /// There are none to be seen (404).
    pub fn device(&self, viewer: Viewer, device: DeviceId) -> Result<DeviceConnections, Fault> {
        let connections: Vec<_> = self.of_device(device).filter(|row| viewer.owns(row.user_id)).map(Row::view).collect();
        if connections.is_empty() { Err(no_connections()) } else { Ok(DeviceConnections::new(connections)) }
    }

    /// Returns those of a device with their durations.
    #[must_use]
    pub fn device_with_durations(&self, viewer: Viewer, device: DeviceId) -> Vec<(Connection, Option<Tenths>)> {
        let rows = self.of_device(device).filter(|row| viewer.owns(row.user_id));
        rows.map(|row| (row.view(), row.duration_ms().map(Tenths::minutes))).collect()
    }

    /// Returns one.
    ///
    /// # Errors
    /// There is none, or it is somebody else's (404).
    pub fn one(&self, viewer: Viewer, id: ConnectionId) -> Result<Connection, Fault> {
        let row = self.get(id).filter(|row| viewer.owns(row.user_id)).ok_or_else(connection_not_found)?;
        Ok(row.view())
    }

    /// Returns the numbers of what is to be seen.
    #[must_use]
    pub fn stats(&self, viewer: Viewer) -> ConnectionStats {
        let (mut stats, mut sum_ms) = (ConnectionStats::default(), 0_u64);
        for row in self.visible(viewer) {
            stats.total_connections += 1;
            match row.duration_ms() {
                None => stats.active_connections += 1,
                Some(ms) => {
                    stats.total_disconnected += 1;
                    sum_ms = sum_ms.saturating_add(ms);
                }
            }
        }
        stats.avg_duration_minutes = Tenths::minutes(sum_ms.checked_div(stats.total_disconnected).unwrap_or(0));
        stats
    }
}

#[cfg(test)]
mod tests;
