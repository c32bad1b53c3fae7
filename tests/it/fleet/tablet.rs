//! What a tablet sends to lock, record and prepare headsets, and who hears of it.

use serde_json::{Value, json};

use super::stage::{Ears, LISTS, NOBODY, QUEST_1, QUEST_2, Stage, body_of, device, held, lock, tablet};
use super::support;
use crate::harness::socket::Client;

const BAD_ID: [&str; 2] = ["INVALID_DEVICE_ID", "Invalid device ID"];
const BAD_METADATA: [&str; 2] = ["INVALID_METADATA", "Metadata must be a JSON string of at most 102400 characters"];
const OFFLINE: &str = "Device not online";
const ANOTHERS: &str = "Device locked by another tablet";

#[tokio::test]
async fn every_event_about_one_device_wants_a_device_id() {
    let hub = support::start(&[]).await;
    let mut tablet = tablet(&hub, 1).await;
    let [code, message] = BAD_ID;
    for event in [
        "tablet-lock-device",
        "tablet-unlock-device",
        "tablet-start-recording",
        "tablet-stop-recording",
        "tablet-toggle-recording",
        "tablet-connect-headset",
        "tablet-disconnect-headset",
        "tablet-get-recording-status",
    ] {
        for wrong in [json!([]), json!(["short"]), json!([12_345_678]), json!([null]), json!([[QUEST_1]]), json!(["QUEST 001"])] {
            tablet.is_refused(event, wrong, code, message).await;
        }
    }
    tablet.is_silent().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_lock_is_answered_to_its_sender_alone() {
    let mut stage = Stage::set(&[]).await;
    stage.dashboard.ask("dashboard-subscribe", json!([])).await;
    for _ in 0..2 {
        stage.tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
        stage.tablet.hears("on-device-locked", json!([{"deviceId": QUEST_1}])).await;
    }
    for (id, reason) in [(QUEST_1, ANOTHERS), (NOBODY, OFFLINE)] {
        stage.other_tablet.emit("tablet-lock-device", json!([id])).await;
        stage.other_tablet.hears("on-device-lock-failed", json!([{"deviceId": id, "reason": reason}])).await;
    }
    let by_tablet = held(device(QUEST_1), &stage.tablet);
    stage.dashboard.sees("on-device-telemetry-updated", json!([by_tablet])).await;
    let ack = stage.other_tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    assert_eq!(ack, json!([{"deviceId": QUEST_1, "reason": ANOTHERS}]));
    assert_eq!(stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await, json!([{"deviceId": QUEST_1}]));
    for client in [&mut stage.quest, &mut stage.other_quest, &mut stage.tablet, &mut stage.other_tablet] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn unlocking_is_answered_whoever_holds_the_device() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    stage.other_tablet.emit("tablet-unlock-device", json!([QUEST_1])).await;
    stage.other_tablet.hears("on-device-lock-failed", json!([{"deviceId": QUEST_1, "reason": ANOTHERS}])).await;
    // Its own, then a free one, then one that does not exist.
    for id in [QUEST_1, QUEST_1, NOBODY] {
        stage.tablet.emit("tablet-unlock-device", json!([id])).await;
        stage.tablet.hears("on-device-unlocked", json!([{"deviceId": id}])).await;
    }
    stage.quest.ask("headset-logs-processed", json!([])).await;
    stage.other_tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
    stage.other_tablet.hears("on-device-locked", json!([{"deviceId": QUEST_1}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn several_are_locked_in_the_order_of_the_request() {
    let mut stage = Stage::set(&[]).await;
    let mut third = support::headset(&stage.hub, "QUEST_003").await;
    stage.other_tablet.ask("tablet-lock-device", json!(["QUEST_003"])).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_2])).await;
    let asked = json!([[NOBODY, QUEST_2, "QUEST_003", "bad", QUEST_1, QUEST_2, NOBODY]]);
    stage.tablet.emit("tablet-lock-devices", asked).await;
    let answer = json!([{"locked": [QUEST_2, QUEST_1], "failed": [NOBODY, "QUEST_003", "bad"]}]);
    stage.tablet.hears("on-devices-locked", answer.clone()).await;
    assert_eq!(stage.tablet.ask("tablet-lock-devices", json!([[QUEST_2, QUEST_1, NOBODY, "QUEST_003", "bad"]])).await, answer);
    stage.tablet.emit("tablet-unlock-all-devices", json!([])).await;
    stage.tablet.hears("on-all-devices-unlocked", json!([{"unlocked": [QUEST_2, QUEST_1]}])).await;
    stage.tablet.emit("tablet-unlock-all-devices", json!([])).await;
    stage.tablet.hears("on-all-devices-unlocked", json!([{"unlocked": []}])).await;
    third.is_silent().await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn what_is_no_list_of_1_to_50_devices_locks_nothing() {
    let mut stage = Stage::set(&[]).await;
    let many = |count: u32| (0..count).map(|number| format!("DEVICE_{number:03}")).collect::<Vec<_>>();
    let mut with_quest = many(50);
    with_quest.push(QUEST_1.to_owned());
    for wrong in [json!([]), json!([null]), json!([QUEST_1]), json!([[]]), json!([{"deviceIds": [QUEST_1]}]), json!([with_quest])]
    {
        stage.tablet.emit("tablet-lock-devices", wrong).await;
        stage.tablet.hears("on-devices-locked", json!([{"locked": [], "failed": []}])).await;
    }
    let mut fifty = many(49);
    fifty.push(QUEST_1.to_owned());
    stage.tablet.emit("tablet-lock-devices", json!([fifty])).await;
    stage.tablet.hears("on-devices-locked", json!([{"locked": [QUEST_1], "failed": many(49)}])).await;
    // Duplicates do not count.
    let twice: Vec<String> = many(49).into_iter().chain(many(49)).collect();
    stage.tablet.emit("tablet-lock-devices", json!([twice])).await;
    stage.tablet.hears("on-devices-locked", json!([{"locked": [], "failed": many(49)}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn of_two_racing_tablets_exactly_one_gets_each_device() {
    let mut stage = Stage::set(&[]).await;
    let mut third = support::headset(&stage.hub, "QUEST_003").await;
    let all = [QUEST_1, QUEST_2, "QUEST_003"];
    let backwards = ["QUEST_003", QUEST_2, QUEST_1];
    for round in 0..100 {
        stage.tablet.emit("tablet-lock-devices", json!([all])).await;
        stage.other_tablet.emit("tablet-lock-devices", json!([backwards])).await;
        let (one, other) = (devices_locked(&mut stage.tablet).await, devices_locked(&mut stage.other_tablet).await);
        let (locked, failed) = ([one.0, other.0].concat(), [one.1, other.1].concat());
        assert_eq!(
            (sorted(locked), sorted(failed)),
            (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec()),
            "{round}"
        );
        for tablet in [&mut stage.tablet, &mut stage.other_tablet] {
            tablet.ask("tablet-unlock-all-devices", json!([])).await;
        }
    }
    third.is_silent().await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

async fn devices_locked(tablet: &mut Client) -> (Vec<String>, Vec<String>) {
    let (name, args) = tablet.next_word().await;
    assert_eq!(name, "on-devices-locked");
    let texts = |key: &str| -> Vec<String> {
        args[0][key].as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    (texts("locked"), texts("failed"))
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[tokio::test]
async fn a_recording_command_reaches_the_headset_alone() {
    let mut stage = Stage::set(&[]).await;
    for is_locked in [false, true] {
        if is_locked {
            stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
        }
        for (event, told) in COMMANDS {
            // Twice: a command is passed on even if the headset does already what it is told.
            for _ in 0..2 {
                stage.tablet.emit(event, json!([QUEST_1])).await;
                stage.quest.hears(told, json!([])).await;
            }
            assert_eq!(stage.tablet.ask(event, json!([QUEST_1])).await, json!([{"success": true, "deviceId": QUEST_1}]));
            stage.quest.hears(told, json!([])).await;
        }
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

const COMMANDS: [(&str, &str); 3] = [
    ("tablet-start-recording", "on-tablet-start-recording"),
    ("tablet-stop-recording", "on-tablet-stop-recording"),
    ("tablet-toggle-recording", "on-tablet-recording-toggled"),
];

#[tokio::test]
async fn recording_is_denied_where_another_tablet_holds_the_device_or_it_is_offline() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    for (event, _) in COMMANDS {
        for (id, error) in [(QUEST_1, ANOTHERS), (NOBODY, OFFLINE)] {
            stage.other_tablet.emit(event, json!([id])).await;
            stage.other_tablet.hears("on-recording-denied", json!([{"deviceId": id}])).await;
            let ack = stage.other_tablet.ask(event, json!([id])).await;
            assert_eq!(ack, json!([{"success": false, "error": error, "deviceId": id}]));
        }
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn commands_to_all_reach_the_headsets_that_the_tablet_holds() {
    let mut stage = Stage::set(&[]).await;
    let mut free = support::headset(&stage.hub, "QUEST_003").await;
    let all = [
        ("tablet-start-all-recording", "on-tablet-start-recording", "startedCount"),
        ("tablet-stop-all-recording", "on-tablet-stop-recording", "stoppedCount"),
        ("tablet-toggle-all-recording", "on-tablet-recording-toggled", "toggledCount"),
    ];
    for (event, _, count) in all {
        let nothing = json!([{"success": true, "results": {}, count: 0, "totalDevices": 0}]);
        assert_eq!(stage.tablet.ask(event, json!([])).await, nothing);
    }
    stage.tablet.ask("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    for (event, told, count) in all {
        stage.tablet.emit(event, json!([])).await;
        for quest in [&mut stage.quest, &mut stage.other_quest] {
            quest.hears(told, json!([])).await;
        }
        let results = json!({QUEST_1: {"success": true}, QUEST_2: {"success": true}});
        let expected = json!([{"success": true, "results": results, count: 2, "totalDevices": 2}]);
        assert_eq!(stage.tablet.ask(event, json!([])).await, expected);
        for quest in [&mut stage.quest, &mut stage.other_quest] {
            quest.hears(told, json!([])).await;
        }
    }
    free.is_silent().await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn whether_a_headset_records_is_told_to_whoever_asks() {
    let mut stage = Stage::set(&[]).await;
    stage.quest.ask("headset-recording-state", json!([true])).await;
    for client in [&mut stage.tablet, &mut stage.dashboard] {
        for (id, answer) in
            [(QUEST_1, "on-recording-active"), (QUEST_2, "on-recording-inactive"), (NOBODY, "on-recording-inactive")]
        {
            client.emit("tablet-get-recording-status", json!([id])).await;
            client.hears(answer, json!([])).await;
        }
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn metadata_reaches_the_named_headset_verbatim() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    let text = r#"{"participant": "John Doe",  "session":1}"#;
    let largest = "x".repeat(102_400);
    for (sent, told) in [
        (json!([text, QUEST_1]), json!([text])),
        (json!([{"participant": "John Doe", "n": 1}, QUEST_1]), json!([r#"{"participant":"John Doe","n":1}"#])),
        (json!([largest, QUEST_1]), json!([largest])),
    ] {
        stage.tablet.emit("tablet-sync-metadata", sent).await;
        stage.quest.hears("on-tablet-metadata-synced", told).await;
    }
    // A free headset may be prepared as well; one that is offline hears nothing, and nobody complains.
    stage.other_tablet.emit("tablet-sync-metadata", json!([text, QUEST_2])).await;
    stage.other_quest.hears("on-tablet-metadata-synced", json!([text])).await;
    stage.tablet.emit("tablet-sync-metadata", json!([text, NOBODY])).await;
    stage.other_tablet.is_refused("tablet-sync-metadata", json!([text, QUEST_1]), "FORBIDDEN", ANOTHERS).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn metadata_without_a_target_reaches_every_locked_and_paired_headset_once() {
    let mut stage = Stage::set(&[]).await;
    let (mut third, mut fourth) =
        (support::headset(&stage.hub, "QUEST_003").await, support::headset(&stage.hub, "QUEST_004").await);
    stage.other_tablet.ask("tablet-lock-device", json!(["QUEST_003"])).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    // One that is both locked and paired, one that is paired and another's.
    for id in [QUEST_1, QUEST_2, "QUEST_003"] {
        stage.tablet.ask("tablet-connect-headset", json!([id])).await;
    }
    for sent in [json!(["{}"]), json!(["{}", null])] {
        stage.tablet.emit("tablet-sync-metadata", sent).await;
        for quest in [&mut stage.quest, &mut stage.other_quest] {
            quest.hears("on-tablet-metadata-synced", json!(["{}"])).await;
        }
    }
    for quest in [&mut third, &mut fourth] {
        quest.is_silent().await;
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn malformed_metadata_is_refused() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    let [code, message] = BAD_METADATA;
    let long = "x".repeat(102_401);
    for wrong in [json!([]), json!([null]), json!([1]), json!([[1]]), json!([true]), json!([long]), json!([{"text": &long[1..]}])]
    {
        stage.tablet.is_refused("tablet-sync-metadata", wrong, code, message).await;
    }
    let [code, message] = BAD_ID;
    for wrong in [json!(["{}", "short"]), json!(["{}", 7])] {
        stage.tablet.is_refused("tablet-sync-metadata", wrong, code, message).await;
    }
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_paired_tablet_watches_and_holds_what_is_free() {
    let mut stage = Stage::set(&[]).await;
    stage.other_tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    for id in [QUEST_1, QUEST_2] {
        stage.tablet.emit("tablet-connect-headset", json!([id])).await;
    }
    stage.tablet.is_silent().await;
    let devices = body_of(&stage.hub, "/api/devices").await;
    let expected = json!([held(device(QUEST_1), &stage.other_tablet), held(device(QUEST_2), &stage.tablet)]);
    assert_eq!(devices, json!({"ok": true, "count": 2, "devices": expected}));
    for (quest, frame) in [(&mut stage.quest, "one"), (&mut stage.other_quest, "two")] {
        quest.emit("headset-frame", json!([frame])).await;
        stage.tablet.hears("on-headset-frame-updated", json!([frame])).await;
    }
    stage.other_tablet.hears("on-headset-frame-updated", json!(["one"])).await;

    for id in [QUEST_1, QUEST_2] {
        stage.tablet.emit("tablet-disconnect-headset", json!([id])).await;
    }
    stage.tablet.is_silent().await;
    for quest in [&mut stage.quest, &mut stage.other_quest] {
        quest.emit("headset-logs-processed", json!([])).await;
        quest.hears("on-headset-logs-processed", json!([])).await;
    }
    stage.other_tablet.hears("on-headset-logs-processed", json!([])).await;
    stage.other_tablet.emit("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    stage.other_tablet.hears("on-devices-locked", json!([{"locked": [QUEST_1, QUEST_2], "failed": []}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_lost_tablet_frees_its_devices_at_once() {
    let mut stage = Stage::set(&[]).await;
    stage.dashboard.ask("dashboard-subscribe", json!([])).await;
    stage.tablet.ask("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    let both = [QUEST_1, QUEST_2].map(|id| lock(id, Some(&stage.tablet)));
    sees_list(&mut stage.other_tablet, 2, json!([both])).await;
    stage.tablet.close().await;
    sees_list(&mut stage.other_tablet, 2, json!([[lock(QUEST_1, None), lock(QUEST_2, None)]])).await;
    stage.dashboard.sees("on-device-telemetry-updated", json!([device(QUEST_2)])).await;
    stage.other_tablet.emit("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    stage.other_tablet.hears("on-devices-locked", json!([{"locked": [QUEST_1, QUEST_2], "failed": []}])).await;
    for client in [&mut stage.quest, &mut stage.other_quest, &mut stage.other_tablet] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

async fn sees_list(client: &mut Client, list: usize, args: Value) {
    client.wait_until(LISTS[list], |seen| *seen == args).await;
}

#[tokio::test]
async fn locks_wait_for_a_lost_tablet_while_they_are_told_to() {
    let mut stage = Stage::set(&[("FLEET__LOCK_GRACE_MS", "3600000")]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    stage.tablet.close().await;
    let mut back = tablet(&stage.hub, 1).await;
    sees_list(&mut stage.other_tablet, 2, json!([[lock(QUEST_1, Some(&back)), lock(QUEST_2, None)]])).await;
    stage.other_tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
    stage.other_tablet.hears("on-device-lock-failed", json!([{"deviceId": QUEST_1, "reason": ANOTHERS}])).await;
    stage.quest.emit("headset-logs-processed", json!([])).await;
    back.hears("on-headset-logs-processed", json!([])).await;
    back.emit("tablet-unlock-all-devices", json!([])).await;
    back.hears("on-all-devices-unlocked", json!([{"unlocked": [QUEST_1]}])).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn locks_that_waited_in_vain_are_released() {
    let mut stage = Stage::set(&[("FLEET__LOCK_GRACE_MS", "50")]).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    let held = lock(QUEST_1, Some(&stage.tablet));
    sees_list(&mut stage.other_tablet, 2, json!([[held, lock(QUEST_2, None)]])).await;
    stage.tablet.close().await;
    sees_list(&mut stage.other_tablet, 2, json!([[lock(QUEST_1, None), lock(QUEST_2, None)]])).await;
    stage.other_tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
    stage.other_tablet.hears("on-device-locked", json!([{"deviceId": QUEST_1}])).await;
    stage.hub.stop().await;
}
