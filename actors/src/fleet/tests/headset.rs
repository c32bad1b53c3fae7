use hubbub_protocol::contract::Event;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::devices::{GetDevice, GetHistory, NameDevice};
use hubbub_protocol::fleet::headset::{Frame, Identify, ReportLogsProcessed, ReportRecording, ReportStatus, ReportTelemetry};
use hubbub_protocol::fleet::tablet::{ConnectHeadset, LockDevice};
use hubbub_protocol::wire::args::Args;
use serde_json::{Value, json};

use super::id;
use crate::fleet::harness::World;
use crate::kit::caller::Caller;

fn args(value: &Value) -> Args {
    Args::of(value)
}

fn telemetry(value: Value) -> ReportTelemetry {
    ReportTelemetry::decode(&args(&value)).expect("a report")
}

fn frame(text: &str) -> Frame {
    Frame::decode(&args(&json!(text))).expect("decodes")
}

async fn code(world: &World, caller: &Caller, frame: Frame) -> String {
    world.ask(caller, frame).await.map_or_else(|fault| fault.code, |()| "ok".to_owned())
}

#[actix::test]
async fn a_headset_registers_and_everyone_is_told() {
    let world = World::new();
    world.tablet("TABLET_01", "t1").await;
    let headset = world.connect(DeviceType::Headset, "QUEST_001", "h1").await;
    world.forget().await;
    world.ask(&headset, Identify { device_id: id("QUEST_001") }).await.expect("registered");
    let lock = json!({ "deviceId": "QUEST_001", "isLocked": false, "lockedByTabletId": null });
    let info = json!({ "deviceId": "QUEST_001", "isLocked": false, "lockedByTabletId": null, "customName": "" });
    assert_eq!(
        world.received("t1").await,
        [
            json!(["on-headsets-updated", ["QUEST_001"]]),
            json!(["on-headsets-with-lock-status-updated", [info]]),
            json!(["on-device-locks-updated", [lock]]),
        ]
    );
    assert_eq!(world.told("h1").await, [json!(["on-headset-connected"])]);
    world.ask(&headset, Identify { device_id: id("QUEST_001") }).await.expect("registered still");
    assert_eq!(world.received("h1").await, [json!(["on-headset-connected"])]);
}

#[actix::test]
async fn a_headset_can_only_be_the_device_of_its_token() {
    let world = World::new();
    let headset = world.connect(DeviceType::Headset, "QUEST_001", "h1").await;
    let fault = world.ask(&headset, Identify { device_id: id("QUEST_002") }).await.expect_err("refused");
    assert_eq!(fault.code, "INVALID_DEVICE_ID");
    let fault = world.ask(&headset, telemetry(json!({ "deviceId": "QUEST_002" }))).await.expect_err("refused");
    assert_eq!(fault.code, "INVALID_TELEMETRY");
    assert_eq!(
        world.ask(&headset, GetDevice { device_id: "QUEST_002".into() }).await.expect_err("unknown").message,
        "Device not found"
    );
}

#[actix::test]
async fn events_before_the_registration_are_refused_but_telemetry_registers() {
    let world = World::new();
    let headset = world.connect(DeviceType::Headset, "QUEST_001", "h1").await;
    assert_eq!(code(&world, &headset, frame("data:")).await, "NOT_IDENTIFIED");
    let refused = world.ask(&headset, ReportRecording { is_recording: true }).await.expect_err("not yet");
    assert_eq!(refused.code, "NOT_IDENTIFIED");
    world.forget().await;
    world.ask(&headset, telemetry(json!({ "batteryLevel": 0.5 }))).await.expect("registers");
    assert_eq!(world.told("h1").await, Vec::<Value>::new());
    assert_eq!(code(&world, &headset, frame("data:")).await, "ok");
    let device = world.get(GetDevice { device_id: "QUEST_001".into() }).await;
    assert_eq!((&device["device"]["isOnline"], &device["device"]["telemetry"]), (&json!(true), &json!({ "batteryLevel": 0.5 })));
}

#[actix::test]
async fn frames_go_to_the_room_without_the_headset_and_at_most_60_a_second() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, ConnectHeadset { device_id: id("QUEST_001") }).await.expect("paired");
    world.forget().await;
    for (text, after_ms) in [("one", 0), ("two", 5), ("three", 11)] {
        world.clock.advance(after_ms);
        assert_eq!(code(&world, &headset, frame(text)).await, "ok");
        let expected = if text == "two" { vec![] } else { vec![json!(["on-headset-frame-updated", text])] };
        assert_eq!(world.told("t1").await, expected);
    }
    assert_eq!(code(&world, &headset, Frame { data: None }).await, "INVALID_FRAME_DATA");
    assert_eq!(world.told("h1").await, Vec::<Value>::new());
    assert!(!world.is_closed("h1"));
}

