//! `PATCH /device-sessions/:device_id/metadata`: the body as a whole is the change, whatever its keys are.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::{DeviceId, limits};

/// What is to be different about a device's metadata: a key with `null` goes, any other comes or changes.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateMetadata {
    /// Which device.
    pub device_id: DeviceId,
    /// The change; `None` if it is larger than all metadata of a device may be.
    pub changes: Option<Map<String, Value>>,
}

impl UpdateMetadata {
    /// Returns the change.
    ///
    /// # Errors
    /// It is too large (400).
    pub fn read(&self) -> Result<&Map<String, Value>, Fault> {
        self.changes.as_ref().ok_or_else(Self::too_large)
    }

    /// Returns the refusal of metadata that are too large: the change, or what there would be after it.
    #[must_use]
    pub fn too_large() -> Fault {
        invalid_payload("metadata must be a JSON object of at most 16 KB")
    }
}

/// The path's parameter, which beats a key of that name in the body.
const DEVICE_ID: &str = "device_id";

impl Serialize for UpdateMetadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(DEVICE_ID, &self.device_id)?;
        for (key, value) in self.changes.iter().flatten() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for UpdateMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WholeBody)
    }
}

struct WholeBody;

impl<'de> Visitor<'de> for WholeBody {
    type Value = UpdateMetadata;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<UpdateMetadata, A::Error> {
        let (mut device_id, mut sent) = (None, Sent::default());
        while let Some(key) = entries.next_key::<String>()? {
            if key == DEVICE_ID {
                device_id = Some(entries.next_value()?);
            } else if let Ok(value) = entries.next_value::<Box<RawValue>>() {
                sent.put(key, value);
            }
            // What has no JSON text came from the query and is no part of the body. Broken JSON fails at the next key.
        }
        let device_id = device_id.ok_or_else(|| A::Error::missing_field(DEVICE_ID))?;
        Ok(UpdateMetadata { device_id, changes: sent.read() })
    }
}

/// Entries as their JSON text, which becomes a tree only if it is small.
#[derive(Default)]
struct Sent {
    entries: Vec<(String, Box<RawValue>)>,
    bytes: usize,
}

impl Sent {
    fn put(&mut self, key: String, value: Box<RawValue>) {
        self.bytes = self.bytes.saturating_add(key.len() + value.get().len());
        if self.bytes <= limits::METADATA_BYTES {
            self.entries.push((key, value));
        }
    }

    fn read(self) -> Option<Map<String, Value>> {
        if self.bytes > limits::METADATA_BYTES {
            return None;
        }
        let value = |(key, raw): (String, Box<RawValue>)| Some((key, serde_json::from_str(raw.get()).ok()?));
        self.entries.into_iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    fn decode(json: &str) -> Result<UpdateMetadata, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_key_but_the_paths_is_a_change() {
        let sent = format!(r#"{{"theme":"dark","device_id":"{ID}","old":null,"deep":{{"a":[1,2.5]}}}}"#);
        let request = decode(&sent).expect("decodes");
        let changes = json!({ "theme": "dark", "old": null, "deep": { "a": [1, 2.5] } });
        assert_eq!(request.read().map(|changes| Value::Object(changes.clone())), Ok(changes));
        let json = serde_json::to_string(&request).expect("serialises");
        assert_eq!(decode(&json).expect("decodes again"), request);
    }

    #[test]
    fn a_change_has_16_kilobytes_at_most() {
        let check = |length: usize, is_small: bool| {
            let sent = format!(r#"{{"device_id":"{ID}","note":"{}"}}"#, "x".repeat(length));
            assert_eq!(decode(&sent).expect("decodes").read().is_ok(), is_small, "{length}");
        };
        check(16_384 - r#"note"""#.len(), true);
        check(16_384 - r#"note"""#.len() + 1, false);
    }

    #[test]
    fn a_device_must_be_named_and_the_rest_be_json() {
        assert!(decode(r#"{"theme":"dark"}"#).is_err());
        assert!(decode(r#"{"device_id":"d"}"#).is_err());
        assert!(decode(&format!(r#"{{"device_id":"{ID}","theme":dark}}"#)).is_err());
        assert!(decode("[]").is_err());
    }
}
