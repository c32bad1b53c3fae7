//! Capture sessions as tablets drive them over their sockets.

use serde_json::{Value, json};

use super::stage::{Ears, NOBODY, QUEST_1, QUEST_2, Stage, body_of, device, held, tablet, with};
use super::support;
use crate::harness::socket::Client;

const SESSION: &str = "<session>";
const UNKNOWN: &str = "session_1707235200000_abc123";
/// Events that want a session's id, and what answers them when all is well.
const DRIVING: [&str; 3] = ["tablet-start-session", "tablet-pause-session", "tablet-end-session"];

/// Creates a session and returns its id as it is.
async fn create(tablet: &mut Client, ids: &[&str]) -> String {
    let answer = tablet.ask("tablet-create-session", json!([{"deviceIds": ids}])).await;
    answer[0]["sessionId"].as_str().unwrap_or_else(|| panic!("no session in {answer}")).to_owned()
}

/// A session of two headsets as everyone sees it before it starts.
fn pending() -> Value {
    let part = |id: &str| {
        json!({
            "deviceId": id, "isRecording": false, "frameCount": 0, "uploadProgress": 0, "uploadStatus": "pending", "deviceInfo": null
        })
    };
    json!({
        "sessionId": SESSION, "status": "pending", "deviceIds": [QUEST_2, QUEST_1], "deviceStatuses": [part(QUEST_2), part(QUEST_1)],
        "createdAt": "<time>", "startedAt": null, "endedAt": null, "metadata": {}
    })
}

#[tokio::test]
async fn a_session_goes_from_its_creation_to_its_end() {
    let mut stage = Stage::set(&[]).await;
    let metadata = json!({"participantName": "John Doe", "studyId": "STUDY_001", "nested": {"a": [1, null]}});
    let request = json!([{"deviceIds": [QUEST_2, QUEST_1, QUEST_2], "metadata": metadata}]);
    stage.tablet.emit("tablet-create-session", request).await;
    let (name, created) = stage.tablet.next_word().await;
    let id = created[0]["sessionId"].clone();
    assert_eq!(name, "on-session-created");
    assert_eq!(support::redact(created), json!([{"sessionId": SESSION, "deviceIds": [QUEST_2, QUEST_1]}]));
    let described = with(pending(), "metadata", metadata);
    for _ in 0..2 {
        // Starting a session that records already changes nothing, and says so again.
        stage.tablet.emit("tablet-start-session", json!([id])).await;
        stage.tablet.hears("on-session-started", json!([{"sessionId": SESSION, "startedAt": "<time>"}])).await;
        all_hear(&mut stage, "on-tablet-start-recording", json!([])).await;
    }
    let started = look(&mut stage.tablet, &id).await;
    let started_at = started["startedAt"].clone();
    let recording = with(with(described.clone(), "status", json!("recording")), "startedAt", json!("<time>"));
    assert_eq!(support::redact(started), recording);

    stage.tablet.emit("tablet-pause-session", json!([id])).await;
    stage.tablet.hears("on-session-paused", json!([{"sessionId": SESSION}])).await;
    all_hear(&mut stage, "on-tablet-stop-recording", json!([])).await;
    assert_eq!(support::redact(look(&mut stage.tablet, &id).await), with(recording.clone(), "status", json!("paused")));

    // A session goes on after a pause, and keeps its first start.
    let resumed = stage.tablet.ask("tablet-start-session", json!([id])).await;
    assert_eq!(resumed, json!([{"sessionId": id, "startedAt": started_at}]));
    all_hear(&mut stage, "on-tablet-start-recording", json!([])).await;

    stage.tablet.emit("tablet-end-session", json!([id])).await;
    let (name, ended) = stage.tablet.next_word().await;
    let duration = ended[0]["duration"].clone();
    assert!(name == "on-session-ended" && duration.is_u64(), "`{name}` with {ended}");
    assert_eq!(support::redact(ended), json!([{"sessionId": SESSION, "endedAt": "<time>", "duration": duration}]));
    all_hear(&mut stage, "on-session-ended", json!([{"sessionId": SESSION}])).await;
    let over = with(with(recording, "status", json!("completed")), "endedAt", json!("<time>"));
    assert_eq!(support::redact(look(&mut stage.tablet, &id).await), over);
    let path = format!("/api/sessions/{}", id.as_str().expect("a text"));
    assert_eq!(body_of(&stage.hub, &path).await, json!({"ok": true, "session": over}));
    stage.is_silent().await;
    stage.hub.stop().await;
}

