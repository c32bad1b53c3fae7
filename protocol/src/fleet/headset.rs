//! What a headset sends, and what the hub tells it and its viewers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::contract::{Access, Contract, Emit, Event, EventLimit};
use crate::fault::Fault;
use crate::fleet::{DeviceId, Fleet, Telemetry, error, limits, text};
use crate::wire::args::Args;

const HEADSETS: Access = Access::Roles(&["headset"]);

/// `headset-identify`: the headset registers. The id must be the one of its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identify {
    /// Who the headset says it is.
    pub device_id: DeviceId,
}

impl Contract for Identify {
    type Reply = ();
}

impl Event for Identify {
    type System = Fleet;
    const NAME: &'static str = "headset-identify";
    const ACCESS: Access = HEADSETS;
    const LIMIT: Option<EventLimit> = Some(limits::IDENTIFY);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { device_id: device_id(args, 0)? })
    }
}

/// Reads an argument that must be a device id.
pub(super) fn device_id(args: &Args, index: usize) -> Result<DeviceId, Fault> {
    let text = args.text(index).ok_or_else(error::invalid_device_id)?;
    DeviceId::parse(&text).map_err(|_| error::invalid_device_id())
}

/// `headset-frame`: one camera frame, a data URL of up to a megabyte. It is passed on as it came, never decoded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Frame {
    /// The JSON text of the argument; `None` if that is no string, or too large: the device counts it before it is refused.
    pub data: Option<Box<RawValue>>,
}

impl Contract for Frame {
    type Reply = ();
}

impl Event for Frame {
    type System = Fleet;
    const NAME: &'static str = "headset-frame";
    const ACCESS: Access = HEADSETS;
    const LIMIT: Option<EventLimit> = Some(limits::FRAME);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let is_frame = |raw: &RawValue| raw.get().starts_with('"') && text::json_string_fits(raw, limits::FRAME_CHARACTERS);
        let data = args.raw_json(0).filter(|raw| is_frame(raw)).map(Cow::into_owned);
        Ok(Self { data })
    }
}

/// `headset-status`: a small JSON text about once a second; an object is written as JSON text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportStatus {
    /// The text.
    pub status: String,
}

impl Contract for ReportStatus {
    type Reply = ();
}

impl Event for ReportStatus {
    type System = Fleet;
    const NAME: &'static str = "headset-status";
    const ACCESS: Access = HEADSETS;
    const LIMIT: Option<EventLimit> = Some(limits::STATUS);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let status = text::text_or_object(args, 0, limits::STATUS_CHARACTERS).ok_or_else(error::invalid_status)?;
        Ok(Self { status })
    }
}

/// `device-telemetry`: everything a headset knows about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportTelemetry {
    /// The report.
    pub telemetry: Telemetry,
}

impl ReportTelemetry {
    /// Text beyond this cannot be a report of 64 KB, not even one encoded twice, and is not parsed.
    const MAX_TEXT_BYTES: usize = 8 * limits::TELEMETRY_BYTES;

    /// Checks that the report does not speak for another device than `own`.
    ///
    /// # Errors
    /// It carries another id.
    pub fn check_device(&self, own: &str) -> Result<(), Fault> {
        match self.telemetry.get("deviceId") {
            None => Ok(()),
            Some(Value::String(id)) if id == own => Ok(()),
            Some(_) => Err(error::foreign_telemetry()),
        }
    }
}

impl Contract for ReportTelemetry {
    type Reply = ();
}

impl Event for ReportTelemetry {
    type System = Fleet;
    const NAME: &'static str = "device-telemetry";
    const ACCESS: Access = HEADSETS;
    const LIMIT: Option<EventLimit> = Some(limits::TELEMETRY);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let raw = args.raw_json(0).filter(|raw| raw.get().len() <= Self::MAX_TEXT_BYTES).ok_or_else(error::invalid_telemetry)?;
        let sent = serde_json::from_str(raw.get()).map_err(|_| error::invalid_telemetry())?;
        let telemetry = Telemetry::read(sent).ok_or_else(error::invalid_telemetry)?;
        Ok(Self { telemetry })
    }
}

