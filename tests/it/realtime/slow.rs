//! A peer that stops reading: it costs the hub no more than its bound, and the others nothing at all.

use serde_json::json;

use crate::harness::process::Served;
use crate::harness::socket::{Client, Raw};

/// Heartbeats stay out of the way: the volume alone decides.
const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true"), ("REALTIME__PING_INTERVAL_MS", "600000")];
/// One message.
const MESSAGE_BYTES: usize = 200_000;
/// 200 MB in all.
const MESSAGES: usize = 1000;
/// Published before everybody has read them: less than an Outbox holds.
const IN_FLIGHT: usize = 4;
/// What the hub may grow by: the slow peer's lanes (1 MiB each), one entry on the wire, read and decode buffers, and slack
/// for the allocator. All that was sent is six times as much.
const GROWTH_BYTES: u64 = 32 * 1024 * 1024;

/// Joins the room with a client that is ready for raw frames.
async fn join(hub: &Served, mut raw: Raw) -> Raw {
    assert!(raw.text().await.starts_with('0'));
    raw.send("40{}").await;
    assert!(raw.text().await.starts_with("40"));
    assert_eq!(raw.text().await, r#"42["auth",{}]"#);
    raw.send(r#"420["join","room"]"#).await;
    assert_eq!(raw.text().await, r#"430["ok"]"#, "{}", hub.url("lab"));
    raw
}

async fn reader(hub: &Served) -> Raw {
    join(hub, Raw::open(hub.url("lab"), "/socket.io/?EIO=4&transport=websocket").await).await
}

/// A peer that will not read any more; it holds only a few KiB itself.
async fn sleeper(hub: &Served) -> Raw {
    join(hub, Raw::open_narrow(hub.url("lab"), "/socket.io/?EIO=4&transport=websocket").await).await
}

/// Sends an event and waits for its acknowledgement.
async fn ask(publisher: &mut Raw, event: &str, number: usize, padding: &str) {
    publisher.send(&format!(r#"42{number}["{event}",{number},"{padding}"]"#)).await;
    assert_eq!(publisher.text().await, format!("43{number}[]"));
}

/// Returns the number of the next event, which must be `event`.
async fn number(viewer: &mut Raw, event: &str) -> usize {
    let text = viewer.text().await;
    let rest = text.strip_prefix(&format!(r#"42["{event}","#)).unwrap_or_else(|| panic!("not `{event}`: {:.80}", text));
    rest.split_once(',').and_then(|(number, _)| number.parse().ok()).expect("a number")
}

#[tokio::test]
async fn a_peer_that_stops_reading_is_cut_and_the_others_get_everything_in_order() {
    let hub = Served::start(LAB);
    let (mut publisher, slow) = (reader(&hub).await, sleeper(&hub).await);
    let mut viewers = [reader(&hub).await, reader(&hub).await];
    let padding = "x".repeat(MESSAGE_BYTES);
    let (mut before, mut most) = (0, 0);
    for number_sent in 0..MESSAGES {
        ask(&mut publisher, "publish", number_sent, &padding).await;
        if number_sent % IN_FLIGHT < IN_FLIGHT - 1 {
            continue;
        }
        for viewer in &mut viewers {
            for expected in number_sent + 1 - IN_FLIGHT..=number_sent {
                assert_eq!(number(viewer, "update").await, expected);
            }
        }
        most = most.max(hub.resident_bytes());
        if number_sent < 2 * IN_FLIGHT {
            // Every buffer of an honest connection has had its use; what comes on top is the sleeper's.
            before = hub.resident_bytes();
        }
    }
    assert!(most - before < GROWTH_BYTES, "from {before} to {most} bytes");
    hub.until_metric("hubbub_slow_evicted_total", "lab", 1.0).await;
    hub.until_metric("hubbub_connections", r#"system="lab",transport="websocket""#, 3.0).await;
    assert!(hub.log().contains("ended: slow consumer"), "{}", hub.log());
    drop(slow);
}

#[tokio::test]
async fn a_slow_peer_that_reads_on_hears_why_it_was_cut() {
    let hub = Served::start(LAB);
    let (mut publisher, mut slow) = (reader(&hub).await, sleeper(&hub).await);
    let padding = "x".repeat(MESSAGE_BYTES);
    let mut published = 0;
    while hub.metric("hubbub_slow_evicted_total", "lab").await < 1.0 {
        assert!(published < MESSAGES, "the sleeper is still there");
        ask(&mut publisher, "publish", published, &padding).await;
        published += 1;
    }
    assert_eq!(slow.close_frame().await, Some((1008, "slow consumer".to_owned())));
}

#[tokio::test]
async fn a_slow_peer_misses_frames_but_stays_and_gets_the_newest() {
    let hub = Served::start(LAB);
    let (mut camera, mut slow, mut viewer) = (reader(&hub).await, sleeper(&hub).await, reader(&hub).await);
    let padding = "x".repeat(MESSAGE_BYTES);
    let watching = tokio::spawn(async move {
        let mut last = number(&mut viewer, "frame").await;
        while last < MESSAGES - 1 {
            let next = number(&mut viewer, "frame").await;
            assert!(next > last, "{next} after {last}");
            last = next;
        }
    });
    let (mut before, mut most) = (0, 0);
    for sent in 0..MESSAGES {
        ask(&mut camera, "frame", sent, &padding).await;
        let now = hub.resident_bytes();
        most = most.max(now);
        if sent < 8 {
            before = now;
        }
    }
    watching.await.expect("the viewer saw the newest frame");
    assert!(most - before < GROWTH_BYTES, "from {before} to {most} bytes");
    let mut seen = vec![number(&mut slow, "frame").await];
    while seen.last().is_some_and(|last| *last < MESSAGES - 1) {
        seen.push(number(&mut slow, "frame").await);
    }
    assert!(seen.is_sorted_by(|earlier, later| earlier < later), "{seen:?}");
    assert!(seen.len() < MESSAGES / 2, "{} frames were kept for a peer that did not read", seen.len());
    assert!(hub.metric("hubbub_outbox_dropped_total", "lab").await >= (MESSAGES - seen.len()) as f64);
    assert_eq!(hub.metric("hubbub_slow_evicted_total", "lab").await, 0.0);
}

#[tokio::test]
async fn commands_reach_a_peer_that_is_behind_with_its_frames() {
    let hub = Served::start(LAB);
    let (mut camera, mut slow) = (reader(&hub).await, sleeper(&hub).await);
    let padding = "x".repeat(900_000);
    for sent in 0..20 {
        ask(&mut camera, "frame", sent, &padding).await;
    }
    camera.send(r#"42["publish","command"]"#).await;
    let mut frames = Vec::new();
    loop {
        let text = slow.text().await;
        if text == r#"42["update","command"]"# {
            break;
        }
        frames.push(text.len());
    }
    assert!(frames.len() < 20, "the command waited for every frame");
    assert_eq!(number(&mut slow, "frame").await, 19, "the newest frame follows");
}

#[tokio::test]
async fn a_slow_peer_on_polling_is_cut_as_well() {
    let hub = Served::start(LAB);
    let mut publisher = reader(&hub).await;
    let slow = crate::harness::polling::Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    slow.post("40{}\u{1e}420[\"join\",\"room\"]").await;
    assert!(slow.poll().await.1.ends_with("430[\"ok\"]"));
    let padding = "x".repeat(MESSAGE_BYTES);
    for sent in 0..20 {
        ask(&mut publisher, "publish", sent, &padding).await;
    }
    hub.until_metric("hubbub_slow_evicted_total", "lab", 1.0).await;
    assert_eq!(slow.poll().await, (reqwest::StatusCode::OK, "1".to_owned()));
    assert_eq!(slow.poll().await.0, 400);
    hub.until_metric("hubbub_connections", r#"system="lab",transport="polling""#, 0.0).await;
}

/// A harness client for the room's events, kept to the end of the test by its owner.
#[tokio::test]
async fn a_peer_that_floods_without_reading_is_cut_by_its_own_answers() {
    let hub = Served::start(LAB);
    let mut other = Client::connect(hub.url("lab"), json!({})).await;
    other.expect("auth").await;
    let mut flooder = sleeper(&hub).await;
    let flood = format!(r#"42["echo","{}"]"#, "x".repeat(MESSAGE_BYTES));
    use futures_util::SinkExt;
    use tokio_tungstenite::tungstenite::Message;
    let mut sent = 0;
    while flooder.0.send(Message::text(flood.clone())).await.is_ok() {
        sent += 1;
        assert!(sent < 10 * MESSAGES, "the flooder is still there");
    }
    other.emit("echo", json!(["still here"])).await;
    assert_eq!(other.expect("echo-reply").await, json!(["still here"]));
    hub.until_metric("hubbub_slow_evicted_total", "lab", 1.0).await;
}