async fn all_hear(stage: &mut Stage, name: &str, args: Value) {
    for quest in [&mut stage.quest, &mut stage.other_quest] {
        quest.hears(name, args.clone()).await;
    }
}

async fn look(client: &mut Client, id: &Value) -> Value {
    client.emit("tablet-get-session", json!([id])).await;
    let (name, mut args) = client.next_word().await;
    assert_eq!(name, "on-session-status", "with {args}");
    args[0].take()
}

#[tokio::test]
async fn creating_a_session_locks_its_devices_for_the_tablet() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    create(&mut stage.tablet, &[QUEST_1, QUEST_2]).await;
    let both = [QUEST_1, QUEST_2].map(|id| held(device(id), &stage.tablet));
    assert_eq!(body_of(&stage.hub, "/api/devices").await, json!({"ok": true, "count": 2, "devices": both}));
    // The tablet is in the room of a device that it did not lock itself.
    stage.other_quest.emit("headset-logs-processed", json!([])).await;
    stage.other_quest.hears("on-headset-logs-processed", json!([])).await;
    stage.tablet.hears("on-headset-logs-processed", json!([])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_had_is_listed_as_unavailable() {
    let mut stage = Stage::set(&[]).await;
    stage.other_tablet.ask("tablet-lock-device", json!([QUEST_2])).await;
    stage.tablet.emit("tablet-create-session", json!([{"deviceIds": [NOBODY, QUEST_1, "bad", QUEST_2]}])).await;
    let created = json!([{"sessionId": SESSION, "deviceIds": [QUEST_1], "unavailable": [NOBODY, "bad", QUEST_2]}]);
    stage.tablet.hears("on-session-created", created).await;
    stage.other_tablet.emit("tablet-create-session", json!([{"deviceIds": [QUEST_1, NOBODY]}])).await;
    let error = json!([{"error": "No available devices", "unavailable": [QUEST_1, NOBODY]}]);
    stage.other_tablet.hears("on-session-error", error.clone()).await;
    assert_eq!(stage.other_tablet.ask("tablet-create-session", json!([{"deviceIds": [QUEST_1, NOBODY]}])).await, error);
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_session_wants_1_to_50_devices_and_metadata_of_up_to_100_kb() {
    let mut stage = Stage::set(&[]).await;
    let many: Vec<String> = (0..51).map(|number| format!("DEVICE_{number:03}")).collect();
    let metadata = |length: usize| json!({"t": "x".repeat(length)});
    for (request, error) in [
        (json!([]), "No devices specified"),
        (json!([null]), "No devices specified"),
        (json!([[QUEST_1]]), "No devices specified"),
        (json!([{}]), "No devices specified"),
        (json!([{"deviceIds": QUEST_1}]), "No devices specified"),
        (json!([{"deviceIds": []}]), "No devices specified"),
        (json!([{"deviceIds": many}]), "Too many devices (max 50)"),
        (json!([{"deviceIds": [QUEST_1], "metadata": "text"}]), "Invalid metadata"),
        (json!([{"deviceIds": [QUEST_1], "metadata": metadata(102_393)}]), "Invalid metadata"),
    ] {
        stage.tablet.emit("tablet-create-session", request).await;
        stage.tablet.hears("on-session-error", json!([{"error": error}])).await;
    }
    let largest = json!([{"deviceIds": [QUEST_1], "metadata": metadata(102_392)}]);
    stage.tablet.emit("tablet-create-session", largest).await;
    stage.tablet.hears("on-session-created", json!([{"sessionId": SESSION, "deviceIds": [QUEST_1]}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_session_answers_its_owner_and_lets_others_look() {
    let mut stage = Stage::set(&[]).await;
    let id = create(&mut stage.tablet, &[QUEST_2, QUEST_1]).await;
    for event in DRIVING {
        stage.other_tablet.emit(event, json!([id])).await;
        stage.other_tablet.hears("on-session-error", json!([{"error": "Not authorized", "sessionId": SESSION}])).await;
    }
    for client in [&mut stage.other_tablet, &mut stage.dashboard] {
        assert_eq!(support::redact(look(client, &json!(id)).await), pending());
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn wrong_and_unknown_session_ids_have_their_errors() {
    let mut stage = Stage::set(&[]).await;
    let long = "x".repeat(101);
    for event in DRIVING.into_iter().chain(["tablet-get-session"]) {
        for wrong in [json!([]), json!([null]), json!([42]), json!([""]), json!([{"sessionId": UNKNOWN}]), json!([long])] {
            stage.tablet.emit(event, wrong).await;
            stage.tablet.hears("on-session-error", json!([{"error": "Invalid session ID format"}])).await;
        }
        for unknown in [UNKNOWN, "anything", &long[1..]] {
            let error = json!([{"error": "Session not found", "sessionId": unknown}]);
            assert_eq!(stage.tablet.ask(event, json!([unknown])).await, error);
            stage.tablet.emit(event, json!([unknown])).await;
            stage.tablet.hears("on-session-error", support::redact(error)).await;
        }
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_session_that_does_not_record_cannot_pause_and_one_that_ended_does_nothing() {
    let mut stage = Stage::set(&[]).await;
    let id = create(&mut stage.tablet, &[QUEST_1]).await;
    let not_recording = json!([{"error": "Session is not recording", "sessionId": SESSION}]);
    stage.tablet.emit("tablet-pause-session", json!([id])).await;
    stage.tablet.hears("on-session-error", not_recording.clone()).await;
    stage.tablet.emit("tablet-start-session", json!([id])).await;
    stage.tablet.hears("on-session-started", json!([{"sessionId": SESSION, "startedAt": "<time>"}])).await;
    stage.quest.hears("on-tablet-start-recording", json!([])).await;
    stage.tablet.emit("tablet-pause-session", json!([id])).await;
    stage.tablet.hears("on-session-paused", json!([{"sessionId": SESSION}])).await;
    stage.quest.hears("on-tablet-stop-recording", json!([])).await;
    stage.tablet.emit("tablet-pause-session", json!([id])).await;
    stage.tablet.hears("on-session-error", not_recording).await;
    stage.tablet.ask("tablet-end-session", json!([id])).await;
    stage.quest.hears("on-session-ended", json!([{"sessionId": SESSION}])).await;
    for event in DRIVING {
        stage.tablet.emit(event, json!([id])).await;
        stage.tablet.hears("on-session-error", json!([{"error": "Session already ended", "sessionId": SESSION}])).await;
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_session_that_never_started_lasted_no_time_and_its_locks_stay() {
    let mut stage = Stage::set(&[]).await;
    let id = create(&mut stage.tablet, &[QUEST_1]).await;
    let ended = stage.tablet.ask("tablet-end-session", json!([id])).await;
    assert_eq!(support::redact(ended), json!([{"sessionId": SESSION, "endedAt": "<time>", "duration": 0}]));
    stage.quest.hears("on-session-ended", json!([{"sessionId": SESSION}])).await;
    stage.tablet.emit("tablet-unlock-all-devices", json!([])).await;
    stage.tablet.hears("on-all-devices-unlocked", json!([{"unlocked": [QUEST_1]}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn starting_locks_what_is_free_again_and_passes_over_what_another_tablet_has() {
    let mut stage = Stage::set(&[]).await;
    let id = create(&mut stage.tablet, &[QUEST_1, QUEST_2]).await;
    stage.tablet.ask("tablet-unlock-all-devices", json!([])).await;
    stage.other_tablet.ask("tablet-lock-device", json!([QUEST_2])).await;
    stage.tablet.ask("tablet-start-session", json!([id])).await;
    stage.quest.hears("on-tablet-start-recording", json!([])).await;
    let devices = [held(device(QUEST_1), &stage.tablet), held(device(QUEST_2), &stage.other_tablet)];
    assert_eq!(body_of(&stage.hub, "/api/devices").await, json!({"ok": true, "count": 2, "devices": devices}));
    stage.tablet.ask("tablet-pause-session", json!([id])).await;
    stage.quest.hears("on-tablet-stop-recording", json!([])).await;
    stage.tablet.ask("tablet-end-session", json!([id])).await;
    stage.quest.hears("on-session-ended", json!([{"sessionId": SESSION}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn the_active_session_is_the_newest_that_has_not_ended() {
    let mut stage = Stage::set(&[]).await;
    hears_active(&mut stage.tablet, Value::Null).await;
    let older = create(&mut stage.tablet, &[QUEST_2, QUEST_1]).await;
    hears_active(&mut stage.tablet, pending()).await;
    hears_active(&mut stage.other_tablet, Value::Null).await;
    // An id begins with the millisecond of its creation: what was created later has another one.
    let mut newer = create(&mut stage.tablet, &[QUEST_1]).await;
    while newer[..21] == older[..21] {
        stage.tablet.ask("tablet-end-session", json!([newer])).await;
        newer = create(&mut stage.tablet, &[QUEST_1]).await;
    }
    for (active, other) in [(&newer, &older), (&older, &newer)] {
        let session = stage.tablet.ask("tablet-get-active-session", json!([])).await;
        assert_eq!(session[0]["sessionId"], json!(active), "and not {other}");
        stage.tablet.ask("tablet-end-session", json!([active])).await;
    }
    hears_active(&mut stage.tablet, Value::Null).await;
    assert_eq!(stage.tablet.ask("tablet-get-active-session", json!([])).await, json!([null]));
    stage.hub.stop().await;
}

async fn hears_active(tablet: &mut Client, session: Value) {
    tablet.emit("tablet-get-active-session", json!([])).await;
    tablet.hears("on-active-session", json!([session])).await;
}

#[tokio::test]
async fn a_session_outlives_its_tablets_connection() {
    let mut stage = Stage::set(&[]).await;
    let id = create(&mut stage.tablet, &[QUEST_2, QUEST_1]).await;
    stage.tablet.ask("tablet-start-session", json!([id])).await;
    all_hear(&mut stage, "on-tablet-start-recording", json!([])).await;
    stage.tablet.close().await;
    let mut back = tablet(&stage.hub, 1).await;
    let recording = with(with(pending(), "status", json!("recording")), "startedAt", json!("<time>"));
    hears_active(&mut back, recording).await;
    // It is back in the rooms of its session's devices.
    stage.quest.emit("headset-logs-processed", json!([])).await;
    back.hears("on-headset-logs-processed", json!([])).await;
    back.emit("tablet-end-session", json!([id])).await;
    let (name, ended) = back.next_word().await;
    assert_eq!((name.as_str(), &ended[0]["sessionId"]), ("on-session-ended", &json!(id)));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_session_shows_what_its_devices_report() {
    let mut stage = Stage::set(&[]).await;
    let id = json!(create(&mut stage.tablet, &[QUEST_1]).await);
    stage.quest.ask("device-telemetry", json!([{"frameCount": 900}])).await;
    let part = |is_recording: bool, frames: u64, info: Value| {
        json!([{
            "deviceId": QUEST_1, "isRecording": is_recording, "frameCount": frames, "uploadProgress": 0, "uploadStatus": "pending",
            "deviceInfo": info
        }])
    };
    let before = look(&mut stage.tablet, &id).await;
    assert_eq!(before["deviceStatuses"], part(false, 0, json!({"frameCount": 900})), "frames before the start do not count");
    stage.tablet.ask("tablet-start-session", json!([id])).await;
    let report = json!({"frameCount": 5400, "isRecording": true});
    stage.quest.ask("device-telemetry", json!([report])).await;
    assert_eq!(look(&mut stage.tablet, &id).await["deviceStatuses"], part(true, 5400, report.clone()));
    stage.tablet.ask("tablet-end-session", json!([id])).await;
    stage.quest.ask("device-telemetry", json!([{"frameCount": 6000, "isRecording": true}])).await;
    let after = look(&mut stage.tablet, &id).await;
    assert_eq!(after["deviceStatuses"], part(false, 5400, json!({"frameCount": 6000, "isRecording": true})));
    stage.hub.stop().await;
}
