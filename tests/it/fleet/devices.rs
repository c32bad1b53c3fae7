//! `/api/devices*` and `/api/fleet/summary`: what REST clients see of headsets that connect, report, are locked and leave.

use serde_json::{Value, json};

use super::support::{body, check, check_refused, connect, get, headset, post, send, start};
use crate::harness::hub::Hub;

#[tokio::test]
async fn an_empty_fleet_is_shown_whole() {
    let hub = start(&[]).await;
    check(&hub, "/api/devices", json!({"ok": true, "count": 0, "devices": []})).await;
    let summary = json!({
        "totalDevices": 0, "onlineDevices": 0, "offlineDevices": 0, "recordingDevices": 0, "lowBatteryDevices": 0,
        "lockedDevices": 0, "avgBatteryLevel": 0, "totalProductiveTime": 0, "appVersions": [],
    });
    check(&hub, "/api/fleet/summary", json!({"ok": true, "summary": summary})).await;
    let history = json!({"ok": true, "deviceId": "QUEST_001", "count": 0, "history": []});
    check(&hub, "/api/devices/QUEST_001/history", history).await;
    for id in ["QUEST_001", "short", "QUEST%20001", "QUEST.0001", "%2e%2e%2fetc%2f"] {
        check_refused(&get(&hub, &format!("/api/devices/{id}")).await, 404, "Device not found");
    }
    check(&hub, "/api/devices", json!({"ok": true, "count": 0, "devices": []})).await;
    hub.stop().await;
}

#[tokio::test]
async fn devices_are_listed_by_id_with_seven_keys_each() {
    let hub = start(&[]).await;
    let mut second = headset(&hub, "QUEST_002").await;
    let _first = headset(&hub, "QUEST_001").await;
    second.ask("device-telemetry", json!([report()])).await;
    let devices = json!([device("QUEST_001", true, Value::Null, None), device("QUEST_002", true, report(), None)]);
    check(&hub, "/api/devices", json!({"ok": true, "count": 2, "devices": devices})).await;
    let detail = json!({"ok": true, "device": device("QUEST_002", true, report(), None)});
    check(&hub, "/api/devices/QUEST_002", detail).await;
    hub.stop().await;
}

#[tokio::test]
async fn reports_are_shown_as_sent_however_they_were_sent() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    let text = report().to_string();
    for sent in [report(), json!(text), json!(json!(text).to_string())] {
        client.ask("device-telemetry", json!([{"batteryLevel": 0.5}])).await;
        client.ask("device-telemetry", json!([sent])).await;
        check(&hub, "/api/devices/QUEST_001", json!({"ok": true, "device": device("QUEST_001", true, report(), None)})).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_lock_names_the_tablets_socket_and_ends_with_it() {
    let hub = start(&[]).await;
    let _headset = headset(&hub, "QUEST_001").await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    tablet.ask("tablet-lock-device", json!(["QUEST_001"])).await;
    let locked = json!({"ok": true, "device": device("QUEST_001", true, Value::Null, Some(&tablet.id))});
    check(&hub, "/api/devices/QUEST_001", locked).await;
    assert_eq!(summary(&hub).await["lockedDevices"], 1);
    tablet.ask("tablet-unlock-device", json!(["QUEST_001"])).await;
    let free = json!({"ok": true, "device": device("QUEST_001", true, Value::Null, None)});
    check(&hub, "/api/devices/QUEST_001", free).await;
    assert_eq!(summary(&hub).await["lockedDevices"], 0);
    hub.stop().await;
}

#[tokio::test]
async fn a_headset_that_left_is_still_listed() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    client.ask("device-telemetry", json!([report()])).await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    client.close().await;
    tablet.wait_until("on-headsets-updated", |args| *args == json!([[]])).await;
    let gone = device("QUEST_001", false, report(), None);
    check(&hub, "/api/devices", json!({"ok": true, "count": 1, "devices": [gone]})).await;
    check(&hub, "/api/devices/QUEST_001", json!({"ok": true, "device": gone})).await;
    let shown = summary(&hub).await;
    assert_eq!((&shown["totalDevices"], &shown["onlineDevices"], &shown["offlineDevices"]), (&json!(1), &json!(0), &json!(1)));
    hub.stop().await;
}

