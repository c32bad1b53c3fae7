//! Who sees which devices, and what of them.

use std::collections::{BTreeSet, HashMap};

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::devices::{DeviceSession, DeviceSessionList, DeviceStats};
use hubbub_protocol::quiz::error::device_session_not_found;
use hubbub_protocol::quiz::number::Tenths;
use hubbub_protocol::quiz::paging::Window;
use hubbub_protocol::quiz::{DeviceId, UserId};

use super::state::{Devices, Row};
use crate::quiz::connections::views::Viewer;

impl Row {
    pub(super) fn view(&self) -> DeviceSession {
        DeviceSession {
            id: self.id,
            device_id: self.device_id,
            user_id: self.user_id,
            device_type: self.machine.device_type,
            os: self.machine.os.clone(),
            browser: self.machine.browser.clone(),
            first_seen: self.first_seen.iso(),
            last_seen: self.last_seen.iso(),
            session_count: self.session_count,
            metadata: self.metadata.map(),
            created_at: self.first_seen.iso(),
            updated_at: self.updated_at.iso(),
        }
    }

    /// Whether a viewer who knows the device's id may see it: guests' devices are nobody's, so that their id is all it takes.
    pub(super) fn is_shown_to(&self, viewer: Viewer) -> bool {
        self.user_id.is_none() || viewer.owns(self.user_id)
    }
}

impl Devices {
    /// Returns the window of a viewer's devices, the one that was seen last first.
    #[must_use]
    pub fn list(&self, viewer: Viewer, user: Option<UserId>, window: Window) -> DeviceSessionList {
        let wanted = self.owned(viewer).filter(|row| user.is_none() || row.user_id == user);
        let mut rows: Vec<&Row> = wanted.collect();
        rows.sort_unstable_by_key(|row| (std::cmp::Reverse(row.last_seen), row.device_id));
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let (offset, limit) = (usize::try_from(window.offset), usize::try_from(window.limit));
        let shown = rows.into_iter().skip(offset.unwrap_or(usize::MAX)).take(limit.unwrap_or(usize::MAX));
        DeviceSessionList::new(shown.map(Row::view).collect(), window, total)
    }

    /// Returns one device.
    ///
    /// # Errors
    /// There is none, or it is somebody else's (404).
    pub fn one(&self, viewer: Viewer, device: DeviceId) -> Result<DeviceSession, Fault> {
        let row = self.get(device).filter(|row| row.is_shown_to(viewer)).ok_or_else(device_session_not_found)?;
        Ok(row.view())
    }

    /// Returns the numbers of a viewer's devices.
    #[must_use]
    pub fn stats(&self, viewer: Viewer) -> DeviceStats {
        let (mut devices, mut sessions) = (0, 0);
        let mut users: BTreeSet<UserId> = BTreeSet::new();
        let (mut systems, mut browsers) = (HashMap::new(), HashMap::new());
        for row in self.owned(viewer) {
            devices += 1;
            sessions += row.session_count;
            users.extend(row.user_id);
            *systems.entry(row.machine.os.as_str()).or_default() += 1;
            *browsers.entry(row.machine.browser.as_str()).or_default() += 1;
        }
        DeviceStats {
            total_devices: devices,
            unique_users: u64::try_from(users.len()).unwrap_or(u64::MAX),
            avg_sessions_per_device: Tenths::mean(sessions, devices),
            most_common_os: most_common(&systems),
            most_common_browser: most_common(&browsers),
        }
    }
}

/// Returns the most frequent name; of several the first in the alphabet.
fn most_common(names: &HashMap<&str, u64>) -> Option<String> {
    let most = names.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    most.map(|(name, _)| (*name).to_owned())
}
