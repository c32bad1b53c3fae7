use std::time::Duration;

use hubbub_protocol::fleet::Telemetry;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::dashboard::{Subscribe, Unsubscribe};
use hubbub_protocol::fleet::devices::{ListDevices, NameDevice, SummariseFleet};
use hubbub_protocol::fleet::headset::{ReportRecording, ReportTelemetry};
use hubbub_protocol::fleet::tablet::{LockDevice, UnlockDevice};
use serde_json::{Value, json};

use super::id;
use crate::fleet::harness::World;

fn report(value: Value) -> ReportTelemetry {
    ReportTelemetry { telemetry: Telemetry::read(value).expect("a report") }
}

#[actix::test]
async fn a_new_socket_is_told_the_three_lists() {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    world.connect(DeviceType::Dashboard, "DASHBOARD_1", "d1").await;
    let names: Vec<Value> = world.received("d1").await.iter().map(|event| event[0].clone()).collect();
    assert_eq!(names, ["on-headsets-updated", "on-headsets-with-lock-status-updated", "on-device-locks-updated"]);
}

#[actix::test]
async fn lists_are_told_at_most_ten_times_a_second_and_the_last_state_always() {
    tokio::time::pause();
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.forget().await;
    for _ in 0..5 {
        world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
        world.ask(&tablet, UnlockDevice { device_id: id("QUEST_001") }).await.expect("unlocked");
    }
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    tokio::time::sleep(Duration::from_millis(101)).await;
    let locks: Vec<Value> = world
        .received("h1")
        .await
        .into_iter()
        .filter(|event| event[0] == "on-device-locks-updated")
        .map(|event| event[1].clone())
        .collect();
    let locked = json!([{ "deviceId": "QUEST_001", "isLocked": true, "lockedByTabletId": "t1" }]);
    assert_eq!(locks, [locked.clone(), locked]);
}

#[actix::test]
async fn a_subscriber_gets_the_whole_fleet_and_then_every_change() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let dashboard = world.connect(DeviceType::Dashboard, "DASHBOARD_1", "d1").await;
    world.forget().await;
    let ack = json!(world.ask(&dashboard, Subscribe {}).await.expect("subscribed"));
    let device = |telemetry: Value| {
        json!({
            "deviceId": "QUEST_001", "isOnline": true, "lastSeen": "2026-02-06T12:00:00.000Z",
            "connectionTime": "2026-02-06T12:00:00.000Z", "telemetry": telemetry, "isLocked": false, "lockedByTabletId": null
        })
    };
    assert_eq!(ack, json!([device(Value::Null)]));
    assert_eq!(world.told("d1").await, [json!(["on-fleet-status-updated", ack])]);
    world.ask(&headset, report(json!({ "batteryLevel": 0.5 }))).await.expect("taken");
    assert_eq!(world.told("d1").await, [json!(["on-device-telemetry-updated", device(json!({ "batteryLevel": 0.5 }))])]);
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    assert_eq!(
        world.told("d1").await,
        [json!(["on-device-recording-changed", { "deviceId": "QUEST_001", "isRecording": true }])]
    );
    world.disconnect(&headset).await;
    assert_eq!(world.told("d1").await[0][1]["isOnline"], false);
    world.ask(&dashboard, Unsubscribe {}).await.expect("unsubscribed");
    world.get(NameDevice { device_id: "QUEST_001".into(), custom_name: json!("Lab") }).await;
    assert_eq!(world.told("d1").await, Vec::<Value>::new());
}

#[actix::test]
async fn a_tablet_that_holds_a_headset_and_watches_the_fleet_hears_of_its_recording_once() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    world.ask(&tablet, Subscribe {}).await.expect("subscribed");
    world.forget().await;
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    let changed = json!(["on-device-recording-changed", { "deviceId": "QUEST_001", "isRecording": true }]);
    assert_eq!(world.told("t1").await, [json!(["on-headset-recording-active"]), changed]);
}

#[actix::test]
async fn a_rename_is_told_to_everyone_and_to_dashboards() {
    tokio::time::pause();
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, Subscribe {}).await.expect("a tablet may watch");
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.forget().await;
    world.get(NameDevice { device_id: "QUEST_001".into(), custom_name: json!("Lab Quest #1") }).await;
    let names: Vec<Value> = world.received("t1").await.iter().map(|event| event[0].clone()).collect();
    assert_eq!(names, ["on-headsets-with-lock-status-updated", "on-device-telemetry-updated"]);
}

#[actix::test]
async fn an_answer_is_never_ahead_of_the_rest_lists() {
    let world = World::new();
    world.headset("QUEST_002", "h2").await;
    world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    for _ in 0..20 {
        world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
        let devices = world.get(ListDevices {}).await;
        assert_eq!((&devices["count"], &devices["devices"][0]["lockedByTabletId"]), (&json!(2), &json!("t1")));
        world.ask(&tablet, UnlockDevice { device_id: id("QUEST_001") }).await.expect("unlocked");
        assert_eq!(world.get(SummariseFleet {}).await["summary"]["lockedDevices"], 0);
    }
}

#[actix::test]
async fn offline_devices_are_forgotten_after_a_week_in_the_store_too() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    world.ask(&headset, report(json!({}))).await.expect("taken");
    world.disconnect(&headset).await;
    assert_eq!(world.get(ListDevices {}).await["count"], 1);
    world.clock.advance(7 * 24 * 60 * 60 * 1000);
    assert_eq!(world.get(ListDevices {}).await["count"], 0);
    world.deps.stop_all().await;
    assert_eq!(world.store.ids("fleet.device"), Vec::<String>::new());
    assert_eq!(world.store.ids("fleet.history"), Vec::<String>::new());
}
