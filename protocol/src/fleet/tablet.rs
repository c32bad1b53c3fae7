//! What a tablet sends to lock, record and prepare headsets, and what it is told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contract::{Access, Contract, Emit, Event, EventLimit};
use crate::fault::Fault;
use crate::fleet::headset::device_id;
use crate::fleet::{DeviceId, Fleet, error, limits, text};
use crate::wire::args::Args;

pub(super) const TABLETS: Access = Access::Roles(&["tablet"]);
/// What a dashboard may ask as well.
pub(super) const TABLETS_AND_DASHBOARDS: Access = Access::Roles(&["tablet", "dashboard"]);

// --- locking ---

/// `tablet-lock-device`: exclusive control of one headset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LockDevice {
    /// Which.
    pub device_id: DeviceId,
}

impl Contract for LockDevice {
    type Reply = LockReply;
}

impl Event for LockDevice {
    type System = Fleet;
    const NAME: &'static str = "tablet-lock-device";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// `tablet-unlock-device`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnlockDevice {
    /// Which.
    pub device_id: DeviceId,
}

impl Contract for UnlockDevice {
    type Reply = LockReply;
}

impl Event for UnlockDevice {
    type System = Fleet;
    const NAME: &'static str = "tablet-unlock-device";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// Why a device cannot be locked or unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockRefusal {
    /// It is unknown or offline.
    #[serde(rename = "Device not online")]
    NotOnline,
    /// Another tablet holds it.
    #[serde(rename = "Device locked by another tablet")]
    LockedByAnother,
}

/// What an ack to a lock or unlock carries: the payload of the event that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LockReply {
    /// Which device.
    pub device_id: DeviceId,
    /// Why not, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<LockRefusal>,
}

/// `tablet-lock-devices`: lock several, in one step against other tablets. Whatever was sent decodes; what is no list locks nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LockDevices {
    /// The distinct texts of the list, in their order.
    pub device_ids: Vec<String>,
}

impl Contract for LockDevices {
    type Reply = DevicesLocked;
}

impl Event for LockDevices {
    type System = Fleet;
    const NAME: &'static str = "tablet-lock-devices";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::LOCK_DEVICES);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = args.get::<Value>(0).unwrap_or_default();
        Ok(Self { device_ids: distinct_texts(&sent).filter(|ids| ids.len() <= limits::DEVICES_PER_EVENT).unwrap_or_default() })
    }
}

/// Returns the distinct strings of a list, in order; `None` for what is no list. Items of other types are ignored.
pub(super) fn distinct_texts(sent: &Value) -> Option<Vec<String>> {
    let mut distinct = Map::new();
    for text in sent.as_array()?.iter().filter_map(Value::as_str) {
        distinct.insert(text.to_owned(), Value::Null);
    }
    Some(distinct.into_iter().map(|(text, _)| text).collect())
}

/// `tablet-unlock-all-devices`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnlockAllDevices {}

impl Contract for UnlockAllDevices {
    type Reply = AllDevicesUnlocked;
}

impl Event for UnlockAllDevices {
    type System = Fleet;
    const NAME: &'static str = "tablet-unlock-all-devices";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

// --- recording ---

/// `tablet-start-recording`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartRecording {
    /// Which device.
    pub device_id: DeviceId,
}

impl Contract for StartRecording {
    type Reply = RecordingReply;
}

impl Event for StartRecording {
    type System = Fleet;
    const NAME: &'static str = "tablet-start-recording";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// `tablet-stop-recording`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopRecording {
    /// Which device.
    pub device_id: DeviceId,
}

impl Contract for StopRecording {
    type Reply = RecordingReply;
}

impl Event for StopRecording {
    type System = Fleet;
    const NAME: &'static str = "tablet-stop-recording";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// `tablet-toggle-recording`: deprecated, still sent by old tablets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToggleRecording {
    /// Which device.
    pub device_id: DeviceId,
}

impl Contract for ToggleRecording {
    type Reply = RecordingReply;
}

