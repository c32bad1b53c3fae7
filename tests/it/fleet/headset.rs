//! What a headset sends, and who hears of it.

use std::time::Instant;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::stage::{Ears, QUEST_1, QUEST_2, Stage, body_of, device, held, tablet, with};
use super::support;
use crate::harness::socket::Client;

const BAD_ID: [&str; 2] = ["INVALID_DEVICE_ID", "Invalid device ID"];
const STRANGER: [&str; 2] = ["NOT_IDENTIFIED", "Headset is not identified"];
const BAD_FRAME: [&str; 2] = ["INVALID_FRAME_DATA", "Frame must be a string of at most 1048576 characters"];
const BAD_STATUS: [&str; 2] = ["INVALID_STATUS_DATA", "Status must be a JSON string of at most 10240 characters"];
const BAD_TELEMETRY: [&str; 2] = ["INVALID_TELEMETRY", "Telemetry must be a JSON object of at most 64 KB"];
const FOREIGN: [&str; 2] = ["INVALID_TELEMETRY", "Telemetry belongs to another device"];
const BAD_RECORDING: [&str; 2] = ["INVALID_INPUT", "Recording state must be a boolean"];

#[tokio::test]
async fn a_headset_identifies_and_its_room_hears_of_it() {
    let hub = support::start(&[]).await;
    let (mut watcher, mut stranger) = (tablet(&hub, 1).await, tablet(&hub, 2).await);
    assert_eq!(watcher.ask("tablet-connect-headset", json!([QUEST_1])).await, json!([]));
    let mut dashboard = support::connect(&hub, "DASHBOARD_1", "dashboard").await;
    dashboard.emit("dashboard-subscribe", json!([])).await;
    dashboard.hears("on-fleet-status-updated", json!([[]])).await;
    let mut quest = support::connect(&hub, QUEST_1, "headset").await;
    for _ in 0..2 {
        quest.emit("headset-identify", json!([QUEST_1])).await;
        quest.hears("on-headset-connected", json!([])).await;
        watcher.hears("on-headset-connected", json!([])).await;
    }
    dashboard.hears("on-device-telemetry-updated", json!([device(QUEST_1)])).await;
    for client in [&mut quest, &mut watcher, &mut stranger, &mut dashboard] {
        client.is_silent().await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_headset_is_nobody_but_the_device_of_its_token() {
    let hub = support::start(&[]).await;
    let mut quest = support::connect(&hub, QUEST_1, "headset").await;
    let [code, message] = BAD_ID;
    for wrong in [json!([QUEST_2]), json!(["short"]), json!([7]), json!([null]), json!([{"deviceId": QUEST_1}]), json!([])] {
        quest.is_refused("headset-identify", wrong, code, message).await;
    }
    let [code, message] = FOREIGN;
    for foreign in [json!([{"deviceId": QUEST_2}]), json!([{"deviceId": null}]), json!([r#"{"deviceId":"QUEST_002"}"#])] {
        quest.is_refused("device-telemetry", foreign, code, message).await;
    }
    assert_eq!(body_of(&hub, "/api/devices").await, json!({"ok": true, "count": 0, "devices": []}));
    hub.stop().await;
}

#[tokio::test]
async fn a_headset_that_did_not_identify_is_told_so() {
    let hub = support::start(&[]).await;
    let mut quest = support::connect(&hub, QUEST_1, "headset").await;
    let [code, message] = STRANGER;
    for (event, args) in [
        ("headset-frame", json!(["data:image/jpeg;base64,"])),
        ("headset-status", json!(["{}"])),
        ("headset-recording-state", json!([true])),
        ("headset-logs-processed", json!([])),
    ] {
        quest.is_refused(event, args, code, message).await;
    }
    quest.is_silent().await;
    hub.stop().await;
}

#[tokio::test]
async fn malformed_payloads_are_answered_with_their_codes() {
    let hub = support::start(&[]).await;
    let mut quest = support::headset(&hub, QUEST_1).await;
    let long = |length: usize| "x".repeat(length);
    let rows: Vec<(&str, Value, [&str; 2])> = vec![
        ("headset-frame", json!([]), BAD_FRAME),
        ("headset-frame", json!([null]), BAD_FRAME),
        ("headset-frame", json!([1]), BAD_FRAME),
        ("headset-frame", json!([["data:"]]), BAD_FRAME),
        ("headset-frame", json!([long(1_048_577)]), BAD_FRAME),
        ("headset-status", json!([]), BAD_STATUS),
        ("headset-status", json!([72]), BAD_STATUS),
        ("headset-status", json!([["a"]]), BAD_STATUS),
        ("headset-status", json!([long(10_241)]), BAD_STATUS),
        ("headset-status", json!([{"text": long(10_240)}]), BAD_STATUS),
        ("device-telemetry", json!([]), BAD_TELEMETRY),
        ("device-telemetry", json!([[1]]), BAD_TELEMETRY),
        ("device-telemetry", json!(["no json"]), BAD_TELEMETRY),
        ("device-telemetry", json!(["[]"]), BAD_TELEMETRY),
        ("device-telemetry", json!([{"text": long(65_536)}]), BAD_TELEMETRY),
        ("headset-recording-state", json!([]), BAD_RECORDING),
        ("headset-recording-state", json!(["true"]), BAD_RECORDING),
        ("headset-recording-state", json!([1]), BAD_RECORDING),
    ];
    for (event, args, [code, message]) in rows {
        quest.is_refused(event, args, code, message).await;
    }
    quest.is_silent().await;
    hub.stop().await;
}

#[tokio::test]
async fn the_room_of_a_headset_hears_its_status_logs_and_recording() {
    let mut stage = Stage::set(&[]).await;
    stage.dashboard.ask("dashboard-subscribe", json!([])).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    let by_tablet = held(device(QUEST_1), &stage.tablet);
    stage.dashboard.hears("on-device-telemetry-updated", json!([by_tablet])).await;

    for (sent, told) in [
        (json!([r#"{"fps": 72,  "tracking":"active"}"#]), json!([r#"{"fps": 72,  "tracking":"active"}"#])),
        (json!([{"fps": 72, "tracking": "active"}]), json!([r#"{"fps":72,"tracking":"active"}"#])),
        (json!(["x".repeat(10_240)]), json!(["x".repeat(10_240)])),
    ] {
        stage.quest.emit("headset-status", sent).await;
        stage.quest.hears("on-headset-status-updated", told.clone()).await;
        stage.tablet.hears("on-headset-status-updated", told).await;
    }
    stage.quest.emit("headset-logs-processed", json!(["anything", 1])).await;
    stage.quest.hears("on-headset-logs-processed", json!([])).await;
    stage.tablet.hears("on-headset-logs-processed", json!([])).await;

    for (is_recording, event) in
        [(true, "on-headset-recording-active"), (true, "on-headset-recording-active"), (false, "on-headset-recording-inactive")]
    {
        stage.quest.emit("headset-recording-state", json!([is_recording])).await;
        let changed = json!([{"deviceId": QUEST_1, "isRecording": is_recording}]);
        for client in [&mut stage.quest, &mut stage.tablet] {
            client.hears(event, json!([])).await;
            client.hears("on-device-recording-changed", changed.clone()).await;
        }
        stage.dashboard.hears("on-device-recording-changed", changed).await;
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn whoever_is_in_the_room_and_watches_the_fleet_hears_a_recording_once() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("dashboard-subscribe", json!([])).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    stage.quest.emit("headset-recording-state", json!([true])).await;
    let changed = json!([{"deviceId": QUEST_1, "isRecording": true}]);
    stage.tablet.sees("on-device-recording-changed", changed).await;
    let locked = held(device(QUEST_1), &stage.tablet);
    let mut rest = Vec::new();
    stage.tablet.emit("tablet-get-recording-status", json!([QUEST_1])).await;
    loop {
        let (name, args) = stage.tablet.next_word().await;
        match name.as_str() {
            "on-device-telemetry-updated" => assert_eq!(support::redact(args), json!([locked])),
            "on-recording-active" => break,
            _ => rest.push(name),
        }
    }
    assert!(rest.is_empty(), "heard {rest:?} as well");
    stage.hub.stop().await;
}

#[tokio::test]
async fn telemetry_is_taken_as_an_object_as_text_and_as_text_of_text() {
    let mut stage = Stage::set(&[]).await;
    stage.dashboard.ask("dashboard-subscribe", json!([])).await;
    let report =
        |number: u32| json!({"deviceId": QUEST_1, "batteryLevel": 0.85, "wifiSSID": "Lab-Network", "extra": {"n": number}});
    let text = |value: Value| json!(value.to_string());
    for (number, sent) in [(1, report(1)), (2, text(report(2))), (3, text(text(report(3))))] {
        stage.quest.emit("device-telemetry", json!([sent])).await;
        let told = with(device(QUEST_1), "telemetry", report(number));
        stage.dashboard.hears("on-device-telemetry-updated", json!([told])).await;
    }
    let name = support::post(&stage.hub, "/api/devices/QUEST_001/name", &json!({"customName": "Lab Quest #1"})).await;
    assert_eq!(name.line(), r#"200 {"ok":true,"customName":"Lab Quest #1"}"#);
    let named = with(device(QUEST_1), "telemetry", with(report(3), "customName", json!("Lab Quest #1")));
    stage.dashboard.hears("on-device-telemetry-updated", json!([named])).await;
    let detail = body_of(&stage.hub, "/api/devices/QUEST_001").await;
    assert_eq!(detail, json!({"ok": true, "device": named}));
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn the_first_report_starts_the_history() {
    let mut stage = Stage::set(&[]).await;
    for level in [0.95, 0.5] {
        let report = json!({"appVersion": "1.2.3", "batteryLevel": level, "timestamp": 1_707_235_200_000_u64});
        stage.quest.ask("device-telemetry", json!([report])).await;
    }
    let history = support::get(&stage.hub, "/api/devices/QUEST_001/history").await;
    let point = r#"{"timestamp":1707235200000,"batteryLevel":0.95,"trackingConfidence":null,"appVersion":"1.2.3"}"#;
    let expected = format!(r#"200 {{"ok":true,"deviceId":"QUEST_001","count":1,"history":[{point}]}}"#);
    assert_eq!(history.line(), expected);
    stage.hub.stop().await;
}

#[tokio::test]
async fn telemetry_also_says_whether_a_headset_records() {
    let mut stage = Stage::set(&[]).await;
    for (is_recording, answer) in [(true, "on-recording-active"), (false, "on-recording-inactive")] {
        stage.quest.ask("device-telemetry", json!([{"isRecording": is_recording}])).await;
        stage.tablet.emit("tablet-get-recording-status", json!([QUEST_1])).await;
        stage.tablet.hears(answer, json!([])).await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn telemetry_before_identification_registers_without_a_word() {
    let hub = support::start(&[]).await;
    let mut watcher = tablet(&hub, 1).await;
    watcher.ask("tablet-connect-headset", json!([QUEST_1])).await;
    let mut quest = support::connect(&hub, QUEST_1, "headset").await;
    quest.ask("device-telemetry", json!([{"batteryLevel": 0.5}])).await;
    for client in [&mut quest, &mut watcher] {
        client.is_silent().await;
    }
    let seen = with(device(QUEST_1), "telemetry", json!({"batteryLevel": 0.5}));
    assert_eq!(body_of(&hub, "/api/devices/QUEST_001").await, json!({"ok": true, "device": seen}));
    quest.emit("headset-logs-processed", json!([])).await;
    for client in [&mut quest, &mut watcher] {
        client.hears("on-headset-logs-processed", json!([])).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn frames_reach_the_viewers_verbatim_and_not_the_camera() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    // Escapes are valid JSON that a parser would rewrite.
    let frame = r#"["headset-frame","data:image\/jpeg;base64,\u0041/9j/"]"#;
    stage.quest.raw().send(&format!("42{frame}")).await;
    loop {
        let packet = stage.tablet.raw().packet().await;
        if packet.contains("frame") {
            assert_eq!(packet, r#"42["on-headset-frame-updated","data:image\/jpeg;base64,\u0041/9j/"]"#);
            break;
        }
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn an_oversized_frame_is_refused_and_the_connection_stays() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    let [code, message] = BAD_FRAME;
    stage.quest.is_refused("headset-frame", json!(["x".repeat(1_048_577)]), code, message).await;
    let largest = "x".repeat(1_048_576);
    stage.quest.emit("headset-frame", json!([largest])).await;
    stage.tablet.hears("on-headset-frame-updated", json!([largest])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn frames_that_come_too_soon_are_dropped() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    let started = Instant::now();
    for number in 0..50 {
        feed(&mut stage.quest, &format!(r#"42["headset-frame","{number:02}"]"#)).await;
    }
    stage.quest.is_silent().await;
    let at_most = 2 + started.elapsed().as_millis() / 16;
    let mut seen = Vec::new();
    for round in 0..2 {
        stage.tablet.emit("tablet-get-recording-status", json!([QUEST_1])).await;
        loop {
            let (name, args) = stage.tablet.next_word().await;
            if name == "on-recording-inactive" {
                break;
            }
            assert_eq!(name, "on-headset-frame-updated", "in round {round}");
            seen.push(args[0].as_str().expect("a frame").to_owned());
        }
    }
    assert!(!seen.is_empty() && seen.is_sorted(), "{seen:?}");
    assert!(seen.len() as u128 <= at_most, "{} frames where {at_most} fit", seen.len());
    stage.hub.stop().await;
}

async fn feed(client: &mut Client, packet: &str) {
    client.raw().0.feed(Message::text(packet)).await.expect("the hub takes the frame");
}

#[tokio::test]
async fn the_newest_socket_of_a_headset_wins_without_a_disconnect() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    stage.quest.ask("headset-recording-state", json!([true])).await;
    stage.tablet.sees("on-device-recording-changed", json!([{"deviceId": QUEST_1, "isRecording": true}])).await;
    let mut newer = support::headset(&stage.hub, QUEST_1).await;
    stage.quest.closed().await;
    stage.tablet.hears("on-headset-connected", json!([])).await;
    stage.tablet.emit("tablet-start-recording", json!([QUEST_1])).await;
    newer.hears("on-tablet-start-recording", json!([])).await;
    for client in [&mut newer, &mut stage.tablet, &mut stage.other_tablet, &mut stage.dashboard] {
        client.is_silent().await;
    }
    stage.tablet.emit("tablet-get-recording-status", json!([QUEST_1])).await;
    stage.tablet.hears("on-recording-active", json!([])).await;
    let expected = json!({"ok": true, "device": held(device(QUEST_1), &stage.tablet)});
    assert_eq!(body_of(&stage.hub, "/api/devices/QUEST_001").await, expected);
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_lost_headset_is_free_and_its_room_and_holder_hear_of_it() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    stage.other_tablet.ask("tablet-connect-headset", json!([QUEST_1])).await;
    stage.quest.ask("device-telemetry", json!([{"batteryLevel": 0.5, "isRecording": true}])).await;
    stage.dashboard.ask("dashboard-subscribe", json!([])).await;
    stage.quest.close().await;
    stage.tablet.hears("on-headset-disconnected", json!([])).await;
    stage.tablet.hears("on-device-disconnected", json!([{"deviceId": QUEST_1}])).await;
    stage.other_tablet.hears("on-headset-disconnected", json!([])).await;
    let gone =
        with(with(device(QUEST_1), "isOnline", json!(false)), "telemetry", json!({"batteryLevel": 0.5, "isRecording": true}));
    stage.dashboard.hears("on-device-telemetry-updated", json!([gone])).await;
    let lost = json!([{"deviceId": QUEST_1, "reason": "Device not online"}]);
    stage.tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
    stage.tablet.hears("on-device-lock-failed", lost).await;
    let summary = body_of(&stage.hub, "/api/fleet/summary").await;
    assert_eq!((&summary["summary"]["recordingDevices"], &summary["summary"]["lockedDevices"]), (&json!(0), &json!(0)));
    for client in [&mut stage.other_quest, &mut stage.tablet, &mut stage.other_tablet, &mut stage.dashboard] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}
