//! What dashboards see, the lists that everyone is told, who may send what, and how often.

use std::time::Instant;

use serde_json::{Value, json};

use super::stage::{Ears, LISTS, NOBODY, QUEST_1, QUEST_2, Stage, device, headset, held, lock, tablet, with};
use super::support;
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

#[tokio::test]
async fn a_subscriber_gets_the_whole_fleet_and_then_every_change() {
    let mut stage = Stage::set(&[]).await;
    let fleet = json!([[device(QUEST_1), device(QUEST_2)]]);
    for client in [&mut stage.dashboard, &mut stage.tablet] {
        client.emit("dashboard-subscribe", json!([])).await;
        client.hears("on-fleet-status-updated", fleet.clone()).await;
        assert_eq!(support::redact(client.ask("dashboard-subscribe", json!([])).await), fleet);
    }
    stage.quest.ask("device-telemetry", json!([{"batteryLevel": 0.5}])).await;
    let charged = with(device(QUEST_1), "telemetry", json!({"batteryLevel": 0.5}));
    for client in [&mut stage.dashboard, &mut stage.tablet] {
        client.hears("on-device-telemetry-updated", json!([charged])).await;
    }
    for client in [&mut stage.dashboard, &mut stage.tablet] {
        client.emit("dashboard-unsubscribe", json!([])).await;
        client.is_silent().await;
    }
    stage.quest.ask("device-telemetry", json!([{"batteryLevel": 0.4}])).await;
    stage.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_subscriber_hears_of_connections_names_and_locks() {
    let hub = support::start(&[]).await;
    let mut dashboard = support::connect(&hub, "DASHBOARD_1", "dashboard").await;
    dashboard.emit("dashboard-subscribe", json!([])).await;
    dashboard.hears("on-fleet-status-updated", json!([[]])).await;
    let quest = support::headset(&hub, QUEST_1).await;
    dashboard.hears("on-device-telemetry-updated", json!([device(QUEST_1)])).await;
    let mut tablet = tablet(&hub, 1).await;
    tablet.ask("tablet-lock-device", json!([QUEST_1])).await;
    dashboard.hears("on-device-telemetry-updated", json!([held(device(QUEST_1), &tablet)])).await;
    tablet.ask("tablet-unlock-device", json!([QUEST_1])).await;
    dashboard.hears("on-device-telemetry-updated", json!([device(QUEST_1)])).await;
    // Without telemetry the name has no place in the state; it is told all the same.
    support::post(&hub, "/api/devices/QUEST_001/name", &json!({"customName": "Lab"})).await;
    dashboard.hears("on-device-telemetry-updated", json!([device(QUEST_1)])).await;
    quest.close().await;
    let offline = with(device(QUEST_1), "isOnline", json!(false));
    dashboard.hears("on-device-telemetry-updated", json!([offline])).await;
    dashboard.emit("dashboard-subscribe", json!([])).await;
    dashboard.hears("on-fleet-status-updated", json!([[offline]])).await;
    hub.stop().await;
}

/// Takes the three lists of a new connection, whole.
async fn welcome(hub: &Hub, id: &str, role: &str) -> (Client, [Value; 3]) {
    let token = support::token(hub, id, role).await;
    let mut client = Client::connect(hub.url("fleet"), json!({"token": token})).await;
    let mut lists = [Value::Null, Value::Null, Value::Null];
    for (list, name) in lists.iter_mut().zip(LISTS) {
        *list = client.expect(name).await;
    }
    (client, lists)
}

#[tokio::test]
async fn everyone_is_told_the_lists_at_once_and_on_every_change() {
    let hub = support::start(&[]).await;
    let mut clients = Vec::new();
    for (id, role) in [("QUEST_002", "headset"), ("TABLET_001", "tablet"), ("DASHBOARD_1", "dashboard")] {
        let (client, lists) = welcome(&hub, id, role).await;
        assert_eq!(lists, [json!([[]]), json!([[]]), json!([[]])], "{role}");
        clients.push(client);
    }
    // The ids come sorted, whatever the order of arrival.
    clients[0].emit("headset-identify", json!([QUEST_2])).await;
    all_see(&mut clients, 0, json!([[QUEST_2]])).await;
    let quest = support::headset(&hub, QUEST_1).await;
    all_see(&mut clients, 0, json!([[QUEST_1, QUEST_2]])).await;
    all_see(&mut clients, 1, json!([[headset(QUEST_1, None, ""), headset(QUEST_2, None, "")]])).await;
    all_see(&mut clients, 2, json!([[lock(QUEST_1, None), lock(QUEST_2, None)]])).await;

    let holder = tablet(&hub, 2).await;
    clients.push(holder);
    clients[3].emit("tablet-lock-device", json!([QUEST_2])).await;
    let infos = json!([[headset(QUEST_1, None, ""), headset(QUEST_2, Some(&clients[3]), "")]]);
    let locks = json!([[lock(QUEST_1, None), lock(QUEST_2, Some(&clients[3]))]]);
    all_see(&mut clients, 1, infos).await;
    all_see(&mut clients, 2, locks.clone()).await;
    support::post(&hub, "/api/devices/QUEST_002/name", &json!({"customName": "Lab"})).await;
    let named = json!([[headset(QUEST_1, None, ""), headset(QUEST_2, Some(&clients[3]), "Lab")]]);
    all_see(&mut clients, 1, named).await;

    let (late, lists) = welcome(&hub, "DASHBOARD_2", "dashboard").await;
    let infos = json!([[headset(QUEST_1, None, ""), headset(QUEST_2, Some(&clients[3]), "Lab")]]);
    assert_eq!(lists, [json!([[QUEST_1, QUEST_2]]), infos, locks]);
    late.close().await;
    quest.close().await;
    all_see(&mut clients, 0, json!([[QUEST_2]])).await;
    let locks = json!([[lock(QUEST_2, Some(&clients[3]))]]);
    all_see(&mut clients, 2, locks).await;
    hub.stop().await;
}

async fn all_see(clients: &mut [Client], list: usize, args: Value) {
    for client in clients {
        client.wait_until(LISTS[list], |seen| *seen == args).await;
    }
}

#[tokio::test]
async fn many_changes_are_told_at_most_ten_times_a_second() {
    let mut stage = Stage::set(&[]).await;
    let started = Instant::now();
    for _ in 0..200 {
        stage.tablet.emit("tablet-lock-device", json!([QUEST_1])).await;
        stage.tablet.emit("tablet-unlock-device", json!([QUEST_1])).await;
    }
    stage.tablet.ask_until_done().await;
    stage.other_tablet.emit("tablet-lock-device", json!([QUEST_2])).await;
    let last = json!([[lock(QUEST_1, None), lock(QUEST_2, Some(&stage.other_tablet))]]);
    let mut told = 0;
    while stage.dashboard.wait_for(LISTS[2]).await != last {
        told += 1;
    }
    // What was still due when the stage was set comes on top.
    let at_most = 4 + started.elapsed().as_millis() / 100;
    assert!(told <= at_most, "told {told} times where {at_most} fit");
    stage.hub.stop().await;
}

/// Waiting for what was emitted.
trait Done {
    /// Returns when everything emitted before has been handled.
    async fn ask_until_done(&mut self);
}

impl Done for Client {
    async fn ask_until_done(&mut self) {
        self.emit("tablet-get-session", json!([""])).await;
        self.wait_for("on-session-error").await;
    }
}

/// Every event, an argument list, and who may send it.
fn events() -> Vec<(&'static str, Value, &'static [&'static str])> {
    const HEADSET: &[&str] = &["headset"];
    const TABLET: &[&str] = &["tablet"];
    const READERS: &[&str] = &["tablet", "dashboard"];
    let id = json!([NOBODY]);
    let session = json!(["session_1707235200000_abc123"]);
    vec![
        ("headset-identify", json!([QUEST_1]), HEADSET),
        ("headset-frame", json!(["data:"]), HEADSET),
        ("headset-status", json!(["{}"]), HEADSET),
        ("device-telemetry", json!([{}]), HEADSET),
        ("headset-recording-state", json!([false]), HEADSET),
        ("headset-logs-processed", json!([]), HEADSET),
        ("tablet-lock-device", id.clone(), TABLET),
        ("tablet-unlock-device", id.clone(), TABLET),
        ("tablet-lock-devices", json!([[NOBODY]]), TABLET),
        ("tablet-unlock-all-devices", json!([]), TABLET),
        ("tablet-start-recording", id.clone(), TABLET),
        ("tablet-stop-recording", id.clone(), TABLET),
        ("tablet-toggle-recording", id.clone(), TABLET),
        ("tablet-start-all-recording", json!([]), TABLET),
        ("tablet-stop-all-recording", json!([]), TABLET),
        ("tablet-toggle-all-recording", json!([]), TABLET),
        ("tablet-sync-metadata", json!(["{}"]), TABLET),
        ("tablet-connect-headset", id.clone(), TABLET),
        ("tablet-disconnect-headset", id.clone(), TABLET),
        ("tablet-get-recording-status", id, READERS),
        ("tablet-create-session", json!([{"deviceIds": [NOBODY]}]), TABLET),
        ("tablet-start-session", session.clone(), TABLET),
        ("tablet-pause-session", session.clone(), TABLET),
        ("tablet-end-session", session.clone(), TABLET),
        ("tablet-get-session", session, READERS),
        ("tablet-get-active-session", json!([]), TABLET),
        ("dashboard-subscribe", json!([]), READERS),
        ("dashboard-unsubscribe", json!([]), READERS),
    ]
}

#[tokio::test]
async fn every_role_has_its_events_and_no_others() {
    let hub = support::start(&[]).await;
    let forbidden = ["FORBIDDEN", "This token may not send this event"];
    let answer = json!([{"code": forbidden[0], "message": forbidden[1]}]);
    for (role, id) in [("headset", QUEST_1), ("tablet", "TABLET_001"), ("dashboard", "DASHBOARD_1")] {
        let mut client = support::connect(&hub, id, role).await;
        let (allowed, others): (Vec<_>, Vec<_>) = events().into_iter().partition(|(_, _, roles)| roles.contains(&role));
        for (event, args, _) in others {
            client.is_refused(event, args.clone(), forbidden[0], forbidden[1]).await;
            assert_eq!(client.ask(event, args).await, answer, "`{event}` of a {role}");
        }
        for (event, args, _) in allowed {
            let ack = client.ask(event, args).await;
            assert!(ack[0].get("code").is_none(), "`{event}` of a {role}: {ack}");
        }
        client.close().await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_token_is_asked_for_at_the_door() {
    let hub = support::start(&[]).await;
    let token = support::token(&hub, QUEST_1, "headset").await;
    let required = json!({"message": "Authentication required", "data": {"code": "AUTH_REQUIRED"}});
    let invalid = json!({"message": "Invalid or expired token", "data": {"code": "AUTH_INVALID"}});
    let (head, _) = token.rsplit_once('.').expect("a signature");
    for (auth, refusal) in [
        (json!({}), &required),
        (json!({"token": ""}), &required),
        (json!({"token": 7}), &required),
        (json!({"token": "no.such.token"}), &invalid),
        (json!({"token": format!("{head}.AAAA")}), &invalid),
    ] {
        assert_eq!(Client::try_connect(hub.url("fleet"), "/", auth.clone()).await.err().as_ref(), Some(refusal), "{auth}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn an_event_over_its_limit_is_dropped_without_a_word() {
    let hub = Hub::start(&[]).await;
    for (event, args, answer, limit) in [
        ("tablet-lock-devices", json!([[NOBODY]]), "on-devices-locked", 5),
        ("tablet-create-session", json!([{"deviceIds": []}]), "on-session-error", 3),
        ("tablet-get-recording-status", json!([NOBODY]), "on-recording-inactive", 50),
    ] {
        // A socket of its own has windows of its own.
        let mut tablet = tablet(&hub, 1).await;
        let started = Instant::now();
        for _ in 0..limit + 10 {
            tablet.emit(event, args.clone()).await;
        }
        for _ in 0..limit {
            assert_eq!(tablet.next_word().await.0, answer);
        }
        tablet.emit("tablet-unlock-all-devices", json!([])).await;
        // On a machine so slow that a window ended meanwhile, the next window let more through.
        if started.elapsed().as_millis() < 1_000 {
            tablet.hears("on-all-devices-unlocked", json!([{"unlocked": []}])).await;
        } else {
            tablet.wait_for("on-all-devices-unlocked").await;
        }
        tablet.close().await;
    }
    hub.stop().await;
}