impl Event for ToggleRecording {
    type System = Fleet;
    const NAME: &'static str = "tablet-toggle-recording";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// What an ack to one recording command carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingReply {
    /// Whether the headset was told.
    pub success: bool,
    /// Why not, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<LockRefusal>,
    /// Which device.
    pub device_id: DeviceId,
}

/// `tablet-start-all-recording`: on every device that this tablet holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartAllRecording {}

impl Contract for StartAllRecording {
    type Reply = AllStarted;
}

impl Event for StartAllRecording {
    type System = Fleet;
    const NAME: &'static str = "tablet-start-all-recording";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// `tablet-stop-all-recording`: on every device that this tablet holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopAllRecording {}

impl Contract for StopAllRecording {
    type Reply = AllStopped;
}

impl Event for StopAllRecording {
    type System = Fleet;
    const NAME: &'static str = "tablet-stop-all-recording";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// `tablet-toggle-all-recording`: deprecated, still sent by old tablets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToggleAllRecording {}

impl Contract for ToggleAllRecording {
    type Reply = AllToggled;
}

impl Event for ToggleAllRecording {
    type System = Fleet;
    const NAME: &'static str = "tablet-toggle-all-recording";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// One device's part in the ack to a command for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordingResult {
    /// Whether the headset was told.
    pub success: bool,
    /// Why not, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<LockRefusal>,
}

/// The results by device id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordingResults(pub Vec<(DeviceId, RecordingResult)>);

impl RecordingResults {
    /// Returns how many headsets were told.
    #[must_use]
    pub fn told(&self) -> usize {
        self.0.iter().filter(|(_, result)| result.success).count()
    }
}

impl Serialize for RecordingResults {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, result)| (id, result)))
    }
}

/// What an ack to `tablet-start-all-recording` carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllStarted {
    /// Whether every device was told.
    pub success: bool,
    /// Each device.
    pub results: RecordingResults,
    /// How many were told.
    pub started_count: usize,
    /// How many the tablet holds.
    pub total_devices: usize,
}

/// What an ack to `tablet-stop-all-recording` carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllStopped {
    /// Whether every device was told.
    pub success: bool,
    /// Each device.
    pub results: RecordingResults,
    /// How many were told.
    pub stopped_count: usize,
    /// How many the tablet holds.
    pub total_devices: usize,
}

/// What an ack to `tablet-toggle-all-recording` carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllToggled {
    /// Whether every device was told.
    pub success: bool,
    /// Each device.
    pub results: RecordingResults,
    /// How many were told.
    pub toggled_count: usize,
    /// How many the tablet holds.
    pub total_devices: usize,
}

impl From<RecordingResults> for AllStarted {
    fn from(results: RecordingResults) -> Self {
        let (started_count, total_devices) = (results.told(), results.0.len());
        Self { success: started_count == total_devices, results, started_count, total_devices }
    }
}

impl From<RecordingResults> for AllStopped {
    fn from(results: RecordingResults) -> Self {
        let (stopped_count, total_devices) = (results.told(), results.0.len());
        Self { success: stopped_count == total_devices, results, stopped_count, total_devices }
    }
}

impl From<RecordingResults> for AllToggled {
    fn from(results: RecordingResults) -> Self {
        let (toggled_count, total_devices) = (results.told(), results.0.len());
        Self { success: toggled_count == total_devices, results, toggled_count, total_devices }
    }
}

/// `tablet-get-recording-status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetRecordingStatus {
    /// Which device.
    pub device_id: DeviceId,
}

impl Contract for GetRecordingStatus {
    type Reply = ();
}

impl Event for GetRecordingStatus {
    type System = Fleet;
    const NAME: &'static str = "tablet-get-recording-status";
    const ACCESS: Access = TABLETS_AND_DASHBOARDS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

// --- metadata and the legacy pairing ---

/// `tablet-sync-metadata`: a text for one headset, or for all that this tablet holds or is paired with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SyncMetadata {
    /// The text.
    pub metadata: String,
    /// The one headset.
    pub target: Option<DeviceId>,
}

