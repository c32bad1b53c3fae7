//! Heartbeats and deadlines, with short intervals.

use crate::harness::hub::Hub;
use crate::harness::polling::Polling;
use crate::harness::socket::Raw;

const IMPATIENT: &[(&str, &str)] = &[
    ("LAB__ENABLED", "true"),
    ("REALTIME__PING_INTERVAL_MS", "300"),
    ("REALTIME__PING_TIMEOUT_MS", "200"),
    ("REALTIME__CONNECT_TIMEOUT_MS", "1000"),
];

#[tokio::test]
async fn an_answered_ping_is_followed_by_another_and_an_unanswered_one_by_the_end() {
    let hub = Hub::start(IMPATIENT).await;
    let mut raw = Raw::open(hub.url("lab"), "/engine.io/?EIO=4&transport=websocket").await;
    raw.text().await;
    for _ in 0..3 {
        assert_eq!(raw.text().await, "2");
        raw.send("3").await;
    }
    assert_eq!(raw.text().await, "2");
    raw.closed().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_polling_client_that_does_not_answer_loses_its_session() {
    let hub = Hub::start(IMPATIENT).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    assert_eq!(client.poll().await, (reqwest::StatusCode::OK, "2".to_owned()));
    let (status, body) = client.poll().await;
    assert!(body == "1" || status == 400, "closed: {status} {body}");
    assert_eq!(client.poll().await.0, 400);
    hub.stop().await;
}

#[tokio::test]
async fn revision_3_clients_ping_and_are_answered() {
    let hub = Hub::start(IMPATIENT).await;
    let mut raw = Raw::open(hub.url("lab"), "/engine.io/?EIO=3&transport=websocket").await;
    raw.text().await;
    for _ in 0..3 {
        raw.send("2").await;
        assert_eq!(raw.text().await, "3");
    }
    raw.closed().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_connection_that_joins_no_namespace_is_closed() {
    let hub = Hub::start(IMPATIENT).await;
    let mut raw = Raw::open(hub.url("lab"), "/socket.io/?EIO=4&transport=websocket").await;
    raw.text().await;
    while let Some(message) = raw.receive().await {
        assert_eq!(message.to_text().expect("text"), "2");
        raw.send("3").await;
    }
    hub.stop().await;
}
