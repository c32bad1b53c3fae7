//! Moving from polling to WebSocket.

use crate::harness::hub::Hub;
use crate::harness::polling::Polling;
use crate::harness::socket::Raw;

const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true")];

#[tokio::test]
async fn a_probed_session_moves_and_its_polling_is_over() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    let mut raw = Raw::open(hub.url("lab"), &format!("/engine.io/?EIO=4&transport=websocket&sid={}", client.sid)).await;
    raw.send("2probe").await;
    assert_eq!(raw.text().await, "3probe");
    raw.send("5").await;
    raw.send("4hello").await;
    assert_eq!(raw.text().await, "4hello");
    assert_eq!(client.poll().await.0, 400);
    assert_eq!(client.post("4x").await.0, 400);
    hub.stop().await;
}

#[tokio::test]
async fn an_open_poll_is_answered_with_noop_when_a_probe_comes() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    let upgrade = async {
        let mut raw = Raw::open(hub.url("lab"), &format!("/engine.io/?EIO=4&transport=websocket&sid={}", client.sid)).await;
        raw.send("2probe").await;
        assert_eq!(raw.text().await, "3probe");
        raw
    };
    let ((_, polled), mut raw) = tokio::join!(client.poll(), upgrade);
    assert_eq!(polled, "6");
    raw.send("5").await;
    raw.send("4x").await;
    assert_eq!(raw.text().await, "4x");
    hub.stop().await;
}

#[tokio::test]
async fn what_waits_is_neither_lost_nor_reordered() {
    let hub = Hub::start(LAB).await;
    for _ in 0..20 {
        let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
        let mut raw = Raw::open(hub.url("lab"), &format!("/engine.io/?EIO=4&transport=websocket&sid={}", client.sid)).await;
        client.post((0..50).map(|n| format!("4{n}")).collect::<Vec<_>>().join("\u{1e}")).await;
        raw.send("2probe").await;
        assert_eq!(raw.text().await, "3probe");
        client.post((50..100).map(|n| format!("4{n}")).collect::<Vec<_>>().join("\u{1e}")).await;
        raw.send("5").await;
        for n in 0..100 {
            assert_eq!(raw.text().await, format!("4{n}"));
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_websocket_cannot_be_taken_over() {
    let hub = Hub::start(LAB).await;
    let mut owner = Raw::open(hub.url("lab"), "/engine.io/?EIO=4&transport=websocket").await;
    let open = owner.text().await;
    let sid = open.split('"').nth(3).expect("a session id").to_owned();
    let mut second = Raw::open(hub.url("lab"), &format!("/engine.io/?EIO=4&transport=websocket&sid={sid}")).await;
    second.closed().await;
    owner.send("4still here").await;
    assert_eq!(owner.text().await, "4still here");
    hub.stop().await;
}

#[tokio::test]
async fn a_probe_that_is_given_up_leaves_the_polling_session_alive() {
    let hub = Hub::start(&[("LAB__ENABLED", "true"), ("REALTIME__UPGRADE_TIMEOUT_MS", "200")]).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    let mut raw = Raw::open(hub.url("lab"), &format!("/engine.io/?EIO=4&transport=websocket&sid={}", client.sid)).await;
    raw.send("2probe").await;
    assert_eq!(raw.text().await, "3probe");
    raw.closed().await;
    client.post("4alive").await;
    assert!(client.poll().await.1.contains("4alive"));
    hub.stop().await;
}
