//! `/api/sessions*`: capture sessions as REST clients see them, from creation to end.

use serde_json::{Value, json};

use super::support::{check, check_refused, connect, get, headset, is_session, redact, start};
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

#[tokio::test]
async fn there_are_no_sessions_at_first() {
    let hub = start(&[]).await;
    check(&hub, "/api/sessions", json!({"ok": true, "count": 0, "sessions": []})).await;
    for id in ["session_1707235200000_abc123", "anything", "session_1_x", "a%2Fb"] {
        check_refused(&get(&hub, &format!("/api/sessions/{id}")).await, 404, "Session not found");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_session_is_shown_in_every_state() {
    let hub = start(&[]).await;
    let (mut one, mut other) = (headset(&hub, "QUEST_001").await, headset(&hub, "QUEST_002").await);
    one.ask("device-telemetry", json!([{"batteryLevel": 0.85}])).await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    let metadata = json!({"participantName": "John Doe", "studyId": "STUDY_001", "own": [1]});
    let id = create(&mut tablet, json!({"deviceIds": ["QUEST_002", "QUEST_001"], "metadata": metadata})).await;
    let is_idle = [part("QUEST_002", false, Value::Null), part("QUEST_001", false, json!({"batteryLevel": 0.85}))];
    let moments = [Value::Null, Value::Null];
    check_session(&hub, &id, "pending", &is_idle, &moments, &metadata).await;

    tablet.ask("tablet-start-session", json!([id])).await;
    one.ask("headset-recording-state", json!([true])).await;
    other.ask("headset-recording-state", json!([true])).await;
    let is_recording = [part("QUEST_002", true, Value::Null), part("QUEST_001", true, json!({"batteryLevel": 0.85}))];
    let moments = [json!("<time>"), Value::Null];
    check_session(&hub, &id, "recording", &is_recording, &moments, &metadata).await;

    tablet.ask("tablet-pause-session", json!([id])).await;
    one.ask("headset-recording-state", json!([false])).await;
    other.ask("headset-recording-state", json!([false])).await;
    check_session(&hub, &id, "paused", &is_idle, &moments, &metadata).await;

    tablet.ask("tablet-end-session", json!([id])).await;
    check_session(&hub, &id, "completed", &is_idle, &[json!("<time>"), json!("<time>")], &metadata).await;
    hub.stop().await;
}

#[tokio::test]
async fn sessions_are_listed_as_they_were_created() {
    let hub = start(&[]).await;
    let _headsets = [headset(&hub, "QUEST_001").await, headset(&hub, "QUEST_002").await];
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    let first = create(&mut tablet, json!({"deviceIds": ["QUEST_001"]})).await;
    tablet.ask("tablet-end-session", json!([first])).await;
    let second = create(&mut tablet, json!({"deviceIds": ["QUEST_002", "QUEST_001"], "metadata": {}})).await;
    assert_ne!(first, second);
    let listed = json!([
        {"sessionId": first, "status": "completed", "deviceCount": 1, "createdAt": "<time>", "startedAt": null, "endedAt": "<time>"},
        {"sessionId": second, "status": "pending", "deviceCount": 2, "createdAt": "<time>", "startedAt": null, "endedAt": null},
    ]);
    check(&hub, "/api/sessions", redact(json!({"ok": true, "count": 2, "sessions": listed}))).await;
    let none = [Value::Null, json!("<time>")];
    let text = get(&hub, "/api/sessions").await.text;
    assert!(text.find(&first) < text.find(&second), "{text}");
    let detail = session("completed", &[part("QUEST_001", false, Value::Null)], &none, &json!({}));
    check(&hub, &format!("/api/sessions/{first}"), json!({"ok": true, "session": detail})).await;
    hub.stop().await;
}

#[tokio::test]
async fn frames_are_those_of_the_last_report() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    let id = create(&mut tablet, json!({"deviceIds": ["QUEST_001"]})).await;
    tablet.ask("tablet-start-session", json!([id])).await;
    let report = json!({"isRecording": true, "frameCount": 5400});
    client.ask("device-telemetry", json!([report])).await;
    let mut status = part("QUEST_001", true, report);
    status["frameCount"] = json!(5400);
    check_session(&hub, &id, "recording", &[status], &[json!("<time>"), Value::Null], &json!({})).await;
    hub.stop().await;
}

/// Creates a session and returns its id, which is well formed.
async fn create(tablet: &mut Client, request: Value) -> String {
    let answer = tablet.ask("tablet-create-session", json!([request])).await;
    let id = answer[0]["sessionId"].as_str().unwrap_or_else(|| panic!("no session in {answer}"));
    assert!(is_session(id), "{id}");
    id.to_owned()
}

/// Checks a session in the list, where it is alone, and in detail.
async fn check_session(hub: &Hub, id: &str, status: &str, parts: &[Value], moments: &[Value; 2], metadata: &Value) {
    let [started, ended] = moments;
    let line = json!({
        "sessionId": "<session>", "status": status, "deviceCount": parts.len(), "createdAt": "<time>",
        "startedAt": started, "endedAt": ended,
    });
    check(hub, "/api/sessions", json!({"ok": true, "count": 1, "sessions": [line]})).await;
    let detail = session(status, parts, moments, metadata);
    check(hub, &format!("/api/sessions/{id}"), json!({"ok": true, "session": detail})).await;
}

fn session(status: &str, parts: &[Value], [started, ended]: &[Value; 2], metadata: &Value) -> Value {
    let ids: Vec<&Value> = parts.iter().map(|part| &part["deviceId"]).collect();
    json!({
        "sessionId": "<session>", "status": status, "deviceIds": ids, "deviceStatuses": parts, "createdAt": "<time>",
        "startedAt": started, "endedAt": ended, "metadata": metadata,
    })
}

fn part(id: &str, is_recording: bool, info: Value) -> Value {
    json!({
        "deviceId": id, "isRecording": is_recording, "frameCount": 0, "uploadProgress": 0, "uploadStatus": "pending",
        "deviceInfo": info,
    })
}
