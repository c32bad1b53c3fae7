//! Any bytes on any listener: that connection is refused or closed, nothing panics, and nobody else waits.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::fleet::token;
use crate::harness::noise::Noise;
use crate::harness::polling::Polling;
use crate::harness::process::Served;
use crate::harness::socket::Client;
use crate::harness::wire::{Wire, frame, handshake};

const SETTINGS: &[(&str, &str)] = &[("LAB__ENABLED", "true"), ("LIMITS__SCALE", "0"), ("LOG__LEVEL", "warn")];
/// In which time somebody else's echo comes back, in a debug build on a busy machine.
const IN_TIME: Duration = Duration::from_secs(5);
/// Hostile peers at the same time, and rounds of them.
const AT_ONCE: usize = 20;
const ROUNDS: usize = 15;
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Packets of the lab in JSON, as they stand in a frame or a polling body.
const LAB_PACKETS: &[&str] = &[
    r#"40{"token":"abc"}"#,
    r#"40/custom,{"a":[1,2,{"b":null}]}"#,
    r#"42["message",1,"2",{"3":[true,null,1.5e10]}]"#,
    r#"4212["message-with-ack","é\ud83d\ude00\u0000"]"#,
    r#"42["join","room"]"#,
    r#"42["publish",{"x":[[[[]]]]}]"#,
    r#"42["frame","abcdef"]"#,
    r#"452-["message",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#,
    r#"461-7[{"_placeholder":true,"num":0}]"#,
    "431[1]",
    "41",
    "41/custom,",
    "1",
    "2",
    "3",
    "2probe",
    "5",
    "6",
];

/// A Socket.IO packet of each type in MessagePack.
const MSGPACK_PACKETS: &[&[u8]] = &[
    b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa1a\x01",
    b"\x84\xa4type\x02\xa4data\x93\xa4echo\x01\xc4\x03abc\xa7options\x81\xa8compress\xc3\xa3nsp\xa1/",
    b"\x84\xa4type\x02\xa4data\x92\xb0message-with-ack\xd4\x00\x00\xa2id\x07\xa3nsp\xa1/",
    b"\x83\xa4type\x01\xa3nsp\xa1/\xa4data\xd4\x00\x00",
];

/// Events of the fleet with payloads that are almost right.
const FLEET_PACKETS: &[&str] = &[
    r#"42["headset-identify","QUEST_001"]"#,
    r#"42["headset-frame","data:image/jpeg;base64,AAAA"]"#,
    r#"42["headset-status","{\"a\":1}"]"#,
    r#"42["device-telemetry","{\"batteryLevel\":0.5,\"frameCount\":7}"]"#,
    r#"42["headset-recording-state",true]"#,
    r#"421["tablet-lock-device","QUEST_001"]"#,
    r#"422["tablet-lock-devices",["QUEST_001","QUEST_002"]]"#,
    r#"423["tablet-create-session",{"deviceIds":["QUEST_001"],"metadata":{"a":1}}]"#,
    r#"424["tablet-start-session","session_1707235200000_abc123"]"#,
    r#"42["tablet-sync-metadata",{"metadata":"x","targetDeviceId":"QUEST_001"}]"#,
    r#"42["dashboard-subscribe"]"#,
];

