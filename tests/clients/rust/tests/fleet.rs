//! The fleet's control plane end to end through `rust_socketio`: two headsets, two tablets, one dashboard.

use hubbub_rust_client_tests::{Client, Server, is_peer, redact, transports};
use rust_socketio::TransportType;
use serde_json::{Value, json};

const QUEST_1: &str = "QUEST_001";
const QUEST_2: &str = "QUEST_002";
const ROUNDS: usize = 200;

struct Fleet {
    server: Server,
    headset1: Client,
    headset2: Client,
    tablet1: Client,
    tablet2: Client,
    dashboard: Client,
}

impl Fleet {
    /// A hubbub with the whole fleet connected, identified and subscribed.
    async fn assembled(transport: &TransportType) -> Self {
        let server = Server::start("fleet").await;
        let url = server.url("fleet").to_owned();
        let join = async |id: &str, kind: &str| {
            let token = token(&url, id, kind).await;
            Client::connect(&url, "/", transport.clone(), json!({ "token": token })).await
        };
        let fleet = Self {
            headset1: join(QUEST_1, "headset").await,
            headset2: join(QUEST_2, "headset").await,
            tablet1: join("TABLET_001", "tablet").await,
            tablet2: join("TABLET_002", "tablet").await,
            dashboard: join("DASHBOARD_1", "dashboard").await,
            server,
        };
        fleet.dashboard.emit("dashboard-subscribe", vec![]).await;
        assert_eq!(fleet.dashboard.next("on-fleet-status-updated").await, [json!([])]);
        for (headset, id) in [(&fleet.headset1, QUEST_1), (&fleet.headset2, QUEST_2)] {
            headset.emit("headset-identify", vec![json!(id)]).await;
            assert!(headset.next("on-headset-connected").await.is_empty());
        }
        for client in fleet.everyone() {
            client.sees("on-headsets-updated", &[json!([QUEST_1, QUEST_2])]).await;
        }
        fleet
    }

    fn everyone(&self) -> [&Client; 5] {
        [&self.headset1, &self.headset2, &self.tablet1, &self.tablet2, &self.dashboard]
    }

