//! What ties a tablet to a headset, and for how long: it hears of what it holds, over whichever of its connections holds it.

use serde_json::json;

use super::stage::{Ears, NOBODY, QUEST_1, QUEST_2, Stage, body_of, device, lock, tablet, with};
use super::support;
use crate::harness::socket::{Client, Raw};

const LOCKS: &str = "on-device-locks-updated";

#[tokio::test]
async fn a_tablet_hears_of_a_headset_while_it_holds_it() {
    let mut stage = Stage::set(&[]).await;
    let (tablet, one, two) = (&mut stage.tablet, &mut stage.quest, &mut stage.other_quest);
    tablet.ask("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    for (release, heard_of) in [("tablet-unlock-device", true), ("tablet-unlock-all-devices", false)] {
        one.ask("headset-logs-processed", json!([])).await;
        two.ask("headset-logs-processed", json!([])).await;
        tablet.hears("on-headset-logs-processed", json!([])).await;
        if heard_of {
            tablet.hears("on-headset-logs-processed", json!([])).await;
        }
        tablet.ask(release, json!([QUEST_1])).await;
    }
    one.ask("headset-logs-processed", json!([])).await;
    two.ask("headset-logs-processed", json!([])).await;
    tablet.is_silent().await;
}

#[tokio::test]
async fn a_tablet_on_two_connections_is_one_tablet() {
    let mut stage = Stage::set(&[]).await;
    let mut second = tablet(&stage.hub, 1).await;
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    second.ask("tablet-lock-device", json!([QUEST_1])).await;
    let held = json!([[lock(QUEST_1, Some(&second)), lock(QUEST_2, None)]]);
    stage.other_tablet.sees(LOCKS, held).await;
    drop(stage.tablet);
    second.ask("tablet-get-recording-status", json!([NOBODY])).await;
    let refusal = json!([{"deviceId": QUEST_1, "reason": "Device locked by another tablet"}]);
    assert_eq!(stage.other_tablet.ask("tablet-lock-device", json!([QUEST_1])).await, refusal);
}

#[tokio::test]
async fn a_headset_that_says_goodbye_is_gone_like_one_that_is_lost() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-lock-devices", json!([[QUEST_1, QUEST_2]])).await;
    stage.quest.raw().send("41").await;
    for id in [QUEST_1, QUEST_2] {
        stage.tablet.hears("on-headset-disconnected", json!([])).await;
        stage.tablet.hears("on-device-disconnected", json!([{"deviceId": id}])).await;
        let gone = with(device(id), "isOnline", json!(false));
        assert_eq!(body_of(&stage.hub, &format!("/api/devices/{id}")).await["device"], gone);
        if id == QUEST_1 {
            stage.other_quest.raw().send("1").await;
        }
    }
}

#[tokio::test]
async fn only_the_lists_that_changed_are_told() {
    let mut stage = Stage::set(&[]).await;
    let mut listener = support::connect(&stage.hub, "TABLET_009", "tablet").await;
    // Once the second name is told, everything that happened before the first one was told as well.
    for name in ["First", "Second"] {
        support::post(&stage.hub, "/api/devices/QUEST_001/name", &json!({"customName": name})).await;
        listener.wait_until("on-headsets-with-lock-status-updated", |lists| lists[0][0]["customName"] == name).await;
    }
    stage.quest.ask("device-telemetry", json!([{"batteryLevel": 0.5}])).await;
    stage.quest.ask("headset-recording-state", json!([true])).await;
    support::post(&stage.hub, "/api/devices/QUEST_001/name", &json!({"customName": "Lab"})).await;
    assert_eq!(next_list(&mut listener).await, "on-headsets-with-lock-status-updated");
    stage.tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    assert_eq!(next_list(&mut listener).await, "on-headsets-with-lock-status-updated");
    assert_eq!(next_list(&mut listener).await, LOCKS);
    drop(stage.other_quest);
    for list in ["on-headsets-updated", "on-headsets-with-lock-status-updated", LOCKS] {
        assert_eq!(next_list(&mut listener).await, list);
    }
}

/// Returns the name of the next event, which must be a list: this client has asked for nothing else.
async fn next_list(client: &mut Client) -> String {
    client.next().await.0
}

#[tokio::test]
async fn a_sockets_token_comes_from_its_auth_its_header_or_its_query() {
    let hub = support::start(&[]).await;
    let token = support::token(&hub, "TABLET_001", "tablet").await;
    let (url, path) = (hub.url("fleet"), "/socket.io/?EIO=4&transport=websocket");
    let (good, bad) = (format!("Bearer {token}"), "Bearer no.such.token");
    let no_auth = "40{}".to_owned();
    let connects = [
        (Raw::open_authorized(url, path, &good).await, no_auth.clone()),
        (Raw::open(url, &format!("{path}&token={token}")).await, no_auth.clone()),
        (Raw::open_authorized(url, &format!("{path}&token=bad"), &good).await, no_auth.clone()),
        (Raw::open_authorized(url, path, bad).await, format!("40{}", json!({"token": token}))),
    ];
    for (mut raw, connect) in connects {
        raw.packet().await;
        raw.send(&connect).await;
        let answer = raw.packet().await;
        assert!(answer.starts_with("40{\"sid\":"), "{answer}");
    }
    let refusal = json!({"message": "Invalid or expired token", "data": {"code": "AUTH_INVALID"}});
    for (mut raw, connect) in [
        (Raw::open_authorized(url, path, bad).await, no_auth),
        (Raw::open_authorized(url, path, &good).await, r#"40{"token":"bad"}"#.to_owned()),
    ] {
        raw.packet().await;
        raw.send(&connect).await;
        assert_eq!(raw.packet().await, format!("44{refusal}"));
    }
}

#[tokio::test]
async fn with_recovery_only_what_is_reliable_carries_an_offset() {
    let hub = support::start(&[("FLEET__RECOVERY", "true")]).await;
    let (mut tablet, mut quest) = (tablet(&hub, 1).await, support::connect(&hub, QUEST_1, "headset").await);
    quest.ask("headset-identify", json!([QUEST_1])).await;
    assert_eq!(tablet.ask("tablet-connect-headset", json!([QUEST_1])).await, json!([]), "an acknowledgement");
    tablet.is_refused("headset-frame", json!([]), "FORBIDDEN", "This token may not send this event").await;
    for (event, told) in [("headset-status", "on-headset-status-updated"), ("headset-frame", "on-headset-frame-updated")] {
        quest.emit(event, json!(["{}"])).await;
        tablet.hears(told, json!(["{}"])).await;
    }
    tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
    let (name, args) = tablet.next_word().await;
    assert_eq!((name.as_str(), &args[0]), ("on-device-locked", &json!({"deviceId": QUEST_1})));
    assert!(args[1].is_string() && args.as_array().map(Vec::len) == Some(2), "{args}");
}
