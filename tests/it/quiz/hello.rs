//! `server:hello`, `client:hello` and `connection:heartbeat`: a connection stands, and lives.

use serde_json::{Value, json};

use super::stage::{Ears, Stage, guest, is, now_ms};
use crate::harness::hub::Hub;
use crate::harness::quiz::UNLIMITED;
use crate::harness::socket::Client;

#[tokio::test]
async fn a_socket_is_greeted_first_by_its_id_and_the_servers_time() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let before = now_ms();
    let mut client = Client::connect(hub.url("quiz"), json!({})).await;
    let hello = client.expect("server:hello").await;
    is(hello.clone(), json!([{"socketId": client.id, "serverTime": "<ms>"}]));
    let time = hello[0]["serverTime"].as_i64().expect("a number");
    assert!((before..=now_ms()).contains(&time), "{time}");
    hub.stop().await;
}

#[tokio::test]
async fn a_clients_hello_may_be_anything_and_is_not_answered() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let mut client = guest(&hub).await;
    for said in [json!([]), json!([null]), json!([{"ready": true}]), json!(["hello", 2, [3]]), json!([[[[]]]])] {
        client.emit("client:hello", said.clone()).await;
        client.is_silent().await;
        assert_eq!(client.ask("client:hello", said).await, json!([]));
    }
    client.is_silent().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_answered_with_the_servers_time_whatever_it_names() {
    let stage = Stage::set().await;
    let mut client = stage.player("p1").await;
    let other = guest(&stage.hub).await;
    for beat in [
        json!([{"socketId": client.id}]),
        json!([{"socketId": client.id, "roomId": stage.room}]),
        json!([{"socketId": client.id, "roomId": null}]),
        json!([{"socketId": client.id, "roomId": "no room"}]),
        // Not the caller's: ignored.
        json!([{"socketId": other.id}]),
    ] {
        let before = now_ms();
        client.emit("connection:heartbeat", beat.clone()).await;
        let (name, args) = client.next_word().await;
        assert_eq!(name, "connection:heartbeat:ack");
        is(args.clone(), json!([{"timestamp": "<ms>"}]));
        let time = args[0]["timestamp"].as_i64().expect("a number");
        assert!((before..=now_ms()).contains(&time), "{time}");
        let (heard, ack) = client.ask_and_hear("connection:heartbeat", beat).await;
        let answers: Vec<&Value> =
            heard.iter().filter(|(name, _)| name == "connection:heartbeat:ack").map(|(_, args)| args).collect();
        assert_eq!(answers, [&ack]);
    }
    let mut other = other;
    other.is_silent().await;
    stage.hub.stop().await;
}
