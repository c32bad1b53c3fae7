//! Long-polling: payloads, binary data, revision 3, and the one poll at a time.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::harness::polling::Polling;

const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true")];

#[tokio::test]
async fn the_handshake_tells_the_documented_parameters() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    let expected = json!({"sid": client.sid, "upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1_000_000});
    assert_eq!(client.open, expected);
    let old = Polling::open(hub.url("lab"), "/socket.io/", 3).await;
    assert_eq!(old.open, json!({"sid": old.sid, "upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000}));
    hub.stop().await;
}

#[tokio::test]
async fn several_packets_go_in_one_payload_each_way() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    assert_eq!(client.post("4one\u{1e}4two\u{1e}bAQIDBA==").await, (StatusCode::OK, "ok".to_owned()));
    assert_eq!(client.poll().await, (StatusCode::OK, "4one\u{1e}4two\u{1e}bAQIDBA==".to_owned()));
    hub.stop().await;
}

#[tokio::test]
async fn revision_3_counts_characters_and_may_take_binary_payloads() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 3).await;
    assert_eq!(client.post("6:4héllo4:4€uro").await.0, 400, "a length that does not fit");
    let client = Polling::open_text_only(hub.url("lab"), "/engine.io/").await;
    assert_eq!(client.post("6:4héllo5:4€uro10:b4AQIDBA==").await, (StatusCode::OK, "ok".to_owned()));
    assert_eq!(client.poll().await.1, "6:4héllo5:4€uro10:b4AQIDBA==");
    hub.stop().await;
}

#[tokio::test]
async fn a_socket_io_client_connects_and_talks() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    client.post("40{\"a\":1}").await;
    let (_, body) = client.poll().await;
    let (connect, auth) = body.split_once('\u{1e}').expect("two packets");
    let sid: Value = serde_json::from_str(connect.strip_prefix("40").expect("a connect packet")).expect("JSON");
    assert_eq!(sid.as_object().map(|sid| sid.len()), Some(1));
    assert_eq!(auth, r#"42["auth",{"a":1}]"#);
    client.post("42[\"message\",1,\"2\",{\"3\":[true]}]\u{1e}420[\"message-with-ack\",4]").await;
    assert_eq!(client.poll().await.1, "42[\"message-back\",1,\"2\",{\"3\":[true]}]\u{1e}430[4]");
    hub.stop().await;
}

#[tokio::test]
async fn revision_3_is_connected_without_asking() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/socket.io/", 3).await;
    client.post("12:42[\"echo\",1]").await;
    let (_, body) = client.poll().await;
    assert!(body.contains("42[\"echo-reply\",1]"), "{body}");
    hub.stop().await;
}

#[tokio::test]
async fn a_second_poll_closes_the_session() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    let (first, second) = tokio::join!(client.poll(), client.poll());
    let statuses = [first.0.as_u16(), second.0.as_u16()];
    assert!(statuses.contains(&400), "{statuses:?}");
    assert_eq!(client.poll().await.0, 400);
    hub.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_ends_the_session_with_413() {
    let hub = Hub::start(&[("LAB__ENABLED", "true"), ("LAB__MAX_PAYLOAD_BYTES", "1000")]).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    assert_eq!(client.post(format!("4{}", "x".repeat(2000))).await.0, 413);
    assert_ne!(client.post("4x").await.1, "ok");
    hub.stop().await;
}

#[tokio::test]
async fn a_client_can_close_its_session() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/engine.io/", 4).await;
    let (polled, _) = tokio::join!(client.poll(), client.post("1"));
    assert!(polled.1 == "1" || polled.1 == "6" || polled.0 == 400, "{polled:?}");
    assert_eq!(client.poll().await.0, 400);
    hub.stop().await;
}