impl Contract for SyncMetadata {
    type Reply = ();
}

impl Event for SyncMetadata {
    type System = Fleet;
    const NAME: &'static str = "tablet-sync-metadata";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let metadata = text::text_or_object(args, 0, limits::METADATA_CHARACTERS).ok_or_else(error::invalid_metadata)?;
        let target = if args.is_given(1) { Some(device_id(args, 1)?) } else { None };
        Ok(Self { metadata, target })
    }
}

/// `tablet-connect-headset` (legacy): watch a headset, and lock it if it is free.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectHeadset {
    /// Which.
    pub device_id: DeviceId,
}

impl Contract for ConnectHeadset {
    type Reply = ();
}

impl Event for ConnectHeadset {
    type System = Fleet;
    const NAME: &'static str = "tablet-connect-headset";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// `tablet-disconnect-headset` (legacy).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DisconnectHeadset {
    /// Which.
    pub device_id: DeviceId,
}

impl Contract for DisconnectHeadset {
    type Reply = ();
}

impl Event for DisconnectHeadset {
    type System = Fleet;
    const NAME: &'static str = "tablet-disconnect-headset";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

// --- what a tablet is told ---

/// `on-device-locked`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceLocked {
    /// Which.
    pub device_id: DeviceId,
}

impl Emit for DeviceLocked {
    const NAME: &'static str = "on-device-locked";
}

/// `on-device-lock-failed`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceLockFailed {
    /// Which.
    pub device_id: DeviceId,
    /// Why.
    pub reason: LockRefusal,
}

impl Emit for DeviceLockFailed {
    const NAME: &'static str = "on-device-lock-failed";
}

/// `on-device-unlocked`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceUnlocked {
    /// Which.
    pub device_id: DeviceId,
}

impl Emit for DeviceUnlocked {
    const NAME: &'static str = "on-device-unlocked";
}

/// `on-devices-locked`. To the sender.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct DevicesLocked {
    /// Those that this tablet holds now.
    pub locked: Vec<String>,
    /// The others, malformed ids among them.
    pub failed: Vec<String>,
}

impl Emit for DevicesLocked {
    const NAME: &'static str = "on-devices-locked";
}

/// `on-all-devices-unlocked`. To the sender.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AllDevicesUnlocked {
    /// Those that were released.
    pub unlocked: Vec<DeviceId>,
}

impl Emit for AllDevicesUnlocked {
    const NAME: &'static str = "on-all-devices-unlocked";
}

/// `on-recording-denied`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingDenied {
    /// Which.
    pub device_id: DeviceId,
}

impl Emit for RecordingDenied {
    const NAME: &'static str = "on-recording-denied";
}

/// `on-recording-active`. To the sender.
#[derive(Debug, Clone, Serialize)]
pub struct RecordingActive;

impl Emit for RecordingActive {
    const NAME: &'static str = "on-recording-active";
    const ARGS: usize = 0;
}

/// `on-recording-inactive`. To the sender.
#[derive(Debug, Clone, Serialize)]
pub struct RecordingInactive;

impl Emit for RecordingInactive {
    const NAME: &'static str = "on-recording-inactive";
    const ARGS: usize = 0;
}

/// `on-device-disconnected`: a headset that this tablet held is gone. To the holder.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceDisconnected {
    /// Which.
    pub device_id: DeviceId,
}

