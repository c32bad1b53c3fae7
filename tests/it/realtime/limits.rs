//! Every limit of a connection: what is just allowed is answered, what is just beyond is refused, and nobody else notices.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::hub::Hub;
use crate::harness::polling::Polling;
use crate::harness::socket::{Client, Raw};
use crate::harness::wire::{Wire, frame};

const MAX_PAYLOAD: usize = 10_000;
const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true"), ("LAB__MAX_PAYLOAD_BYTES", "10000")];
/// Deadlines that pass while a test waits.
const IMPATIENT: &[(&str, &str)] = &[
    ("LAB__ENABLED", "true"),
    ("REALTIME__PING_INTERVAL_MS", "300"),
    ("REALTIME__PING_TIMEOUT_MS", "5000"),
    ("REALTIME__CONNECT_TIMEOUT_MS", "600"),
];

/// Engine.IO messages as a client sends them: text, or bytes.
enum Sent {
    Text(String),
    Bytes(Vec<u8>),
}

fn text(text: impl Into<String>) -> Sent {
    Sent::Text(text.into())
}

fn bytes(length: usize) -> Sent {
    Sent::Bytes(vec![7; length])
}

/// Sends the messages over both transports after joining; each must end that connection, and no other.
async fn is_refused(hub: &Hub, name: &str, messages: &[Sent]) {
    let mut other = Client::connect(hub.url("lab"), json!({})).await;
    other.expect("auth").await;
    let mut wire = Wire::join(hub.url("lab")).await;
    for message in messages {
        match message {
            Sent::Text(text) => wire.send(&frame(1, true, text.as_bytes())).await,
            Sent::Bytes(bytes) => wire.send(&frame(2, true, bytes)).await,
        }
    }
    assert_eq!(wire.close_code().await, Some(1002), "{name}");
    let polling = join_polling(hub).await;
    for message in messages {
        polling.post(body(message)).await;
    }
    assert_eq!(polling.post("42[\"echo\",1]").await.0, StatusCode::BAD_REQUEST, "{name}");
    other.emit("echo", json!([name])).await;
    assert_eq!(other.expect("echo-reply").await, json!([name]));
}

/// Sends the messages over both transports after joining; the last one must be answered with `answer`.
async fn is_answered(hub: &Hub, name: &str, messages: &[Sent], answer: &str) {
    let mut wire = Wire::join(hub.url("lab")).await;
    for message in messages {
        match message {
            Sent::Text(text) => wire.send(&frame(1, true, text.as_bytes())).await,
            Sent::Bytes(bytes) => wire.send(&frame(2, true, bytes)).await,
        }
    }
    assert_eq!(wire.text().await, answer, "{name}");
    let polling = join_polling(hub).await;
    for message in messages {
        assert_eq!(polling.post(body(message)).await.0, StatusCode::OK, "{name}");
    }
    let polled = polling.poll().await.1;
    assert_eq!(polled.split('\u{1e}').next(), Some(answer), "{name}");
}

fn body(message: &Sent) -> String {
    use base64::Engine as _;
    match message {
        Sent::Text(text) => text.clone(),
        Sent::Bytes(bytes) => format!("b{}", base64::engine::general_purpose::STANDARD.encode(bytes)),
    }
}