    /// Round trips on every connection: what was emitted before has been handled and delivered.
    async fn settle(&self) {
        for _ in 0..2 {
            for client in self.everyone() {
                client.emit("tablet-get-recording-status", vec![json!("BARRIER_1")]).await;
                client.next_of(&["on-recording-inactive", "on-recording-active", "error"]).await;
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.server.url("fleet"));
        reqwest::get(url).await.expect("an answer").json().await.expect("a JSON body")
    }
}

async fn token(url: &str, id: &str, kind: &str) -> String {
    let body = json!({ "deviceId": id, "deviceType": kind });
    let request = reqwest::Client::new().post(format!("{url}/auth/device-token")).json(&body);
    let mut answer: Value = request.send().await.expect("an answer").json().await.expect("a JSON body");
    let token = answer["token"].take().as_str().expect("a token").to_owned();
    assert_eq!(answer, json!({ "ok": true, "token": null, "deviceId": id, "deviceType": kind, "expiresIn": "24h" }));
    token
}

fn device_state(id: &str, is_online: bool, telemetry: Value) -> Value {
    json!({
        "deviceId": id, "isOnline": is_online, "lastSeen": "<time>", "connectionTime": "<time>",
        "telemetry": telemetry, "isLocked": false, "lockedByTabletId": null,
    })
}

fn unlocked(id: &str) -> Value {
    json!({ "deviceId": id, "isLocked": false, "lockedByTabletId": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn contention_has_exactly_one_winner_every_round() {
    for (name, transport) in runs() {
        let fleet = Fleet::assembled(&transport).await;
        for round in 0..ROUNDS {
            let tablets = if round % 2 == 0 { [&fleet.tablet1, &fleet.tablet2] } else { [&fleet.tablet2, &fleet.tablet1] };
            for tablet in tablets {
                tablet.emit("tablet-lock-device", vec![json!(QUEST_1)]).await;
            }
            let mut winners = Vec::new();
            for tablet in tablets {
                match tablet.next_of(&["on-device-locked", "on-device-lock-failed"]).await {
                    (event, args) if event == "on-device-locked" => {
                        assert_eq!(args, [json!({ "deviceId": QUEST_1 })]);
                        winners.push(tablet);
                    }
                    (_, args) => assert_eq!(args, [json!({ "deviceId": QUEST_1, "reason": "Device locked by another tablet" })]),
                }
            }
            let [winner] = winners[..] else { panic!("{name}, round {round}: {} winners", winners.len()) };
            winner.emit("tablet-unlock-device", vec![json!(QUEST_1)]).await;
            assert_eq!(winner.next("on-device-unlocked").await, [json!({ "deviceId": QUEST_1 })]);
        }
        fleet.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_frames_reach_exactly_whom_they_are_for() {
    for (name, transport) in runs() {
        let fleet = Fleet::assembled(&transport).await;
        fleet.tablet1.emit("tablet-lock-devices", vec![json!([QUEST_1])]).await;
        assert_eq!(fleet.tablet1.next("on-devices-locked").await, [json!({ "locked": [QUEST_1], "failed": [] })]);
        fleet.tablet2.emit("tablet-lock-devices", vec![json!([QUEST_1, QUEST_2])]).await;
        assert_eq!(fleet.tablet2.next("on-devices-locked").await, [json!({ "locked": [QUEST_2], "failed": [QUEST_1] })]);

        fleet.tablet1.emit("tablet-start-all-recording", vec![]).await;
        assert!(fleet.headset1.next("on-tablet-start-recording").await.is_empty());
        fleet.tablet2.emit("tablet-stop-all-recording", vec![]).await;
        assert!(fleet.headset2.next("on-tablet-stop-recording").await.is_empty());
        fleet.tablet2.emit("tablet-start-recording", vec![json!(QUEST_1)]).await;
        assert_eq!(fleet.tablet2.next("on-recording-denied").await, [json!({ "deviceId": QUEST_1 })]);

        // This client takes every read of a polling body for a whole one, so what it polls for must fit one read.
        let size = if matches!(transport, TransportType::Polling) { 2_000 } else { 200_000 };
        let frame = format!("data:image/jpeg;base64,{}", "A".repeat(size));
        fleet.headset1.emit("headset-frame", vec![json!(frame)]).await;
        assert!(fleet.tablet1.next("on-headset-frame-updated").await == [json!(frame)], "{name}: the frame was changed");
        fleet.settle().await;
        for client in fleet.everyone() {
            assert_eq!(client.count("on-tablet-").await + client.count("on-headset-frame").await, 0, "{name}");
        }
        fleet.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_and_disconnections_are_seen_by_dashboard_and_tablet() {
    for (_, transport) in runs() {
        let fleet = Fleet::assembled(&transport).await;
        let telemetry = json!({ "deviceId": QUEST_1, "batteryLevel": 0.85, "custom": { "kept": [1, null] } });
        fleet.headset1.emit("device-telemetry", vec![json!(telemetry.to_string())]).await;
        fleet.dashboard.sees("on-device-telemetry-updated", &[device_state(QUEST_1, true, telemetry.clone())]).await;

        fleet.tablet1.emit("tablet-lock-devices", vec![json!([QUEST_1, QUEST_2])]).await;
        fleet.tablet1.next("on-devices-locked").await;
        fleet.headset1.clone().close().await;
        assert!(fleet.tablet1.next("on-headset-disconnected").await.is_empty());
        assert_eq!(fleet.tablet1.next("on-device-disconnected").await, [json!({ "deviceId": QUEST_1 })]);
        fleet.dashboard.sees("on-device-telemetry-updated", &[device_state(QUEST_1, false, telemetry)]).await;
        fleet.tablet1.clone().close().await;
        fleet.tablet2.sees("on-device-locks-updated", &[json!([unlocked(QUEST_2)])]).await;
        assert_eq!(fleet.get("/api/fleet/summary").await["summary"]["onlineDevices"], 1);
        fleet.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_session_runs_its_course() {
    for (_, transport) in runs() {
        let fleet = Fleet::assembled(&transport).await;
        let request = json!({ "deviceIds": [QUEST_1, QUEST_2], "metadata": { "studyId": "STUDY_001" } });
        fleet.tablet1.emit("tablet-create-session", vec![request]).await;
        let created = fleet.tablet1.next("on-session-created").await.remove(0);
        assert_eq!(redact(&created), json!({ "sessionId": "<session>", "deviceIds": [QUEST_1, QUEST_2] }));
        let id = created["sessionId"].clone();
        fleet.tablet1.emit("tablet-start-session", vec![id.clone()]).await;
        let started = fleet.tablet1.next("on-session-started").await.remove(0);
        assert_eq!(redact(&started), json!({ "sessionId": "<session>", "startedAt": "<time>" }));
        for headset in [&fleet.headset1, &fleet.headset2] {
            assert!(headset.next("on-tablet-start-recording").await.is_empty());
        }
        fleet.tablet1.emit("tablet-pause-session", vec![id.clone()]).await;
        assert_eq!(fleet.tablet1.next("on-session-paused").await, [json!({ "sessionId": id })]);
        fleet.tablet2.emit("tablet-end-session", vec![id.clone()]).await;
        assert_eq!(fleet.tablet2.next("on-session-error").await, [json!({ "error": "Not authorized", "sessionId": id })]);
        fleet.tablet1.emit("tablet-end-session", vec![id.clone()]).await;
        let mut ended = fleet.tablet1.next("on-session-ended").await.remove(0);
        assert!(ended["duration"].take().is_u64());
        assert_eq!(redact(&ended), json!({ "sessionId": "<session>", "endedAt": "<time>", "duration": null }));
        for headset in [&fleet.headset1, &fleet.headset2] {
            assert_eq!(headset.next("on-session-ended").await, [json!({ "sessionId": id })]);
        }
        fleet.server.stop().await;
    }
}

/// The peer knows no fleet.
fn runs() -> Vec<(&'static str, TransportType)> {
    if is_peer() { Vec::new() } else { transports().to_vec() }
}
