//! Acknowledgements that the hub asks for, middleware at connect, and events that take their time.

use std::sync::Arc;
use std::time::Duration;

use hubbub::realtime::dispatch::Socket;
use hubbub::realtime::handshake::Handshake;
use hubbub::realtime::namespace::{ConnectRefusal, Handled, Hooks, OpenHooks};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_protocol::wire::args::Args;
use hubbub_protocol::wire::value::Value;
use serde_json::json;
use tokio::sync::Notify;

use crate::harness::custom::Custom;
use crate::harness::socket::{Client, Raw};

/// Asks the client a question and reports what it answered.
fn ask_back(timeout: Duration) -> impl Fn(&Arc<Socket>, Args, Option<u64>) -> Handled {
    move |socket, args, _| {
        let socket = Arc::clone(socket);
        actix_rt::spawn(async move {
            let answer = socket.ask("question", &args, timeout).await;
            let report = answer.unwrap_or_else(|| Args::of(&"no answer"));
            socket.reply_args("answered", &report);
        });
        Handled::Done
    }
}

#[tokio::test]
async fn the_hub_can_ask_a_client_and_gets_its_answer() {
    let custom = Custom::serve(Box::new(OpenHooks), |table| table.on("ask-me", None, ask_back(Duration::from_secs(10)))).await;
    let mut client = Client::connect(&custom.url, json!({})).await;
    client.emit("ask-me", json!(["how", "much"])).await;
    let question = client.raw().packet().await;
    assert_eq!(question, r#"420["question","how","much"]"#);
    client.raw().send("430[42,{\"unit\":\"kg\"}]").await;
    assert_eq!(client.expect("answered").await, json!([42, {"unit": "kg"}]));
    custom.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_answer_in_time_is_not_waited_for() {
    let custom = Custom::serve(Box::new(OpenHooks), |table| table.on("ask-me", None, ask_back(Duration::from_millis(50)))).await;
    let mut client = Client::connect(&custom.url, json!({})).await;
    client.emit("ask-me", json!([])).await;
    assert_eq!(client.raw().packet().await, r#"420["question"]"#);
    assert_eq!(client.expect("answered").await, json!(["no answer"]));
    client.raw().send("430[\"late\"]").await;
    client.raw().send("439[\"never asked\"]").await;
    client.emit("ask-me", json!([])).await;
    assert_eq!(client.raw().packet().await, r#"421["question"]"#, "answers to nothing are ignored");
    custom.stop().await;
}

/// Admits only those who know the word.
struct Password;

impl Hooks for Password {
    fn admit(&self, _: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal> {
        let word = auth.and_then(|auth| auth.get("word")).and_then(Value::as_str);
        if word == Some("sesame") {
            return Ok(Caller::anonymous());
        }
        let data = Value::Object(vec![("code".to_owned(), Value::String("WRONG_WORD".to_owned()))]);
        Err(ConnectRefusal { message: "not that word".to_owned(), data: Some(data) })
    }

    fn connected(&self, _: &Arc<Socket>, _: &Handshake, _: Option<&Value>) -> Handled {
        Handled::Done
    }

    fn disconnected(&self, _: &Arc<Socket>, _: CloseReason) -> Handled {
        Handled::Done
    }
}

#[tokio::test]
async fn a_refused_connect_tells_why_and_may_be_tried_again_on_the_same_connection() {
    let custom = Custom::serve(Box::new(Password), |table| table).await;
    let mut raw = Raw::open(&custom.url, "/socket.io/?EIO=4&transport=websocket").await;
    raw.packet().await;
    raw.send("40{\"word\":\"please\"}").await;
    assert_eq!(raw.packet().await, r#"44{"message":"not that word","data":{"code":"WRONG_WORD"}}"#);
    raw.send("40{\"word\":\"sesame\"}").await;
    assert!(raw.packet().await.starts_with("40{\"sid\":"));
    custom.stop().await;
}

#[tokio::test]
async fn a_slow_event_holds_up_the_next_one_of_its_socket_and_nothing_else() {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let custom = Custom::serve(Box::new(OpenHooks), move |table| {
        let slow = move |socket: &Arc<Socket>, _: Args, _: Option<u64>| {
            let (socket, gate) = (Arc::clone(socket), Arc::clone(&gate));
            Handled::Later(Box::pin(async move {
                gate.notified().await;
                socket.reply_args("slow-done", &Args::default());
            }))
        };
        let quick = |socket: &Arc<Socket>, _: Args, _: Option<u64>| {
            socket.reply_args("quick-done", &Args::default());
            Handled::Done
        };
        table.on("slow", None, slow).on("quick", None, quick)
    })
    .await;
    let (mut waiting, mut other) = (Client::connect(&custom.url, json!({})).await, Client::connect(&custom.url, json!({})).await);
    waiting.emit("slow", json!([])).await;
    waiting.emit("quick", json!([])).await;
    other.emit("quick", json!([])).await;
    other.expect("quick-done").await;
    assert_eq!(waiting.raw().text().await, "2", "heartbeats go on");
    waiting.raw().send("3").await;
    opened.notify_one();
    assert_eq!(waiting.expect("slow-done").await, json!([]));
    assert_eq!(waiting.expect("quick-done").await, json!([]));
    custom.stop().await;
}