async fn join_polling(hub: &Hub) -> Polling {
    let polling = Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    polling.post("40").await;
    assert!(polling.poll().await.1.ends_with(r#"42["auth",{}]"#));
    polling
}

fn placeholders(count: usize) -> String {
    (0..count).map(|number| format!(r#",{{"_placeholder":true,"num":{number}}}"#)).collect()
}

#[tokio::test]
async fn attachments_are_counted_before_the_first_comes() {
    let hub = Hub::start(LAB).await;
    let header = |count: usize| text(format!(r#"45{count}-["message"{}]"#, placeholders(count)));
    let ten = std::iter::once(header(10)).chain((0..10).map(|_| bytes(10))).collect::<Vec<_>>();
    is_answered(&hub, "ten", &ten, &format!(r#"4510-["message-back"{}]"#, placeholders(10))).await;
    is_refused(&hub, "eleven", &[header(11)]).await;
    is_refused(&hub, "a million", &[text(r#"451000000-["message"]"#)]).await;
    is_refused(&hub, "beyond counting", &[text(r#"4599999999999999999999-["message"]"#)]).await;
    for zero in [r#"450-["message"]"#, r#"460-0["message"]"#, r#"4600-0[]"#, r#"45-["message"]"#, r#"45["message"]"#] {
        is_refused(&hub, zero, &[text(zero)]).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn attachments_are_weighed_together() {
    let hub = Hub::start(LAB).await;
    let header = || text(format!(r#"452-["message"{}]"#, placeholders(2)));
    let fine = [header(), bytes(5_000), bytes(5_000)];
    is_answered(&hub, "just within", &fine, &format!(r#"452-["message-back"{}]"#, placeholders(2))).await;
    is_refused(&hub, "just beyond", &[header(), bytes(5_000), bytes(5_001)]).await;
    hub.stop().await;
}

#[tokio::test]
async fn attachments_must_be_those_announced() {
    let hub = Hub::start(LAB).await;
    let one = || text(r#"451-["message",{"_placeholder":true,"num":0}]"#);
    is_refused(&hub, "text instead", &[one(), text(r#"42["echo",1]"#)]).await;
    is_refused(&hub, "unannounced", &[bytes(3)]).await;
    is_refused(&hub, "another number", &[text(r#"451-["message",{"_placeholder":true,"num":1}]"#), bytes(3)]).await;
    is_refused(&hub, "a negative number", &[text(r#"451-["message",{"_placeholder":true,"num":-1}]"#), bytes(3)]).await;
    is_refused(&hub, "the same twice", &[text(format!(r#"451-["message"{0}{0}]"#, placeholders(1))), bytes(3)]).await;
    hub.stop().await;
}

#[tokio::test]
async fn attachments_must_come_in_time() {
    let hub = Hub::start(IMPATIENT).await;
    let mut raw = Raw::open(hub.url("lab"), "/socket.io/?EIO=4&transport=websocket").await;
    raw.send("40").await;
    raw.send(&format!(r#"452-["message"{}]"#, placeholders(2))).await;
    raw.send_binary(b"the first of two").await;
    let mut pings = 0;
    while let Some(message) = raw.receive().await {
        pings += usize::from(message.to_text().is_ok_and(|text| text == "2"));
        raw.send("3").await;
    }
    assert!(pings > 0, "the heartbeat went on, the second attachment did not come");
    hub.stop().await;
}

#[tokio::test]
async fn a_namespace_must_be_joined_in_time_on_polling_too() {
    let hub = Hub::start(IMPATIENT).await;
    let polling = Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    loop {
        let (status, body) = polling.poll().await;
        if body != "2" {
            assert_eq!((status, body.as_str()), (StatusCode::OK, "1"));
            break;
        }
        polling.post("3").await;
    }
    assert_eq!(polling.poll().await.0, StatusCode::BAD_REQUEST);
    hub.stop().await;
}

#[tokio::test]
async fn payloads_are_weighed_on_both_transports() {
    let hub = Hub::start(LAB).await;
    let echo = |length: usize| format!(r#"42["echo","{}"]"#, "x".repeat(length - r#"42["echo",""]"#.len()));
    let longest = echo(MAX_PAYLOAD);
    is_answered(&hub, "the longest", &[text(&longest)], &longest.replacen("echo", "echo-reply", 1)).await;
    let mut wire = Wire::join(hub.url("lab")).await;
    wire.send(&frame(1, true, echo(MAX_PAYLOAD + 1).as_bytes())).await;
    assert_eq!(wire.close_code().await, Some(1009));
    let polling = join_polling(&hub).await;
    let (status, body) = polling.post(echo(MAX_PAYLOAD + 1)).await;
    assert_eq!((status.as_u16(), body.as_str()), (413, r#"{"code":3,"message":"Payload too large"}"#));
    assert_eq!(polling.post("2").await.0, StatusCode::BAD_REQUEST);
    hub.stop().await;
}

#[tokio::test]
async fn a_polling_body_holds_so_many_packets() {
    let hub = Hub::start(LAB).await;
    let body = |count: usize| vec!["6"; count].join("\u{1e}");
    let polling = join_polling(&hub).await;
    assert_eq!(polling.post(body(1000)).await, (StatusCode::OK, "ok".to_owned()));
    assert_eq!(polling.post(body(1001)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(polling.post("6").await.0, StatusCode::BAD_REQUEST);
    hub.stop().await;
}

#[tokio::test]
async fn a_message_has_so_many_fragments() {
    let hub = Hub::start(LAB).await;
    let fragments = |count: usize| {
        let first = frame(1, false, br#"42["echo",""#);
        let middle = (0..count - 2).map(|_| frame(0, false, b"x"));
        std::iter::once(first).chain(middle).chain([frame(0, true, br#""]"#)]).collect::<Vec<_>>().concat()
    };
    let mut wire = Wire::join(hub.url("lab")).await;
    wire.send(&fragments(128)).await;
    assert_eq!(wire.text().await, format!(r#"42["echo-reply","{}"]"#, "x".repeat(126)));
    wire.send(&fragments(129)).await;
    assert_eq!(wire.close_code().await, Some(1009));
    hub.stop().await;
}

#[tokio::test]
async fn a_payload_is_so_deep_and_so_wide() {
    let hub = Hub::start(LAB).await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep = |depth: usize| format!(r#"42["echo",{}]"#, nested(depth - 1));
    is_answered(&hub, "deep", &[text(deep(64))], &format!(r#"42["echo-reply",{}]"#, nested(63))).await;
    is_refused(&hub, "too deep", &[text(deep(65))]).await;
    is_refused(&hub, "far too deep", &[text(format!(r#"42["echo",{}"#, "[".repeat(9_000)))]).await;
    let wide = |count: usize| format!(r#"42["message"{}]"#, ",1".repeat(count));
    is_answered(&hub, "wide", &[text(wide(1024))], &format!(r#"42["message-back"{}]"#, ",1".repeat(1024))).await;
    is_refused(&hub, "too wide", &[text(wide(1025))]).await;
    hub.stop().await;
}

#[tokio::test]
async fn an_acknowledgement_id_is_a_number_that_javascript_counts() {
    let hub = Hub::start(LAB).await;
    let ask = |id: &str| text(format!(r#"42{id}["message-with-ack",1]"#));
    is_answered(&hub, "the greatest", &[ask("9007199254740991")], "439007199254740991[1]").await;
    is_refused(&hub, "one more", &[ask("9007199254740992")]).await;
    is_refused(&hub, "beyond 64 bits", &[ask("99999999999999999999")]).await;
    is_refused(&hub, "an answer without a number", &[text("43[1]")]).await;
    // An answer to a question that nobody asked is no reason to end anything.
    is_answered(&hub, "unasked", &[text("437[1]"), ask("1")], "431[1]").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_connection_joins_only_what_there_is_and_only_once() {
    let hub = Hub::start(LAB).await;
    let unknown = format!("40/{},", "x".repeat(127));
    let refusal = format!(r#"44/{},{{"message":"Invalid namespace"}}"#, "x".repeat(127));
    is_answered(&hub, "the longest name", &[text(&unknown)], &refusal).await;
    is_refused(&hub, "a longer name", &[text(format!("40/{},", "x".repeat(128)))]).await;
    is_refused(&hub, "an event elsewhere", &[text(r#"42/custom,["echo",1]"#)]).await;
    let mut wire = Wire::join(hub.url("lab")).await;
    for _ in 0..2 {
        wire.send(&frame(1, true, b"40")).await;
    }
    assert_eq!(wire.close_code().await, Some(1002), "joined twice");
    hub.stop().await;
}

#[tokio::test]
async fn reserved_and_malformed_events_are_parse_errors() {
    let hub = Hub::start(LAB).await;
    let malformed = [
        "4",
        "49",
        "42",
        "42[]",
        "42[1]",
        "42{}",
        r#"42["echo""#,
        r#"42["connect"]"#,
        r#"42["disconnect"]"#,
        "41{}",
        "40[]",
        "40\"x\"",
        "44{}",
        "47",
        "x",
        "",
        "5",
        "2probe",
        r#"42["echo"]x"#,
    ];
    for packet in malformed {
        let mut wire = Wire::join(hub.url("lab")).await;
        wire.send(&frame(1, true, packet.as_bytes())).await;
        assert_eq!(wire.close_code().await, Some(1002), "`{packet}`");
    }
    hub.stop().await;
}
