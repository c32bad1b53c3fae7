//! What dashboards ask, and the lists that every client is told.

use serde::{Deserialize, Serialize};

use crate::contract::{Access, Contract, Emit, Event, EventLimit};
use crate::fault::Fault;
use crate::fleet::devices::DeviceState;
use crate::fleet::{DeviceId, Fleet, limits};
use crate::wire::args::Args;

const DASHBOARDS: Access = Access::Roles(&["dashboard", "tablet"]);

/// `dashboard-subscribe`: the whole fleet now, then every change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscribe {}

impl Contract for Subscribe {
    type Reply = FleetStatus;
}

impl Event for Subscribe {
    type System = Fleet;
    const NAME: &'static str = "dashboard-subscribe";
    const ACCESS: Access = DASHBOARDS;
    const LIMIT: Option<EventLimit> = Some(limits::SUBSCRIBE);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// `dashboard-unsubscribe`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unsubscribe {}

impl Contract for Unsubscribe {
    type Reply = ();
}

impl Event for Unsubscribe {
    type System = Fleet;
    const NAME: &'static str = "dashboard-unsubscribe";
    const ACCESS: Access = DASHBOARDS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// `on-fleet-status-updated`: all devices. To the subscriber.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FleetStatus(pub Vec<DeviceState>);

impl Emit for FleetStatus {
    const NAME: &'static str = "on-fleet-status-updated";
}

/// `on-device-telemetry-updated`: one device changed. To subscribers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DeviceUpdated(pub DeviceState);

impl Emit for DeviceUpdated {
    const NAME: &'static str = "on-device-telemetry-updated";
}

/// `on-headsets-updated`: the online headsets, sorted. To everyone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct HeadsetsUpdated(pub Vec<DeviceId>);

impl Emit for HeadsetsUpdated {
    const NAME: &'static str = "on-headsets-updated";
}

/// One online headset with its lock and name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeadsetInfo {
    /// Which.
    pub device_id: DeviceId,
    /// Whether a tablet holds it.
    pub is_locked: bool,
    /// The socket of that tablet.
    pub locked_by_tablet_id: Option<String>,
    /// Its name; empty if it has none.
    pub custom_name: String,
}

/// `on-headsets-with-lock-status-updated`. To everyone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct HeadsetsWithLockStatus(pub Vec<HeadsetInfo>);

impl Emit for HeadsetsWithLockStatus {
    const NAME: &'static str = "on-headsets-with-lock-status-updated";
}

/// One online headset with its lock.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LockStatus {
    /// Which.
    pub device_id: DeviceId,
    /// Whether a tablet holds it.
    pub is_locked: bool,
    /// The socket of that tablet.
    pub locked_by_tablet_id: Option<String>,
}

/// `on-device-locks-updated`. To everyone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LocksUpdated(pub Vec<LockStatus>);

impl Emit for LocksUpdated {
    const NAME: &'static str = "on-device-locks-updated";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_one_argument_each() {
        let device_id = DeviceId::parse("QUEST_001").expect("a good id");
        let info = HeadsetInfo {
            device_id: device_id.clone(),
            is_locked: true,
            locked_by_tablet_id: Some("s1".to_owned()),
            custom_name: String::new(),
        };
        assert_eq!(
            serde_json::to_string(&HeadsetsWithLockStatus(vec![info])).expect("a list"),
            r#"[{"deviceId":"QUEST_001","isLocked":true,"lockedByTabletId":"s1","customName":""}]"#
        );
        let status = LockStatus { device_id: device_id.clone(), is_locked: false, locked_by_tablet_id: None };
        assert_eq!(
            serde_json::to_string(&LocksUpdated(vec![status])).expect("a list"),
            r#"[{"deviceId":"QUEST_001","isLocked":false,"lockedByTabletId":null}]"#
        );
        assert_eq!(serde_json::to_string(&HeadsetsUpdated(vec![device_id])).expect("a list"), r#"["QUEST_001"]"#);
    }
}
