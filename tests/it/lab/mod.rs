//! The lab, event by event.

use serde_json::json;

use crate::harness::hub::Hub;
use crate::harness::socket::Client;

const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true")];

#[tokio::test]
async fn both_namespaces_return_the_authentication_payload() {
    let hub = Hub::start(LAB).await;
    for namespace in ["/", "/custom"] {
        let mut client = Client::try_connect(hub.url("lab"), namespace, json!({"token": "abc", "n": 1})).await.expect("admitted");
        assert_eq!(client.expect("auth").await, json!([{"token": "abc", "n": 1}]));
    }
    let mut client = Client::connect(hub.url("lab"), json!({})).await;
    assert_eq!(client.expect("auth").await, json!([{}]));
    hub.stop().await;
}

#[tokio::test]
async fn an_unknown_namespace_is_refused() {
    let hub = Hub::start(LAB).await;
    let refusal = Client::try_connect(hub.url("lab"), "/nowhere", json!({})).await.err();
    assert_eq!(refusal, Some(json!({"message": "Invalid namespace"})));
    hub.stop().await;
}

#[tokio::test]
async fn messages_come_back_as_they_were() {
    let hub = Hub::start(LAB).await;
    let mut client = connect(&hub).await;
    let args = json!([1, "2", [3], {"four": [null, true, 1.5]}]);
    client.emit("message", args.clone()).await;
    assert_eq!(client.expect("message-back").await, args);
    client.emit("echo", json!(["x"])).await;
    assert_eq!(client.expect("echo-reply").await, json!(["x"]));
    assert_eq!(client.ask("message-with-ack", args.clone()).await, args);
    hub.stop().await;
}

#[tokio::test]
async fn published_updates_reach_everyone_else_in_order() {
    let hub = Hub::start(LAB).await;
    let (mut one, mut other, mut outsider) = (connect(&hub).await, connect(&hub).await, connect(&hub).await);
    assert_eq!(one.ask("join", json!(["room"])).await, json!(["ok"]));
    assert_eq!(other.ask("join", json!(["room"])).await, json!(["ok"]));
    for number in 0..500 {
        one.emit("publish", json!([number])).await;
    }
    for number in 0..500 {
        assert_eq!(other.expect("update").await, json!([number]));
    }
    one.emit("echo", json!([])).await;
    assert_eq!(one.expect("echo-reply").await, json!([]), "a publisher does not hear itself");
    outsider.emit("echo", json!([])).await;
    assert_eq!(outsider.expect("echo-reply").await, json!([]), "a stranger hears nothing");
    hub.stop().await;
}

#[tokio::test]
async fn the_newest_frame_arrives() {
    let hub = Hub::start(LAB).await;
    let (mut camera, mut viewer) = (connect(&hub).await, connect(&hub).await);
    camera.ask("join", json!(["room"])).await;
    viewer.ask("join", json!(["room"])).await;
    for number in 0..200 {
        camera.emit("frame", json!([number])).await;
    }
    let mut last = -1;
    while last < 199 {
        let frame = viewer.expect("frame").await[0].as_i64().expect("a number");
        assert!(frame > last, "frame {frame} after {last}");
        last = frame;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_room_needs_a_proper_name() {
    let hub = Hub::start(LAB).await;
    let mut client = connect(&hub).await;
    for bad in [json!([]), json!([""]), json!([1]), json!(["x".repeat(129)])] {
        assert_eq!(client.ask("join", bad).await, json!(["a room is a name of 1 to 128 bytes"]));
    }
    hub.stop().await;
}

async fn connect(hub: &Hub) -> Client {
    let mut client = Client::connect(hub.url("lab"), json!({})).await;
    client.expect("auth").await;
    client
}

#[tokio::test]
async fn a_message_close_to_the_payload_limit_comes_back() {
    let hub = Hub::start(LAB).await;
    let mut client = connect(&hub).await;
    let text = "x".repeat(700_000);
    client.emit("echo", json!([text])).await;
    assert_eq!(client.expect("echo-reply").await, json!([text]));
    hub.stop().await;
}