impl Emit for DeviceDisconnected {
    const NAME: &'static str = "on-device-disconnected";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(texts: &[&str]) -> Args {
        Args::Json(texts.iter().map(|text| serde_json::from_str(text).expect("valid JSON")).collect())
    }

    fn quest(number: u32) -> DeviceId {
        DeviceId::parse(&format!("QUEST_{number:03}")).expect("a good id")
    }

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("serialises")
    }

    #[test]
    fn lock_devices_decodes_whatever_was_sent() {
        let check = |sent: &[&str], expected: &[&str]| {
            assert_eq!(LockDevices::decode(&args(sent)).expect("decodes").device_ids, expected, "{sent:?}");
        };
        check(&[r#"["QUEST_001","QUEST_002","QUEST_001"]"#], &["QUEST_001", "QUEST_002"]);
        check(&[r#"["bad",7,null]"#], &["bad"]);
        check(&[r#""QUEST_001""#], &[]);
        check(&["[]"], &[]);
        check(&["{}"], &[]);
        check(&[], &[]);
        let many: Vec<String> = (0..51).map(|number| quest(number).to_string()).collect();
        check(&[&json(&many)], &[]);
        let fifty_and_duplicates: Vec<String> = (0..100).map(|number| quest(number % 50).to_string()).collect();
        assert_eq!(LockDevices::decode(&args(&[&json(&fifty_and_duplicates)])).expect("decodes").device_ids.len(), 50);
    }

    #[test]
    fn single_device_events_need_a_device_id() {
        let check =
            |sent: &[&str]| LockDevice::decode(&args(sent)).map(|event| event.device_id.to_string()).map_err(|fault| fault.code);
        assert_eq!(check(&[r#""QUEST_001""#]), Ok("QUEST_001".to_owned()));
        assert_eq!(check(&[r#""bad""#]), Err("INVALID_DEVICE_ID".to_owned()));
        assert_eq!(check(&[]), Err("INVALID_DEVICE_ID".to_owned()));
    }

    #[test]
    fn metadata_is_a_text_or_an_object_with_an_optional_target() {
        let check = |sent: &[&str]| {
            SyncMetadata::decode(&args(sent)).map(|event| (event.metadata, event.target)).map_err(|fault| fault.code)
        };
        assert_eq!(check(&[r#""{}""#]), Ok(("{}".to_owned(), None)));
        assert_eq!(check(&[r#"{"a":1}"#, "null"]), Ok((r#"{"a":1}"#.to_owned(), None)));
        assert_eq!(check(&[r#""x""#, r#""QUEST_001""#]), Ok(("x".to_owned(), Some(quest(1)))));
        assert_eq!(check(&[r#""x""#, "5"]), Err("INVALID_DEVICE_ID".to_owned()));
        assert_eq!(check(&["5"]), Err("INVALID_METADATA".to_owned()));
        assert_eq!(check(&[]), Err("INVALID_METADATA".to_owned()));
        let long = format!("\"{}\"", "x".repeat(limits::METADATA_CHARACTERS + 1));
        assert_eq!(check(&[&long]), Err("INVALID_METADATA".to_owned()));
    }

    #[test]
    fn answers_have_the_documented_shapes() {
        assert_eq!(json(&LockReply { device_id: quest(1), reason: None }), r#"{"deviceId":"QUEST_001"}"#);
        assert_eq!(
            json(&DeviceLockFailed { device_id: quest(1), reason: LockRefusal::LockedByAnother }),
            r#"{"deviceId":"QUEST_001","reason":"Device locked by another tablet"}"#
        );
        assert_eq!(json(&DevicesLocked::default()), r#"{"locked":[],"failed":[]}"#);
        assert_eq!(
            json(&RecordingReply { success: false, error: Some(LockRefusal::NotOnline), device_id: quest(1) }),
            r#"{"success":false,"error":"Device not online","deviceId":"QUEST_001"}"#
        );
        let results = RecordingResults(vec![(quest(1), RecordingResult { success: true, error: None })]);
        assert_eq!(
            json(&AllStarted::from(results)),
            r#"{"success":true,"results":{"QUEST_001":{"success":true}},"startedCount":1,"totalDevices":1}"#
        );
        assert_eq!(
            json(&AllStopped::from(RecordingResults::default())),
            r#"{"success":true,"results":{},"stoppedCount":0,"totalDevices":0}"#
        );
    }
}