#[tokio::test]
async fn the_first_report_is_the_first_point_of_the_history() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    check(&hub, "/api/devices/QUEST_001/history", json!({"ok": true, "deviceId": "QUEST_001", "count": 0, "history": []})).await;
    client
        .ask("device-telemetry", json!([{"appVersion": "1.2.3", "batteryLevel": 0.85, "timestamp": 1_707_235_200_000_i64}]))
        .await;
    client.ask("device-telemetry", json!([report()])).await;
    let point =
        json!({"timestamp": 1_707_235_200_000_i64, "batteryLevel": 0.85, "trackingConfidence": null, "appVersion": "1.2.3"});
    let history = json!({"ok": true, "deviceId": "QUEST_001", "count": 1, "history": [point]});
    check(&hub, "/api/devices/QUEST_001/history", history).await;
    check(&hub, "/api/devices/short/history", json!({"ok": true, "deviceId": "short", "count": 0, "history": []})).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_report_without_a_time_gets_the_hubs() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    client.ask("device-telemetry", json!([{"batteryLevel": 1.0}])).await;
    let mut shown = body(&get(&hub, "/api/devices/QUEST_001/history").await);
    let timestamp = shown["history"][0]["timestamp"].take();
    assert!(timestamp.as_u64().is_some_and(|ms| ms > 1_700_000_000_000), "{timestamp} is no time in milliseconds");
    assert_eq!(shown["history"].to_string(), r#"[{"timestamp":null,"batteryLevel":1,"trackingConfidence":null}]"#);
    hub.stop().await;
}

