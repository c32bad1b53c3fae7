//! A stage for the fleet's events: who is on it, what they hear apart from the lists that everyone is told, and that they hear
//! nothing.

use serde_json::{Value, json};

use super::support;
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

/// Told to everyone at any moment; tests of other events pass them over.
pub const LISTS: [&str; 3] = ["on-headsets-updated", "on-headsets-with-lock-status-updated", "on-device-locks-updated"];
/// Two headsets.
pub const QUEST_1: &str = "QUEST_001";
/// The other.
pub const QUEST_2: &str = "QUEST_002";
/// Nobody ever connects as this device.
pub const NOBODY: &str = "QUEST_999";

/// A fleet with everyone that most tests need.
pub struct Stage {
    pub hub: Hub,
    pub quest: Client,
    pub other_quest: Client,
    pub tablet: Client,
    pub other_tablet: Client,
    pub dashboard: Client,
}

impl Stage {
    /// Connects two identified headsets, two tablets, and a dashboard that has not subscribed.
    pub async fn set(settings: &[(&str, &str)]) -> Self {
        let hub = support::start(settings).await;
        let (quest, other_quest) = (support::headset(&hub, QUEST_1).await, support::headset(&hub, QUEST_2).await);
        let (tablet, other_tablet) = (tablet(&hub, 1).await, tablet(&hub, 2).await);
        let dashboard = support::connect(&hub, "DASHBOARD_1", "dashboard").await;
        Self { hub, quest, other_quest, tablet, other_tablet, dashboard }
    }

    /// Asserts that everyone has heard what a test expected, and nothing beyond it.
    pub async fn is_silent(&mut self) {
        let clients = [&mut self.quest, &mut self.other_quest, &mut self.tablet, &mut self.other_tablet, &mut self.dashboard];
        for client in clients {
            client.is_silent().await;
        }
    }
}

/// Returns the body of a good answer to a GET request, redacted.
pub async fn body_of(hub: &Hub, path: &str) -> Value {
    support::redact(support::body(&support::get(hub, path).await))
}

/// Connects the tablet of this number.
pub async fn tablet(hub: &Hub, number: u32) -> Client {
    support::connect(hub, &format!("TABLET_{number:03}"), "tablet").await
}

/// What a test listens for.
pub trait Ears {
    /// Returns the next event that is no list.
    async fn next_word(&mut self) -> (String, Value);
    /// Asserts the next event that is no list, its arguments redacted.
    async fn hears(&mut self, name: &str, args: Value);
    /// Waits for an event with exactly these arguments; others before it are passed over.
    async fn sees(&mut self, name: &str, args: Value);
    /// Asserts that nothing but lists has come: asks, and the answer is the next event.
    async fn is_silent(&mut self);
    /// Emits, and asserts the error that follows.
    async fn is_refused(&mut self, name: &str, args: Value, code: &str, message: &str);
}

impl Ears for Client {
    async fn next_word(&mut self) -> (String, Value) {
        loop {
            let (name, args) = self.next().await;
            if !LISTS.contains(&name.as_str()) {
                return (name, args);
            }
        }
    }

    async fn hears(&mut self, name: &str, args: Value) {
        let (heard, with) = self.next_word().await;
        // As text, so that the order of keys counts.
        assert_eq!((heard.as_str(), support::redact(with).to_string()), (name, args.to_string()));
    }

    async fn sees(&mut self, name: &str, args: Value) {
        self.wait_until(name, |seen| support::redact(seen.clone()) == args).await;
    }

    async fn is_silent(&mut self) {
        // The second answer comes after what the first one may have overtaken: frames, statuses and device states give way.
        for _ in 0..2 {
            self.emit("tablet-get-recording-status", json!([NOBODY])).await;
            let (name, args) = self.next_word().await;
            let is_answer = name == "on-recording-inactive" || args[0]["message"] == "This token may not send this event";
            assert!(is_answer, "heard `{name}` with {args}");
        }
    }

    async fn is_refused(&mut self, name: &str, args: Value, code: &str, message: &str) {
        self.emit(name, args.clone()).await;
        let (heard, with) = self.next_word().await;
        assert_eq!((heard.as_str(), with), ("error", json!([{"code": code, "message": message}])), "`{name}` with {args}");
    }
}

/// A device as everyone sees it: online, free, without telemetry.
pub fn device(id: &str) -> Value {
    json!({
        "deviceId": id, "isOnline": true, "lastSeen": "<time>", "connectionTime": "<time>", "telemetry": null,
        "isLocked": false, "lockedByTabletId": null
    })
}

/// The same device, held by the tablet with this socket.
pub fn held(device: Value, by: &Client) -> Value {
    with(with(device, "isLocked", json!(true)), "lockedByTabletId", json!(by.id))
}

/// The same object with another value.
pub fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

/// A line of `on-device-locks-updated`.
pub fn lock(id: &str, by: Option<&Client>) -> Value {
    json!({"deviceId": id, "isLocked": by.is_some(), "lockedByTabletId": by.map(|client| client.id.clone())})
}

/// A line of `on-headsets-with-lock-status-updated`.
pub fn headset(id: &str, by: Option<&Client>, name: &str) -> Value {
    with(lock(id, by), "customName", json!(name))
}
