//! What a hub still knows after a restart on the same data directory, and what ended with the process.

use std::sync::Arc;

use serde_json::{Value, json};

use super::stage::{Ears, QUEST_1, QUEST_2, Stage, body_of, device, tablet, with};
use super::support::{self, UNLIMITED};
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

/// Stops the hub and starts another one on what it left.
async fn restart(hub: Hub) -> Hub {
    let data = Arc::clone(&hub.data);
    hub.stop().await;
    Hub::start_on(data, &[UNLIMITED]).await
}

#[tokio::test]
async fn devices_names_and_history_are_there_and_locks_are_gone() {
    let mut stage = Stage::set(&[]).await;
    let report = json!({"batteryLevel": 0.5, "timestamp": 1_707_235_200_000_u64, "isRecording": true});
    stage.quest.ask("device-telemetry", json!([report])).await;
    support::post(&stage.hub, "/api/devices/QUEST_001/name", &json!({"customName": "Lab"})).await;
    support::post(&stage.hub, "/api/devices/QUEST_777/name", &json!({"customName": "To come"})).await;
    stage.tablet.ask("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    let history = body_of(&stage.hub, "/api/devices/QUEST_001/history").await;
    assert_eq!(history["count"], 1);

    let hub = restart(stage.hub).await;
    let offline = |id: &str| with(device(id), "isOnline", json!(false));
    let named = with(offline(QUEST_1), "telemetry", with(report, "customName", json!("Lab")));
    let devices = json!({"ok": true, "count": 2, "devices": [named, offline(QUEST_2)]});
    assert_eq!(body_of(&hub, "/api/devices").await, devices);
    assert_eq!(body_of(&hub, "/api/devices/QUEST_001/history").await, history);
    let summary = body_of(&hub, "/api/fleet/summary").await;
    assert_eq!((&summary["summary"]["recordingDevices"], &summary["summary"]["lockedDevices"]), (&json!(0), &json!(0)));

    // Another tablet takes what was locked, and the name of a device that nobody had seen shows.
    let (_quest, mut newcomer) = (support::headset(&hub, QUEST_1).await, support::headset(&hub, "QUEST_777").await);
    newcomer.ask("device-telemetry", json!([{}])).await;
    let seen = with(device("QUEST_777"), "telemetry", json!({"customName": "To come"}));
    assert_eq!(body_of(&hub, "/api/devices/QUEST_777").await, json!({"ok": true, "device": seen}));
    let mut other = tablet(&hub, 2).await;
    other.emit("tablet-lock-device", json!([QUEST_1])).await;
    other.hears("on-device-locked", json!([{"deviceId": QUEST_1}])).await;
    hub.stop().await;
}

#[tokio::test]
async fn sessions_go_on_and_ended_ones_stay_ended() {
    let mut stage = Stage::set(&[]).await;
    let ended = create(&mut stage.tablet, QUEST_1).await;
    stage.tablet.ask("tablet-end-session", json!([ended])).await;
    let active = create(&mut stage.tablet, QUEST_2).await;
    stage.tablet.ask("tablet-start-session", json!([active])).await;
    let before = whole(&stage.hub, "/api/sessions").await;
    let started_at = whole(&stage.hub, &format!("/api/sessions/{active}")).await["session"]["startedAt"].clone();

    let hub = restart(stage.hub).await;
    assert_eq!(whole(&hub, "/api/sessions").await, before);
    let mut quest = support::headset(&hub, QUEST_2).await;
    let mut back = tablet(&hub, 1).await;
    let (event, error) = ("tablet-start-session", json!([{"error": "Session already ended", "sessionId": ended}]));
    assert_eq!(back.ask(event, json!([ended])).await, error);
    assert_eq!(back.ask("tablet-get-active-session", json!([])).await[0]["sessionId"], json!(active));
    // The session knows when it started, and goes on.
    let resumed = json!([{"sessionId": active, "startedAt": started_at}]);
    assert_eq!(back.ask("tablet-start-session", json!([active])).await, resumed);
    quest.hears("on-tablet-start-recording", json!([])).await;
    back.ask("tablet-end-session", json!([active])).await;
    quest.hears("on-session-ended", json!([{"sessionId": "<session>"}])).await;

    let hub = restart(hub).await;
    let statuses: Vec<Value> = whole(&hub, "/api/sessions").await["sessions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|session| session["status"].clone())
        .collect();
    assert_eq!(statuses, ["completed", "completed"]);
    hub.stop().await;
}

/// Returns a body with its times and ids as they are.
async fn whole(hub: &Hub, path: &str) -> Value {
    serde_json::from_str(&support::get(hub, path).await.text).expect("a JSON body")
}

async fn create(tablet: &mut Client, id: &str) -> String {
    let answer = tablet.ask("tablet-create-session", json!([{"deviceIds": [id]}])).await;
    answer[0]["sessionId"].as_str().unwrap_or_else(|| panic!("no session in {answer}")).to_owned()
}

#[tokio::test]
async fn a_token_outlives_the_hub_that_gave_it() {
    let hub = support::start(&[]).await;
    let token = support::token(&hub, QUEST_1, "headset").await;
    let hub = restart(hub).await;
    let mut quest = Client::connect(hub.url("fleet"), json!({"token": token})).await;
    quest.emit("headset-identify", json!([QUEST_1])).await;
    quest.hears("on-headset-connected", json!([])).await;
    hub.stop().await;
}
