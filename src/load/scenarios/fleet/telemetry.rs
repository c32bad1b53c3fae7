//! Telemetry as a headset sends it and a dashboard verifies it: everything in a report follows from its number.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::packets;

/// What the reports of one run have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reports {
    /// When the run began, in milliseconds since 1970: tells its reports from those of earlier runs, which a server keeps.
    pub(super) run_ms: u64,
    /// How far apart they are.
    pub(super) every_ms: u64,
}

/// What a dashboard finds in an update.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A device of somebody else, or a report of another run.
    Foreign,
    /// A report that nobody sent.
    Wrong,
    /// An intact report.
    Report {
        /// Of which headset.
        headset: usize,
        /// Its number among the headset's.
        number: u64,
    },
}

/// `on-device-telemetry-updated`, as far as it is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceState<'a> {
    #[serde(borrow)]
    device_id: Cow<'a, str>,
    #[serde(borrow)]
    telemetry: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    load_run: Option<u64>,
    load_number: Option<u64>,
}

impl Reports {
    /// Returns a report as an object of JSON.
    fn report(&self, headset: usize, number: u64) -> Value {
        // Never a whole number: JavaScript, and so the hub, writes those without a fraction.
        let battery = 0.995 - (number % 80) as f64 / 100.0;
        json!({
            "deviceId": packets::headset_id(headset),
            "deviceName": "Quest 3",
            "timestamp": self.run_ms + number * self.every_ms,
            "batteryLevel": battery,
            "batteryState": 2,
            "storageUsedBytes": 5_368_709_120u64 + number * 1_000_000,
            "storageTotalBytes": 128_849_018_880u64,
            "wifiSignalLevel": -45,
            "wifiSSID": "Lab-Network",
            "appVersion": "1.2.3",
            "osVersion": "62.0",
            "sdkVersion": "60.0",
            "leftHandTracked": true,
            "rightHandTracked": true,
            "bodyTracked": !number.is_multiple_of(7),
            "trackingConfidence": 0.95,
            "sessionDuration": number,
            "frameCount": number * 72,
            "droppedFrames": number / 10,
            "cpuTemperature": 42.5,
            "gpuTemperature": 45,
            "memoryUsedMB": 2048,
            "memoryTotalMB": 6144,
            "loadRun": self.run_ms,
            "loadNumber": number,
        })
    }

    /// Returns a report as the argument of its event: JSON in a string, as headsets send it.
    pub(super) fn argument(&self, headset: usize, number: u64) -> String {
        Value::String(self.report(headset, number).to_string()).to_string()
    }

    /// Reads an update and verifies the report in it.
    pub(super) fn read(&self, args: &str) -> Found {
        let Some(state) = packets::first::<DeviceState<'_>>(args) else { return Found::Wrong };
        let (Some(headset), Some(telemetry)) = (packets::headset_number(&state.device_id), state.telemetry) else {
            return Found::Foreign;
        };
        match serde_json::from_str(telemetry.get()) {
            Ok(Numbers { load_run: Some(run), load_number: Some(number) }) if run == self.run_ms => {
                let is_intact = self.is_intact(headset, number, telemetry.get());
                if is_intact { Found::Report { headset, number } } else { Found::Wrong }
            }
            Ok(_) => Found::Foreign,
            Err(_) => Found::Wrong,
        }
    }

    fn is_intact(&self, headset: usize, number: u64, telemetry: &str) -> bool {
        let report = self.report(headset, number);
        let expected = report.to_string();
        // A name that somebody gave the headset is shown in its telemetry; everything else is as it was sent.
        let unnamed = |telemetry: &str| {
            let mut telemetry: Value = serde_json::from_str(telemetry).ok()?;
            telemetry.as_object_mut()?.shift_remove("customName");
            Some(telemetry)
        };
        telemetry == expected || unnamed(telemetry) == Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORTS: Reports = Reports { run_ms: 1_764_000_000_000, every_ms: 1000 };

    fn update(telemetry: &str) -> String {
        format!(r#",{{"deviceId":"LOAD_HEADSET_0004","isOnline":true,"telemetry":{telemetry},"isLocked":false}}]"#)
    }

    #[test]
    fn a_report_comes_back_as_it_was_sent() {
        let sent: String = serde_json::from_str(&REPORTS.argument(4, 9)).expect("a string");
        assert_eq!(REPORTS.read(&update(&sent)), Found::Report { headset: 4, number: 9 });
        let named = sent.replacen('{', r#"{"customName":"Lab","#, 1);
        assert_eq!(REPORTS.read(&update(&named)), Found::Report { headset: 4, number: 9 });
    }

    #[test]
    fn a_tampered_report_is_wrong() {
        let sent: String = serde_json::from_str(&REPORTS.argument(4, 9)).expect("a string");
        for (from, to) in [("62.0", "63.0"), ("\"frameCount\":648", "\"frameCount\":649"), ("0004", "0005"), (",\"gpu", ",\"gpv")]
        {
            assert!(sent.contains(from), "{from} in {sent}");
            assert_eq!(REPORTS.read(&update(&sent.replace(from, to))), Found::Wrong, "{from}");
        }
        assert_eq!(REPORTS.read(",7]"), Found::Wrong);
    }

    #[test]
    fn what_others_reported_is_let_be() {
        for telemetry in ["null", "{}", r#"{"loadRun":1,"loadNumber":2}"#] {
            assert_eq!(REPORTS.read(&update(telemetry)), Found::Foreign, "{telemetry}");
        }
        assert_eq!(REPORTS.read(r#",{"deviceId":"QUEST_001","telemetry":{"loadRun":1}}]"#), Found::Foreign);
    }
}