#[actix::test]
async fn a_slow_viewer_sees_the_newest_frame() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    world.forget().await;
    for text in ["one", "two", "three"] {
        world.clock.advance(16);
        world.ask(&headset, frame(text)).await.expect("accepted");
    }
    assert_eq!(world.told("t1").await, [json!(["on-headset-frame-updated", "three"])]);
}

#[actix::test]
async fn status_recording_and_logs_go_to_the_whole_room() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    world.forget().await;
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    world.ask(&headset, ReportLogsProcessed {}).await.expect("taken");
    world.ask(&headset, ReportStatus { status: r#"{"fps":72}"#.into() }).await.expect("taken");
    let expected = [
        json!(["on-headset-recording-active"]),
        json!(["on-device-recording-changed", { "deviceId": "QUEST_001", "isRecording": true }]),
        json!(["on-headset-logs-processed"]),
        json!(["on-headset-status-updated", r#"{"fps":72}"#]),
    ];
    assert_eq!(world.told("t1").await, expected);
    assert_eq!(world.told("h1").await, expected);
}

#[actix::test]
async fn the_newest_socket_of_a_headset_wins() {
    let world = World::new();
    let old = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    world.headset("QUEST_001", "h2").await;
    assert!(world.is_closed("h1") && !world.is_closed("h2"));
    assert_eq!(world.ask(&old, telemetry(json!({}))).await.expect_err("superseded").code, "NOT_IDENTIFIED");
    world.disconnect(&old).await;
    assert_eq!(world.told("t1").await, Vec::<Value>::new());
    let device = world.get(GetDevice { device_id: "QUEST_001".into() }).await;
    assert_eq!(device["device"]["isOnline"], true);
    assert_eq!(device["device"]["lockedByTabletId"], "t1");
}

#[actix::test]
async fn a_headset_that_leaves_is_offline_and_its_holder_is_told() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    world.forget().await;
    world.disconnect(&headset).await;
    let expected = [json!(["on-headset-disconnected"]), json!(["on-device-disconnected", { "deviceId": "QUEST_001" }])];
    assert_eq!(world.told("t1").await, expected);
    let device = world.get(GetDevice { device_id: "QUEST_001".into() }).await;
    assert_eq!(
        device["device"],
        json!({
            "deviceId": "QUEST_001", "isOnline": false, "lastSeen": "2026-02-06T12:00:00.000Z",
            "connectionTime": "2026-02-06T12:00:00.000Z", "telemetry": null, "isLocked": false, "lockedByTabletId": null
        })
    );
    let locked = world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("an answer");
    assert_eq!(json!(locked), json!({ "deviceId": "QUEST_001", "reason": "Device not online" }));
}

#[actix::test]
async fn a_name_is_stored_also_before_the_device_appears() {
    let world = World::new();
    let name = |name: &str| NameDevice { device_id: "QUEST_001".into(), custom_name: json!(name) };
    assert_eq!(world.get(name("Lab Quest #1")).await, json!({ "ok": true, "customName": "Lab Quest #1" }));
    let unseen = world.ask(&Caller::anonymous(), GetDevice { device_id: "QUEST_001".into() }).await;
    assert_eq!(unseen.expect_err("not seen yet").message, "Device not found");
    let headset = world.headset("QUEST_001", "h1").await;
    world.ask(&headset, telemetry(json!({ "fps": 72.0 }))).await.expect("taken");
    let device = world.get(GetDevice { device_id: "QUEST_001".into() }).await;
    assert_eq!(device["device"]["telemetry"], json!({ "fps": 72, "customName": "Lab Quest #1" }));
    assert_eq!(world.get(name("")).await, json!({ "ok": true, "customName": "" }));
}

#[actix::test]
async fn history_has_a_point_at_once_and_none_for_strangers() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    world.ask(&headset, telemetry(json!({ "fps": 72 }))).await.expect("taken");
    world.ask(&headset, telemetry(json!({ "fps": 73 }))).await.expect("taken");
    let history = world.get(GetHistory { device_id: "QUEST_001".into() }).await;
    let point = json!({ "timestamp": 1_770_379_200_000_i64, "batteryLevel": null, "trackingConfidence": null, "fps": 72 });
    assert_eq!(history, json!({ "ok": true, "deviceId": "QUEST_001", "count": 1, "history": [point] }));
    let none = world.get(GetHistory { device_id: "no such thing".into() }).await;
    assert_eq!(none, json!({ "ok": true, "deviceId": "no such thing", "count": 0, "history": [] }));
}