/// HTTP requests that are valid before something in them is changed.
fn requests(base: &str) -> Vec<String> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: hub\r\n\r\n");
    let post = |path: &str, body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    vec![
        get("/health"),
        get("/metrics"),
        get("/api/devices/QUEST_001"),
        get("/socket.io/?EIO=4&transport=polling"),
        get("/socket.io/?EIO=3&transport=polling&b64=1"),
        get("/socket.io/?EIO=4&transport=polling&sid=0123456789abcdef"),
        post("/auth/device-token", r#"{"deviceId":"QUEST_001","deviceType":"headset"}"#),
        post("/auth/verify-token", r#"{"token":"a.b.c"}"#),
        post("/api/devices/QUEST_001/name", r#"{"customName":"Lab"}"#),
        "POST /x HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n".to_owned(),
        handshake(base, WEBSOCKET),
        handshake(base, "/engine.io/?EIO=3&transport=websocket"),
    ]
}

/// An honest client: whatever the others do, its echo comes back in time.
struct Honest(Client);

impl Honest {
    async fn connect(hub: &Served) -> Self {
        let mut client = Client::connect(hub.url("lab"), json!({})).await;
        client.expect("auth").await;
        Self(client)
    }

    async fn is_served(&mut self, hub: &Served, round: usize) {
        let echo = async {
            self.0.emit("echo", json!([round])).await;
            assert_eq!(self.0.expect("echo-reply").await, json!([round]));
        };
        assert!(tokio::time::timeout(IN_TIME, echo).await.is_ok(), "the hub is stuck in round {round}");
        assert!(!hub.log().contains("panic"), "round {round}: {}", hub.log());
    }
}

/// Runs rounds of hostile peers, all different, and an honest client's echo after each.
async fn rounds<F: Future<Output = ()>>(hub: &Served, seed: u64, hostile: impl Fn(Noise) -> F) {
    let mut honest = Honest::connect(hub).await;
    for round in 0..ROUNDS {
        let peers = (0..AT_ONCE).map(|peer| {
            let number = u64::try_from(round * AT_ONCE + peer).expect("fits");
            hostile(Noise::new(seed.wrapping_add(number << 32)))
        });
        join_all(peers).await;
        honest.is_served(hub, round).await;
    }
}

/// Opens a raw connection, sends `bytes`, and waits until the hub has answered or closed.
async fn send_and_see(base: &str, bytes: &[u8]) {
    let mut wire = Wire::connect(base).await;
    wire.send(bytes).await;
    wire.finish().await;
    let answer = wire.rest().await;
    let is_http = answer.is_empty() || answer.starts_with(b"HTTP/1.1 ");
    assert!(is_http, "{:?}\nto {:?}", String::from_utf8_lossy(&answer), String::from_utf8_lossy(bytes));
    let shown = String::from_utf8_lossy(&answer);
    assert!(!shown.contains(".rs:") && !shown.contains("/src/"), "an internal path is shown: {shown}");
}

#[tokio::test]
async fn random_bytes_on_every_listener_harm_nobody() {
    let hub = Served::start(SETTINGS);
    rounds(&hub, 1, |mut noise| {
        let base = hub.url(noise.one_of(&["lab", "fleet", "ops"])).to_owned();
        async move { send_and_see(&base, &noise.bytes(2_000)).await }
    })
    .await;
}

#[tokio::test]
async fn requests_that_are_almost_right_harm_nobody() {
    let hub = Served::start(SETTINGS);
    rounds(&hub, 2, |mut noise| {
        let base = hub.url(noise.one_of(&["lab", "fleet", "ops"])).to_owned();
        async move {
            let requests = requests(&base);
            let request = requests[noise.below(requests.len())].clone();
            send_and_see(&base, &noise.mutate(request.as_bytes())).await;
        }
    })
    .await;
}

/// Sends frames until the hub closes, or all were sent; the hub's side is read to its end.
async fn send_frames(mut wire: Wire, noise: &mut Noise, mut payload: impl FnMut(&mut Noise) -> (u8, Vec<u8>)) {
    for _ in 0..1 + noise.below(12) {
        let (opcode, payload) = payload(noise);
        let bytes = frame(opcode, true, &payload);
        // One in eight is broken below the packets: in its header, or cut off.
        let bytes = if noise.below(8) == 0 { noise.mutate(&bytes) } else { bytes.to_vec() };
        wire.send(&bytes).await;
    }
    wire.finish().await;
    wire.rest().await;
}

#[tokio::test]
async fn packets_that_are_almost_right_harm_nobody() {
    let hub = Served::start(SETTINGS);
    rounds(&hub, 3, |mut noise| {
        let base = hub.url("lab").to_owned();
        async move {
            let mut wire = Wire::join(&base).await;
            wire.send(&frame(1, true, br#"42["join","room"]"#)).await;
            send_frames(wire, &mut noise, |noise| match noise.below(4) {
                0 => (2, noise.bytes(300)),
                _ => {
                    let packet = noise.one_of(LAB_PACKETS);
                    (1, noise.mutate_text(packet).into_bytes())
                }
            })
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn messagepack_that_is_almost_right_harms_nobody() {
    let hub = Served::start(SETTINGS);
    rounds(&hub, 4, |mut noise| {
        let base = hub.url("lab").to_owned();
        async move {
            let mut wire = Wire::open(&base, WEBSOCKET).await;
            if noise.below(2) == 0 {
                wire.send(&frame(2, true, MSGPACK_PACKETS[0])).await;
            }
            send_frames(wire, &mut noise, |noise| {
                let packet = noise.one_of(MSGPACK_PACKETS);
                (2, noise.mutate(packet))
            })
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn revision_3_that_is_almost_right_harms_nobody() {
    let hub = Served::start(SETTINGS);
    rounds(&hub, 5, |mut noise| {
        let base = hub.url("lab").to_owned();
        async move {
            let wire = Wire::open(&base, "/socket.io/?EIO=3&transport=websocket").await;
            send_frames(wire, &mut noise, |noise| match noise.below(4) {
                0 => (2, [&[4], noise.bytes(300).as_slice()].concat()),
                _ => {
                    let packet = noise.one_of(LAB_PACKETS);
                    (1, noise.mutate_text(packet).into_bytes())
                }
            })
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn polling_bodies_that_are_almost_right_harm_nobody() {
    let hub = Served::start(SETTINGS);
    rounds(&hub, 6, |mut noise| {
        let base = hub.url("lab").to_owned();
        async move {
            let revision = if noise.below(2) == 0 { 3 } else { 4 };
            let client = Polling::open(&base, "/socket.io/", revision).await;
            for _ in 0..1 + noise.below(4) {
                let packets: Vec<&str> = (0..1 + noise.below(5)).map(|_| noise.one_of(LAB_PACKETS)).collect();
                let body = if revision == 4 {
                    packets.join("\u{1e}")
                } else {
                    packets.iter().map(|packet| format!("{}:{packet}", packet.chars().count())).collect()
                };
                let (status, text) = client.post(noise.mutate_text(&body)).await;
                assert!(status == 200 || status == 400, "{status} {text}");
                if status == 400 {
                    let refusal: Value = serde_json::from_str(&text).expect("Engine.IO's error body");
                    assert!(refusal["code"].is_u64() && refusal["message"].is_string(), "{refusal}");
                }
            }
            client.post("1").await;
        }
    })
    .await;
}

#[tokio::test]
async fn events_of_the_fleet_that_are_almost_right_harm_nobody() {
    let hub = Served::start(SETTINGS);
    let mut tokens = Vec::new();
    for kind in ["headset", "tablet", "dashboard"] {
        tokens.push(token(hub.url("fleet"), &format!("HOSTILE_{kind}"), kind).await);
    }
    rounds(&hub, 7, |mut noise| {
        let (base, token) = (hub.url("fleet").to_owned(), tokens[noise.below(3)].clone());
        async move {
            let mut wire = Wire::open(&base, WEBSOCKET).await;
            wire.send(&frame(1, true, format!(r#"40{{"token":"{token}"}}"#).as_bytes())).await;
            send_frames(wire, &mut noise, |noise| {
                let packet = noise.one_of(FLEET_PACKETS);
                (1, noise.mutate_text(packet).into_bytes())
            })
            .await;
        }
    })
    .await;
    let devices = reqwest::get(format!("{}/api/devices", hub.url("fleet"))).await.expect("an answer");
    assert_eq!(devices.status(), 200);
}

#[tokio::test]
async fn peers_that_stop_in_the_middle_hold_nobody_up_and_are_cut() {
    let impatient = [("REALTIME__PING_INTERVAL_MS", "300"), ("REALTIME__PING_TIMEOUT_MS", "3000")];
    let hub = Served::start(&[SETTINGS, &impatient].concat());
    let mut honest = Honest::connect(&hub).await;
    let mut hanging = Vec::new();
    let text = frame(1, true, br#"42["echo","half of this never comes"]"#);
    for bytes in [&text[..1], &text[..3], &text[..10], &frame(1, false, b"42[")[..], &frame(1, true, b"451-[\"message\"]")[..]] {
        for _ in 0..10 {
            let mut wire = Wire::join(hub.url("lab")).await;
            wire.send(bytes).await;
            hanging.push(wire);
        }
        honest.is_served(&hub, hanging.len()).await;
    }
    let websockets = r#"system="lab",transport="websocket""#;
    let all_but_one_are_gone = hub.until_metric("hubbub_connections", websockets, 1.0);
    let keep_answering = async {
        for round in 1.. {
            honest.is_served(&hub, round).await;
        }
    };
    tokio::select! {
        () = all_but_one_are_gone => {}
        () = keep_answering => {}
    }
    for wire in &mut hanging {
        wire.close_code().await;
    }
}

#[tokio::test]
async fn closing_at_odd_moments_harms_nobody() {
    let hub = Served::start(SETTINGS);
    let base = hub.url("lab");
    let mut honest = Honest::connect(&hub).await;
    let frames = |packets: &[&str]| packets.iter().map(|packet| frame(1, true, packet.as_bytes())).collect::<Vec<_>>().concat();
    // Before joining, while joining, within one read with events before and after, twice, and instead of an attachment.
    for packets in [
        &["1"][..],
        &["40", "1"],
        &["1", "40"],
        &["40", r#"42["join","r"]"#, "1", r#"42["join","s"]"#, "1"],
        &["40", r#"451-["message",{"_placeholder":true,"num":0}]"#, "1"],
        &["40", "41", "1"],
        &["40", "1", "41"],
    ] {
        let mut wire = Wire::open(base, WEBSOCKET).await;
        wire.send(&frames(packets)).await;
        wire.close_code().await;
        honest.is_served(&hub, packets.len()).await;
    }
    // Instead of a probe, after it, and on polling while the WebSocket is probed.
    for packets in [&["1"][..], &["2probe", "1"], &["2probe", "2probe"], &["5"], &["2probe", "6"], &["4x"]] {
        let client = Polling::open(base, "/socket.io/", 4).await;
        let mut wire = Wire::open(base, &format!("{WEBSOCKET}&sid={}", client.sid)).await;
        wire.send(&frames(packets)).await;
        wire.close_code().await;
        client.post("1").await;
        honest.is_served(&hub, packets.len()).await;
    }
    let client = Polling::open(base, "/socket.io/", 4).await;
    let mut wire = Wire::open(base, &format!("{WEBSOCKET}&sid={}", client.sid)).await;
    wire.send(&frames(&["2probe"])).await;
    assert_eq!(wire.text().await, "3probe");
    client.post("1").await;
    wire.send(&frames(&["5"])).await;
    wire.close_code().await;
    hub.until_metric("hubbub_connections", r#"system="lab""#, 1.0).await;
    hub.until_metric("hubbub_rooms", r#"system="lab""#, 0.0).await;
}
