//! The lab contract through `rust_socketio`, on each transport.

use hubbub_rust_client_tests::{Client, Server, transports};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn auth_is_echoed_on_both_namespaces() {
    let server = Server::start("lab").await;
    for (name, transport) in transports() {
        for namespace in ["/", "/custom"] {
            let auth = json!({ "token": "abc", "list": [1, null, "ü"] });
            let client = Client::connect(server.url("lab"), namespace, transport.clone(), auth.clone()).await;
            assert_eq!(client.next("auth").await, [auth], "{name} {namespace}");
            client.close().await;
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_acknowledgements_and_binary_come_back() {
    let server = Server::start("lab").await;
    for (name, transport) in transports() {
        let client = Client::connect(server.url("lab"), "/", transport, json!({})).await;
        client.next("auth").await;
        let args = vec![json!(1), json!("text with ünïcode 🎈"), json!({ "deep": [[], {}, null] })];
        client.emit("message", args.clone()).await;
        assert_eq!(client.next("message-back").await, args, "{name}");
        assert_eq!(client.ask("message-with-ack", vec![json!([1, "2"])]).await, json!([[1, "2"]]), "{name}");
        client.emit_binary("message", &[1, 2, 255]).await;
        let (_, binary) = client.next_of(&["message-back", "[message-back,{_placeholder:true,num:0}]"]).await;
        assert_eq!(binary, [json!({ "binary": [1, 2, 255] })], "{name}");
        client.close().await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_members_receive_updates_in_order() {
    let server = Server::start("lab").await;
    for (name, transport) in transports() {
        let publisher = Client::connect(server.url("lab"), "/", transport.clone(), json!({})).await;
        let member = Client::connect(server.url("lab"), "/", transport, json!({})).await;
        for client in [&publisher, &member] {
            client.next("auth").await;
            assert_eq!(client.ask("join", vec![json!(name)]).await, json!(["ok"]), "{name}");
        }
        for number in 0..500 {
            publisher.emit("publish", vec![json!(number)]).await;
        }
        let mut received: Vec<Value> = Vec::new();
        while received.len() < 500 {
            received.extend(member.next("update").await);
        }
        assert_eq!(received, (0..500).map(Value::from).collect::<Vec<_>>(), "{name}");
        assert_eq!(publisher.count("update").await, 0, "{name}");
        publisher.close().await;
        member.close().await;
    }
    server.stop().await;
}
