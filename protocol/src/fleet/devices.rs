//! `/api/devices*` and `/api/fleet/summary`: the fleet as REST clients see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::Fault;
use crate::fleet::number::Decimal;
use crate::fleet::{DeviceId, Fleet, Telemetry, limits, text};

/// One device, as every route and event shows it: always all seven keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceState {
    /// The device.
    pub device_id: DeviceId,
    /// Whether its headset is connected.
    pub is_online: bool,
    /// Its last activity, ISO 8601.
    pub last_seen: String,
    /// The start of the current, or last, connection, ISO 8601.
    pub connection_time: String,
    /// The last report; null before the first.
    pub telemetry: Option<Telemetry>,
    /// Whether a tablet holds it.
    pub is_locked: bool,
    /// The socket of that tablet.
    pub locked_by_tablet_id: Option<String>,
}

/// The text of a 404 for a device.
pub const DEVICE_NOT_FOUND: &str = "Device not found";

/// `GET /api/devices`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListDevices {}

/// All known devices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceList {
    ok: bool,
    count: usize,
    devices: Vec<DeviceState>,
}

impl DeviceList {
    /// Returns the list, which its maker has sorted by id.
    #[must_use]
    pub fn new(devices: Vec<DeviceState>) -> Self {
        Self { ok: true, count: devices.len(), devices }
    }
}

impl Contract for ListDevices {
    type Reply = DeviceList;
}

impl Endpoint for ListDevices {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/devices";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/devices/:deviceId`. A malformed id is simply not found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetDevice {
    /// The id as it came.
    pub device_id: String,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceDetail {
    ok: bool,
    device: DeviceState,
}

impl DeviceDetail {
    /// Returns the answer.
    #[must_use]
    pub fn new(device: DeviceState) -> Self {
        Self { ok: true, device }
    }
}

impl Contract for GetDevice {
    type Reply = DeviceDetail;
}

impl Endpoint for GetDevice {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/devices/{deviceId}";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/devices/:deviceId/history`. An unknown device has an empty one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetHistory {
    /// The id as it came.
    pub device_id: String,
}

/// Telemetry over a day, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    ok: bool,
    device_id: String,
    count: usize,
    history: Vec<Telemetry>,
}

impl History {
    /// Returns the answer; `device_id` is echoed as it came.
    #[must_use]
    pub fn new(device_id: String, points: Vec<Telemetry>) -> Self {
        Self { ok: true, device_id, count: points.len(), history: points }
    }
}

impl Contract for GetHistory {
    type Reply = History;
}

impl Endpoint for GetHistory {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/devices/{deviceId}/history";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `POST /api/devices/:deviceId/name`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameDevice {
    /// The id as it came.
    pub device_id: String,
    /// The name as it came; `""` clears, and so does a missing one.
    #[serde(default = "no_name")]
    pub custom_name: Value,
}

fn no_name() -> Value {
    Value::String(String::new())
}

impl NameDevice {
    /// Returns the device that is named.
    ///
    /// # Errors
    /// The id is malformed (400).
    pub fn device(&self) -> Result<DeviceId, Fault> {
        DeviceId::parse(&self.device_id).map_err(|_| Fault::invalid("Invalid device ID"))
    }

    /// Returns the name.
    ///
    /// # Errors
    /// It is no string, or too long (400).
    pub fn name(&self) -> Result<&str, Fault> {
        let name = self.custom_name.as_str().filter(|name| text::characters(name) <= limits::NAME_CHARACTERS);
        name.ok_or_else(|| Fault::invalid("Invalid custom name (max 100 characters)"))
    }
}

/// The name, echoed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceNamed {
    ok: bool,
    custom_name: String,
}

impl DeviceNamed {
    /// Returns the answer.
    #[must_use]
    pub fn new(custom_name: String) -> Self {
        Self { ok: true, custom_name }
    }
}

impl Contract for NameDevice {
    type Reply = DeviceNamed;
}

impl Endpoint for NameDevice {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/api/devices/{deviceId}/name";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/fleet/summary`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SummariseFleet {}

/// The summary in its envelope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FleetSummary {
    ok: bool,
    summary: Summary,
}