#[tokio::test]
async fn names_are_echoed_shown_in_telemetry_and_cleared() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    client.ask("device-telemetry", json!([{"batteryLevel": 0.5}])).await;
    let mut dashboard = connect(&hub, "DASHBOARD_1", "dashboard").await;
    dashboard.ask("dashboard-subscribe", json!([])).await;
    let exact = "\u{e9}".repeat(100);
    for name in ["Lab Quest #1", exact.as_str()] {
        assert_eq!(
            rename(&hub, json!({"customName": name, "more": 1})).await,
            json!({"ok": true, "customName": name}).to_string()
        );
        let telemetry = json!({"batteryLevel": 0.5, "customName": name});
        check(&hub, "/api/devices/QUEST_001", json!({"ok": true, "device": device("QUEST_001", true, telemetry.clone(), None)}))
            .await;
        dashboard.wait_until("on-device-telemetry-updated", |args| args[0]["telemetry"] == telemetry).await;
    }
    for nothing in [json!({"customName": ""}), json!({})] {
        assert_eq!(rename(&hub, json!({"customName": "Lab"})).await, r#"{"ok":true,"customName":"Lab"}"#);
        assert_eq!(rename(&hub, nothing).await, r#"{"ok":true,"customName":""}"#);
        let plain = device("QUEST_001", true, json!({"batteryLevel": 0.5}), None);
        check(&hub, "/api/devices/QUEST_001", json!({"ok": true, "device": plain})).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_device_can_be_named_before_it_comes() {
    let hub = start(&[]).await;
    assert_eq!(rename(&hub, json!({"customName": "Early"})).await, r#"{"ok":true,"customName":"Early"}"#);
    check_refused(&get(&hub, "/api/devices/QUEST_001").await, 404, "Device not found");
    check(&hub, "/api/devices", json!({"ok": true, "count": 0, "devices": []})).await;
    let mut client = headset(&hub, "QUEST_001").await;
    client.ask("device-telemetry", json!([{"batteryLevel": 0.5}])).await;
    let telemetry = json!({"batteryLevel": 0.5, "customName": "Early"});
    check(&hub, "/api/devices/QUEST_001", json!({"ok": true, "device": device("QUEST_001", true, telemetry, None)})).await;
    hub.stop().await;
}

#[tokio::test]
async fn bad_names_and_ids_are_refused() {
    let hub = start(&[]).await;
    for name in [json!(null), json!(5), json!(["x"]), json!({}), json!("x".repeat(101))] {
        let answer = post(&hub, "/api/devices/QUEST_001/name", &json!({"customName": name})).await;
        check_refused(&answer, 400, "Invalid custom name (max 100 characters)");
    }
    for id in ["short", "QUEST%20001", &"x".repeat(65)] {
        let answer = post(&hub, &format!("/api/devices/{id}/name"), &json!({"customName": "Lab"})).await;
        check_refused(&answer, 400, "Invalid device ID");
    }
    check_refused(&send(&hub, "POST", "/api/devices/QUEST_001/name", &[], "{").await, 400, "Invalid JSON");
    hub.stop().await;
}

#[tokio::test]
async fn the_summary_counts_by_the_documents_rules() {
    let hub = start(&[]).await;
    let reports = [
        json!({"batteryLevel": 0.19, "productiveTime": 100, "appVersion": "1.2.4"}),
        json!({"batteryLevel": 0.20, "productiveTime": 50.5, "appVersion": "1.2.3"}),
        json!({"batteryLevel": 0.72, "appVersion": "1.2.4"}),
        json!({"appVersion": ""}),
    ];
    let mut headsets = Vec::new();
    for (number, report) in reports.into_iter().enumerate() {
        let mut client = headset(&hub, &format!("QUEST_00{number}")).await;
        client.ask("device-telemetry", json!([report])).await;
        headsets.push(client);
    }
    headsets[1].ask("headset-recording-state", json!([true])).await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    tablet.ask("tablet-lock-devices", json!([["QUEST_001", "QUEST_003"]])).await;
    headsets.remove(0).close().await;
    tablet.wait_until("on-headsets-updated", |args| args[0].as_array().is_some_and(|ids| ids.len() == 3)).await;
    let shown = summary(&hub).await;
    let average = shown["avgBatteryLevel"].as_f64().expect("a number");
    assert!((average - 0.37).abs() < 1e-9, "{average}");
    let expected = json!({
        "totalDevices": 4, "onlineDevices": 3, "offlineDevices": 1, "recordingDevices": 1, "lowBatteryDevices": 0,
        "lockedDevices": 2, "avgBatteryLevel": average, "totalProductiveTime": 150.5, "appVersions": ["1.2.3", "1.2.4"],
    });
    assert_eq!(shown.to_string(), expected.to_string());
    let _back = headset(&hub, "QUEST_000").await;
    assert_eq!(summary(&hub).await["lowBatteryDevices"], 1, "0.19 is low, 0.20 is not");
    hub.stop().await;
}

async fn summary(hub: &Hub) -> Value {
    body(&get(hub, "/api/fleet/summary").await)["summary"].take()
}

async fn rename(hub: &Hub, request: Value) -> String {
    let answer = post(hub, "/api/devices/QUEST_001/name", &request).await;
    body(&answer);
    answer.text
}

fn device(id: &str, is_online: bool, telemetry: Value, locked_by: Option<&str>) -> Value {
    json!({
        "deviceId": id, "isOnline": is_online, "lastSeen": "<time>", "connectionTime": "<time>", "telemetry": telemetry,
        "isLocked": locked_by.is_some(), "lockedByTabletId": locked_by,
    })
}

/// The document's example, with a key of its own.
fn report() -> Value {
    json!({
        "batteryLevel": 0.85, "batteryState": 2, "storageUsedBytes": 5_368_709_120_u64, "storageTotalBytes": 128_849_018_880_u64,
        "wifiSignalLevel": -45, "wifiSSID": "Lab-Network", "appVersion": "1.2.3", "osVersion": "62.0", "isRecording": false,
        "leftHandTracked": true, "rightHandTracked": true, "bodyTracked": true, "trackingConfidence": 0.95,
        "own": {"nested": [1, null, "\u{e9}"]},
    })
}