/// `headset-recording-state`: the headset started or stopped recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportRecording {
    /// Whether it records now.
    pub is_recording: bool,
}

impl Contract for ReportRecording {
    type Reply = ();
}

impl Event for ReportRecording {
    type System = Fleet;
    const NAME: &'static str = "headset-recording-state";
    const ACCESS: Access = HEADSETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let is_recording = args.get(0).map_err(|_| error::invalid_input("Recording state must be a boolean"))?;
        Ok(Self { is_recording })
    }
}

/// `headset-logs-processed`: the headset has dealt with its logs. Any argument is ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportLogsProcessed {}

impl Contract for ReportLogsProcessed {
    type Reply = ();
}

impl Event for ReportLogsProcessed {
    type System = Fleet;
    const NAME: &'static str = "headset-logs-processed";
    const ACCESS: Access = HEADSETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// `on-headset-connected`: the headset is registered. To its room.
#[derive(Debug, Clone, Serialize)]
pub struct HeadsetConnected;

impl Emit for HeadsetConnected {
    const NAME: &'static str = "on-headset-connected";
    const ARGS: usize = 0;
}

/// `on-headset-disconnected`: the headset is gone. To whoever remains in its room.
#[derive(Debug, Clone, Serialize)]
pub struct HeadsetDisconnected;

impl Emit for HeadsetDisconnected {
    const NAME: &'static str = "on-headset-disconnected";
    const ARGS: usize = 0;
}

/// `on-headset-frame-updated`: a camera frame, verbatim. To the room without the headset.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct FrameUpdated {
    /// The JSON text of the frame.
    pub data: Box<RawValue>,
}

impl Emit for FrameUpdated {
    const NAME: &'static str = "on-headset-frame-updated";
}

/// `on-headset-status-updated`: a status, verbatim. To the room.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct StatusUpdated {
    /// The text.
    pub status: String,
}

impl Emit for StatusUpdated {
    const NAME: &'static str = "on-headset-status-updated";
}

/// `on-headset-recording-active`: the headset records. To the room.
#[derive(Debug, Clone, Serialize)]
pub struct HeadsetRecordingActive;

impl Emit for HeadsetRecordingActive {
    const NAME: &'static str = "on-headset-recording-active";
    const ARGS: usize = 0;
}

/// `on-headset-recording-inactive`: the headset does not record. To the room.
#[derive(Debug, Clone, Serialize)]
pub struct HeadsetRecordingInactive;

impl Emit for HeadsetRecordingInactive {
    const NAME: &'static str = "on-headset-recording-inactive";
    const ARGS: usize = 0;
}

/// `on-device-recording-changed`: the same for newer clients. To the room and to dashboards.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRecordingChanged {
    /// Which device.
    pub device_id: DeviceId,
    /// Whether it records.
    pub is_recording: bool,
}

impl Emit for DeviceRecordingChanged {
    const NAME: &'static str = "on-device-recording-changed";
}

/// `on-headset-logs-processed`. To the room.
#[derive(Debug, Clone, Serialize)]
pub struct LogsProcessed;

impl Emit for LogsProcessed {
    const NAME: &'static str = "on-headset-logs-processed";
    const ARGS: usize = 0;
}

/// `on-tablet-start-recording`. To the headset.
#[derive(Debug, Clone, Serialize)]
pub struct StartRequested;

impl Emit for StartRequested {
    const NAME: &'static str = "on-tablet-start-recording";
    const ARGS: usize = 0;
}

/// `on-tablet-stop-recording`. To the headset.
#[derive(Debug, Clone, Serialize)]
pub struct StopRequested;

impl Emit for StopRequested {
    const NAME: &'static str = "on-tablet-stop-recording";
    const ARGS: usize = 0;
}

