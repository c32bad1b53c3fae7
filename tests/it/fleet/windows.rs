//! The socket table of limits: every event has a window of its own on each socket, and what is over it is not even refused.

use serde_json::json;

use super::stage::tablet;
use super::support;
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

/// How often each event is taken up in its window.
const EVENTS: [(&str, u64); 28] = [
    ("headset-frame", 120),
    ("headset-status", 10),
    ("headset-identify", 3),
    ("device-telemetry", 5),
    ("headset-recording-state", 50),
    ("headset-logs-processed", 50),
    ("tablet-lock-devices", 5),
    ("tablet-create-session", 3),
    ("dashboard-subscribe", 5),
    ("dashboard-unsubscribe", 50),
    ("tablet-lock-device", 50),
    ("tablet-unlock-device", 50),
    ("tablet-unlock-all-devices", 50),
    ("tablet-start-recording", 50),
    ("tablet-stop-recording", 50),
    ("tablet-start-all-recording", 50),
    ("tablet-stop-all-recording", 50),
    ("tablet-toggle-recording", 50),
    ("tablet-toggle-all-recording", 50),
    ("tablet-sync-metadata", 50),
    ("tablet-connect-headset", 50),
    ("tablet-disconnect-headset", 50),
    ("tablet-get-recording-status", 50),
    ("tablet-start-session", 50),
    ("tablet-pause-session", 50),
    ("tablet-end-session", 50),
    ("tablet-get-session", 50),
    ("tablet-get-active-session", 50),
];

#[tokio::test]
async fn each_event_has_a_window_of_its_own_on_each_socket() {
    let hub = Hub::start(&[]).await;
    let mut tablets = [tablet(&hub, 1).await, tablet(&hub, 2).await];
    let mut headset = support::connect(&hub, "QUEST_001", "headset").await;
    for (event, max) in EVENTS {
        // An event that its sender may not send counts as well, and is answered at once.
        if event.starts_with("tablet") || event.starts_with("dashboard") {
            takes_up(&mut headset, event, max).await;
        } else {
            takes_up(&mut tablets[0], event, max).await;
            takes_up(&mut tablets[1], event, max).await;
        }
    }
    let scrape = support::get(&hub, "/metrics").await.text;
    let dropped = "turing_frames_dropped_total 4";
    assert!(scrape.lines().any(|line| line == dropped), "frames over their limit are dropped frames: {scrape}");
    for taken in [r#"{event="headset-frame"} 240"#, r#"{event="tablet-create-session"} 3"#] {
        let line = format!("turing_socket_events_total{taken}");
        assert!(scrape.lines().any(|shown| shown == line), "only what is taken up is counted: {line} in {scrape}");
    }
}

/// Sends two more than fit: exactly those that fit must be acknowledged, with the refusal of their sender.
async fn takes_up(client: &mut Client, event: &str, max: u64) {
    const FENCE: u64 = 10_000;
    for id in 1_000..1_000 + max + 2 {
        client.raw().send(&format!("42{id}[\"{event}\"]")).await;
    }
    // Something that is answered, and that is not sent often enough to reach a limit of its own.
    let fence = if event.starts_with("headset") || event.starts_with("device") {
        "tablet-sync-metadata"
    } else {
        "headset-logs-processed"
    };
    client.raw().send(&format!("42{FENCE}[\"{fence}\"]")).await;
    let refusal = json!([{"code": "FORBIDDEN", "message": "This token may not send this event"}]).to_string();
    let mut acknowledged = Vec::new();
    loop {
        let packet = client.raw().packet().await;
        let Some(ack) = packet.strip_prefix("43") else { continue };
        let place = ack.find('[').expect("an acknowledgement has arguments");
        let (id, args) = ack.split_at(place);
        let id: u64 = id.parse().expect("a number");
        if id == FENCE {
            break;
        }
        assert_eq!(args, refusal, "{event}");
        acknowledged.push(id);
    }
    assert_eq!(acknowledged, (1_000..1_000 + max).collect::<Vec<u64>>(), "{event}");
}
