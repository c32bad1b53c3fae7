//! A headset's telemetry: passed through as sent, with a few keys that the hub itself reads.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::fleet::limits::TELEMETRY_BYTES;
use crate::fleet::number;

/// One report: keys and their order as sent. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Telemetry(Arc<Map<String, Value>>);

impl Telemetry {
    /// Reads a report that was sent as an object, as JSON text, or (by Unity clients) as JSON text encoded twice.
    ///
    /// Returns `None` for anything else, and for a report over 64 KB.
    #[must_use]
    pub fn read(sent: Value) -> Option<Self> {
        let mut sent = sent;
        for _ in 0..2 {
            let Value::String(text) = &sent else { break };
            sent = serde_json::from_str(text).ok()?;
        }
        number::drop_empty_fractions(&mut sent);
        match sent {
            Value::Object(report) if serialised_len(&report) <= TELEMETRY_BYTES => Some(Self(Arc::new(report))),
            _ => None,
        }
    }

    /// Returns a key's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Returns a key's value if it is a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(Value::as_f64)
    }

    /// Returns the battery level as a ratio. Values over 1 are read as percent.
    #[must_use]
    pub fn battery_ratio(&self) -> Option<f64> {
        self.number("batteryLevel").map(|level| if level > 1.0 { level / 100.0 } else { level })
    }

    /// Returns the battery level in percent. Values up to 1 are read as a ratio.
    #[must_use]
    pub fn battery_percent(&self) -> Option<f64> {
        self.number("batteryLevel").map(|level| if level > 1.0 { level } else { level * 100.0 })
    }

    /// Returns the same report with the name that people gave to the device.
    #[must_use]
    pub fn with_custom_name(&self, name: &str) -> Self {
        let mut report = (*self.0).clone();
        report.insert("customName".to_owned(), Value::String(name.to_owned()));
        Self(Arc::new(report))
    }

    /// Returns the report as a point of the history: `timestamp`, `batteryLevel` and `trackingConfidence` first, then the rest as sent.
    #[must_use]
    pub fn as_point(&self, received_ms: i64) -> Self {
        let mut point = Map::with_capacity(self.0.len() + 3);
        let timestamp = self.get("timestamp").filter(|sent| sent.is_number()).cloned();
        point.insert("timestamp".to_owned(), timestamp.unwrap_or_else(|| received_ms.into()));
        for key in ["batteryLevel", "trackingConfidence"] {
            point.insert(key.to_owned(), self.get(key).cloned().unwrap_or(Value::Null));
        }
        for (key, value) in self.0.iter() {
            point.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Self(Arc::new(point))
    }
}

impl From<Map<String, Value>> for Telemetry {
    fn from(report: Map<String, Value>) -> Self {
        Self(Arc::new(report))
    }
}

impl Serialize for Telemetry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Telemetry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

/// Returns how many bytes a map takes as JSON, without writing it anywhere.
#[must_use]
pub fn serialised_len(map: &Map<String, Value>) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, map).map_or(usize::MAX, |()| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn json_of(telemetry: &Telemetry) -> String {
        serde_json::to_string(telemetry).expect("a map")
    }

    #[test]
    fn an_object_a_text_and_a_text_encoded_twice_are_the_same_report() {
        let expected = r#"{"zeta":1,"batteryLevel":0.85,"unknown":[null]}"#;
        let once = r#"{"zeta":1.0,"batteryLevel":0.85,"unknown":[null]}"#;
        let twice = Value::String(serde_json::to_string(once).expect("a string"));
        for sent in [serde_json::from_str(once).expect("an object"), Value::String(once.to_owned()), twice] {
            assert_eq!(Telemetry::read(sent).map(|report| json_of(&report)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for sent in
            [json!(null), json!([1]), json!(3), json!("not json"), json!("[1]"), json!({ "x": "y".repeat(TELEMETRY_BYTES) })]
        {
            assert_eq!(Telemetry::read(sent), None);
        }
    }

    #[test]
    fn a_point_starts_with_the_three_chart_keys() {
        let report = Telemetry::read(json!({ "deviceId": "QUEST_001", "batteryLevel": 0.5, "timestamp": 5, "fps": 72 }))
            .expect("a report");
        assert_eq!(
            json_of(&report.as_point(9)),
            r#"{"timestamp":5,"batteryLevel":0.5,"trackingConfidence":null,"deviceId":"QUEST_001","fps":72}"#
        );
        let report = Telemetry::read(json!({ "timestamp": "soon" })).expect("a report");
        assert_eq!(json_of(&report.as_point(9)), r#"{"timestamp":9,"batteryLevel":null,"trackingConfidence":null}"#);
    }

    #[test]
    fn battery_levels_over_one_are_percent() {
        let level = |sent: Value| Telemetry::read(json!({ "batteryLevel": sent })).and_then(|report| report.battery_ratio());
        assert_eq!(level(json!(0.19)), Some(0.19));
        assert_eq!(level(json!(85)), Some(0.85));
        assert_eq!(level(json!(1)), Some(1.0));
        assert_eq!(level(json!("full")), None);
    }
}
