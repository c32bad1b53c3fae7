//! What a device's application says about it.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::devices::UpdateMetadata;
use hubbub_protocol::quiz::limits;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Metadata as their JSON text, which is a fraction of the tree's size: they are kept by the thousand and seldom read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(String);

impl Metadata {
    /// Returns the metadata themselves.
    #[must_use]
    pub fn map(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// Puts in what `changes` says; a key with null goes.
    ///
    /// # Errors
    /// They would be too large (400); nothing changed then.
    pub fn merge(&mut self, changes: &Map<String, Value>) -> Result<(), Fault> {
        let mut map = self.map();
        for (key, value) in changes {
            if value.is_null() {
                map.shift_remove(key);
            } else {
                map.insert(key.clone(), value.clone());
            }
        }
        let text = Value::Object(map).to_string();
        if text.len() > limits::METADATA_BYTES {
            return Err(UpdateMetadata::too_large());
        }
        self.0 = text;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merge(metadata: &mut Metadata, changes: Value) -> Result<Value, Fault> {
        metadata.merge(changes.as_object().expect("an object")).map(|()| Value::Object(metadata.map()))
    }

    #[test]
    fn changes_are_merged_key_by_key_and_null_deletes() {
        let mut metadata = Metadata::default();
        assert_eq!(metadata.map(), Map::new());
        let first = json!({ "theme": { "dark": true, "size": 1.5 }, "version": "1" });
        assert_eq!(merge(&mut metadata, first.clone()), Ok(first));
        let second = json!({ "theme": { "dark": false }, "version": null, "unknown": null });
        assert_eq!(merge(&mut metadata, second), Ok(json!({ "theme": { "dark": false } })));
    }

    #[test]
    fn metadata_have_16_kilobytes_at_most_and_too_much_changes_nothing() {
        let mut metadata = Metadata::default();
        let rest = 16_384 - r#"{"a":""}"#.len();
        assert!(merge(&mut metadata, json!({ "a": "x".repeat(rest) })).is_ok());
        let before = metadata.clone();
        assert_eq!(merge(&mut metadata, json!({ "b": 1 })), Err(UpdateMetadata::too_large()));
        assert_eq!(metadata, before);
        assert_eq!(merge(&mut metadata, json!({ "a": null, "b": 1 })), Ok(json!({ "b": 1 })));
    }
}