/// `on-tablet-recording-toggled`. To the headset.
#[derive(Debug, Clone, Serialize)]
pub struct ToggleRequested;

impl Emit for ToggleRequested {
    const NAME: &'static str = "on-tablet-recording-toggled";
    const ARGS: usize = 0;
}

/// `on-tablet-metadata-synced`: a tablet's metadata, verbatim. To the headset.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct MetadataSynced {
    /// The text.
    pub metadata: String,
}

impl Emit for MetadataSynced {
    const NAME: &'static str = "on-tablet-metadata-synced";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(texts: &[&str]) -> Args {
        Args::Json(texts.iter().map(|text| serde_json::from_str(text).expect("valid JSON")).collect())
    }

    fn code<T: Event>(texts: &[&str]) -> String {
        T::decode(&args(texts)).map_or_else(|fault| fault.code, |_| "ok".to_owned())
    }

    #[test]
    fn malformed_payloads_have_the_documented_codes() {
        assert_eq!(code::<Identify>(&[r#""QUEST_001""#]), "ok");
        for wrong in [r#""short""#, "12345678", "null", "{}"] {
            assert_eq!(code::<Identify>(&[wrong]), "INVALID_DEVICE_ID", "{wrong}");
        }
        assert_eq!(code::<Identify>(&[]), "INVALID_DEVICE_ID");
        assert_eq!(code::<ReportStatus>(&[r#"{"fps":72}"#]), "ok");
        assert_eq!(code::<ReportStatus>(&["72"]), "INVALID_STATUS_DATA");
        assert_eq!(code::<ReportTelemetry>(&["{}"]), "ok");
        assert_eq!(code::<ReportTelemetry>(&["[]"]), "INVALID_TELEMETRY");
        assert_eq!(code::<ReportTelemetry>(&[]), "INVALID_TELEMETRY");
        assert_eq!(code::<ReportRecording>(&["true"]), "ok");
        assert_eq!(code::<ReportRecording>(&[r#""true""#]), "INVALID_INPUT");
        assert_eq!(code::<ReportRecording>(&[]), "INVALID_INPUT");
        assert_eq!(code::<ReportLogsProcessed>(&["1", "2"]), "ok");
    }

    fn is_frame(texts: &[&str]) -> bool {
        Frame::decode(&args(texts)).expect("decodes").data.is_some()
    }

    #[test]
    fn a_frame_is_a_string_of_the_documented_size() {
        let frame = |characters: usize| format!("\"{}\"", "x".repeat(characters));
        assert!(is_frame(&[&frame(limits::FRAME_CHARACTERS)]));
        assert!(!is_frame(&[&frame(limits::FRAME_CHARACTERS + 1)]));
        assert!(!is_frame(&[]));
        for wrong in ["1", "null", "{}", r#"["data:"]"#] {
            assert!(!is_frame(&[wrong]), "{wrong}");
        }
    }

    #[test]
    fn a_frame_keeps_its_bytes() {
        let text = r#""data:image\/jpeg;base64,\u0041==""#;
        let data = Frame::decode(&args(&[text])).expect("decodes").data.expect("a frame");
        assert_eq!(serde_json::to_string(&FrameUpdated { data }).expect("a string"), text);
    }

    #[test]
    fn telemetry_may_only_speak_for_its_own_device() {
        let check = |text: &str| ReportTelemetry::decode(&args(&[text])).and_then(|report| report.check_device("QUEST_001"));
        assert_eq!(check("{}"), Ok(()));
        assert_eq!(check(r#"{"deviceId":"QUEST_001"}"#), Ok(()));
        for foreign in [r#"{"deviceId":"QUEST_002"}"#, r#"{"deviceId":null}"#, r#"{"deviceId":7}"#] {
            assert_eq!(check(foreign).map_err(|fault| fault.code), Err("INVALID_TELEMETRY".to_owned()), "{foreign}");
        }
    }
}
