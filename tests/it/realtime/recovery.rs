//! Connection state recovery as a client sees it: the same id and rooms, what it missed once and in order, and never a lie.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::harness::socket::Client;

const RECOVERING: &[(&str, &str)] = &[("LAB__ENABLED", "true"), ("LAB__RECOVERY", "true")];

/// A client that remembers what it needs to come back.
struct Viewer {
    client: Client,
    offset: String,
}

impl Viewer {
    /// Joins the room and hears the first update, which gives it an offset.
    async fn join(hub: &Hub, publisher: &mut Client) -> Self {
        let mut client = connect(hub, json!({})).await;
        assert_eq!(client.ask("join", json!(["room"])).await, json!(["ok"]));
        publish(publisher, "first").await;
        let (text, offset) = update(&mut client).await;
        assert_eq!(text, "first");
        Self { client, offset }
    }

    /// Returns what the client shows to be recovered.
    fn claim(&self) -> Value {
        json!({ "pid": self.client.private_id, "offset": self.offset })
    }
}

async fn connect(hub: &Hub, auth: Value) -> Client {
    let mut client = Client::connect(hub.url("lab"), auth.clone()).await;
    assert_eq!(client.expect("auth").await, json!([auth]));
    client
}

async fn publisher(hub: &Hub) -> Client {
    let mut client = connect(hub, json!({})).await;
    client.ask("join", json!(["room"])).await;
    client
}

async fn publish(publisher: &mut Client, text: &str) {
    assert_eq!(publisher.ask("publish", json!([text])).await, json!([]));
}

/// Returns the next update and its offset.
async fn update(client: &mut Client) -> (String, String) {
    let args = client.expect("update").await;
    let [Value::String(text), Value::String(offset)] = args.as_array().expect("arguments").as_slice() else {
        panic!("an update and its offset, not {args}");
    };
    (text.clone(), offset.clone())
}

#[tokio::test]
async fn a_connection_comes_back_as_often_as_it_drops() {
    let hub = Hub::start(RECOVERING).await;
    let mut publisher = publisher(&hub).await;
    let mut viewer = Viewer::join(&hub, &mut publisher).await;
    let (id, private_id) = (viewer.client.id.clone(), viewer.client.private_id.clone());
    for round in 0..10 {
        let claim = viewer.claim();
        drop(viewer.client);
        for number in 0..round {
            publish(&mut publisher, &format!("missed {round}.{number}")).await;
        }
        viewer.client = Client::connect(hub.url("lab"), claim.clone()).await;
        assert_eq!((&viewer.client.id, &viewer.client.private_id), (&id, &private_id), "round {round}");
        for number in 0..round {
            let (text, offset) = update(&mut viewer.client).await;
            assert_eq!(text, format!("missed {round}.{number}"));
            viewer.offset = offset;
        }
        assert_eq!(viewer.client.expect("auth").await, json!([claim]));
        publish(&mut publisher, "live").await;
        let (text, offset) = update(&mut viewer.client).await;
        assert_eq!(text, "live", "it is in its room again");
        viewer.offset = offset;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_connection_not_yet_seen_to_be_dead_is_taken_over() {
    let hub = Hub::start(RECOVERING).await;
    let mut publisher = publisher(&hub).await;
    let mut viewer = Viewer::join(&hub, &mut publisher).await;
    for round in 0..5 {
        // The hub wrote this one to a connection whose client never got it.
        publish(&mut publisher, "lost on the way").await;
        let claim = viewer.claim();
        let mut back = Client::connect(hub.url("lab"), claim.clone()).await;
        assert_eq!(back.id, viewer.client.id, "round {round}");
        let (text, _) = update(&mut back).await;
        assert_eq!(text, "lost on the way");
        assert_eq!(back.expect("auth").await, json!([claim]));
        viewer.client.closed().await;
        publish(&mut publisher, "live").await;
        let (text, offset) = update(&mut back).await;
        assert_eq!(text, "live", "the end of the old connection did not take the new one out of its room");
        viewer = Viewer { client: back, offset };
    }
    hub.stop().await;
}

/// Comes back with `claim` and finds itself a stranger: another id, no room, nothing replayed.
async fn is_a_stranger(hub: &Hub, publisher: &mut Client, former: &str, claim: Value) {
    let mut back = connect(hub, claim.clone()).await;
    assert_ne!(back.id, former, "{claim}");
    assert_ne!(back.private_id, claim["pid"].as_str().map(str::to_owned), "{claim}");
    publish(publisher, "not for strangers").await;
    back.emit("echo", json!(["done"])).await;
    assert_eq!(back.expect("echo-reply").await, json!(["done"]), "{claim}");
}

#[tokio::test]
async fn a_false_claim_recovers_nothing() {
    let hub = Hub::start(RECOVERING).await;
    let mut publisher = publisher(&hub).await;
    let viewer = Viewer::join(&hub, &mut publisher).await;
    let (former, claim) = (viewer.client.id.clone(), viewer.claim());
    let (pid, offset) = (&claim["pid"], &claim["offset"]);
    viewer.client.close().await;
    let of_another_process = json!(format!("abcdefgh-{}", viewer.offset.rsplit_once('-').expect("a number").1));
    let in_the_future = json!(format!("{}-999999", viewer.offset.rsplit_once('-').expect("a mark").0));
    for false_claim in [
        json!({ "pid": "somebody-else", "offset": offset }),
        json!({ "pid": pid }),
        json!({ "pid": pid, "offset": "nonsense" }),
        json!({ "pid": pid, "offset": of_another_process }),
        json!({ "pid": pid, "offset": in_the_future }),
        json!({ "pid": 7, "offset": offset }),
    ] {
        is_a_stranger(&hub, &mut publisher, &former, false_claim).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn who_left_on_purpose_is_not_recovered() {
    let hub = Hub::start(RECOVERING).await;
    let mut publisher = publisher(&hub).await;
    let mut viewer = Viewer::join(&hub, &mut publisher).await;
    let (former, claim) = (viewer.client.id.clone(), viewer.claim());
    viewer.client.raw().send("41").await;
    viewer.client.close().await;
    is_a_stranger(&hub, &mut publisher, &former, claim).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_restarted_hub_recovers_nobody() {
    let hub = Hub::start(RECOVERING).await;
    let mut first_publisher = publisher(&hub).await;
    let viewer = Viewer::join(&hub, &mut first_publisher).await;
    let (former, claim, data) = (viewer.client.id.clone(), viewer.claim(), Arc::clone(&hub.data));
    drop((viewer, first_publisher));
    hub.stop().await;
    let hub = Hub::start_on(data, RECOVERING).await;
    let mut publisher = publisher(&hub).await;
    is_a_stranger(&hub, &mut publisher, &former, claim).await;
    hub.stop().await;
}

#[tokio::test]
async fn without_recovery_no_event_carries_an_offset() {
    let hub = Hub::start(&[("LAB__ENABLED", "true")]).await;
    let mut publisher = publisher(&hub).await;
    let mut viewer = connect(&hub, json!({})).await;
    assert_eq!(viewer.private_id, None);
    viewer.ask("join", json!(["room"])).await;
    publish(&mut publisher, "plain").await;
    assert_eq!(viewer.expect("update").await, json!(["plain"]));
    hub.stop().await;
}