/// The fleet in numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// All known devices.
    pub total_devices: usize,
    /// Those with a connected headset.
    pub online_devices: usize,
    /// The others.
    pub offline_devices: usize,
    /// Those that record.
    pub recording_devices: usize,
    /// Online devices under 20 %.
    pub low_battery_devices: usize,
    /// Those that a tablet holds.
    pub locked_devices: usize,
    /// The mean of all numeric levels, as a ratio; 0 if there are none.
    pub avg_battery_level: Decimal,
    /// The sum of all productive time, in seconds.
    pub total_productive_time: Decimal,
    /// The distinct versions, sorted.
    pub app_versions: Vec<String>,
}

impl FleetSummary {
    /// Returns the answer.
    #[must_use]
    pub fn new(summary: Summary) -> Self {
        Self { ok: true, summary }
    }
}

impl Contract for SummariseFleet {
    type Reply = FleetSummary;
}

impl Endpoint for SummariseFleet {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/fleet/summary";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state() -> DeviceState {
        DeviceState {
            device_id: DeviceId::parse("QUEST_001").expect("a good id"),
            is_online: true,
            last_seen: "2026-02-06T12:00:00.000Z".to_owned(),
            connection_time: "2026-02-06T10:00:00.000Z".to_owned(),
            telemetry: None,
            is_locked: false,
            locked_by_tablet_id: None,
        }
    }

    #[test]
    fn a_device_always_shows_its_seven_keys_in_order() {
        assert_eq!(
            serde_json::to_string(&DeviceList::new(vec![state()])).expect("a reply"),
            r#"{"ok":true,"count":1,"devices":[{"deviceId":"QUEST_001","isOnline":true,"lastSeen":"2026-02-06T12:00:00.000Z","connectionTime":"2026-02-06T10:00:00.000Z","telemetry":null,"isLocked":false,"lockedByTabletId":null}]}"#
        );
        let detail = serde_json::to_value(DeviceDetail::new(state())).expect("a reply");
        assert_eq!(
            detail.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()),
            Some(vec!["ok".to_owned(), "device".to_owned()])
        );
    }

    #[test]
    fn history_echoes_the_id_and_counts_its_points() {
        let point = Telemetry::read(json!({ "timestamp": 1 })).expect("a report");
        let json = serde_json::to_string(&History::new("anything".to_owned(), vec![point])).expect("a reply");
        assert_eq!(json, r#"{"ok":true,"deviceId":"anything","count":1,"history":[{"timestamp":1}]}"#);
    }

    #[test]
    fn names_are_strings_of_at_most_100_characters() {
        let check = |body: Value, expected: Result<&str, &str>| {
            let request: NameDevice = serde_json::from_value(body).expect("decodes");
            assert_eq!(request.name().map_err(|fault| fault.message), expected.map_err(str::to_owned));
        };
        let refused = Err("Invalid custom name (max 100 characters)");
        check(json!({ "deviceId": "QUEST_001", "customName": "Lab Quest #1" }), Ok("Lab Quest #1"));
        check(json!({ "deviceId": "QUEST_001", "customName": "" }), Ok(""));
        check(json!({ "deviceId": "QUEST_001" }), Ok(""));
        check(json!({ "deviceId": "QUEST_001", "customName": null }), refused);
        check(json!({ "deviceId": "QUEST_001", "customName": 5 }), refused);
        check(json!({ "deviceId": "QUEST_001", "customName": "x".repeat(100) }), Ok(&"x".repeat(100)));
        check(json!({ "deviceId": "QUEST_001", "customName": "x".repeat(101) }), refused);
    }

    #[test]
    fn a_malformed_id_cannot_be_named() {
        let request: NameDevice = serde_json::from_value(json!({ "deviceId": "no" })).expect("decodes");
        assert_eq!(request.device(), Err(Fault::invalid("Invalid device ID")));
    }

    #[test]
    fn the_summary_has_nine_keys_in_order() {
        let summary = Summary {
            total_devices: 2,
            avg_battery_level: Decimal(0.72),
            app_versions: vec!["1.2.3".to_owned()],
            ..Summary::default()
        };
        assert_eq!(
            serde_json::to_string(&FleetSummary::new(summary)).expect("a reply"),
            r#"{"ok":true,"summary":{"totalDevices":2,"onlineDevices":0,"offlineDevices":0,"recordingDevices":0,"lowBatteryDevices":0,"lockedDevices":0,"avgBatteryLevel":0.72,"totalProductiveTime":0,"appVersions":["1.2.3"]}}"#
        );
    }
}
