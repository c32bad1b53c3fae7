//! What the fleet's tests share: device tokens, connected clients, whole REST answers, and values of a moment made constant.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::fleet;
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

/// Limits are switched off: a test asks as often as it likes.
pub const UNLIMITED: (&str, &str) = ("LIMITS__SCALE", "0");

/// The content type of every JSON answer.
pub const JSON: &str = "application/json; charset=utf-8";

/// Starts a hub without limits.
pub async fn start(settings: &[(&str, &str)]) -> Hub {
    let settings: Vec<_> = [UNLIMITED].into_iter().chain(settings.iter().copied()).collect();
    Hub::start(&settings).await
}

/// Sends a request to the fleet.
pub async fn send(hub: &Hub, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let url = format!("{}{path}", hub.url("fleet"));
    let mut request = reqwest::Client::new().request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a whole body") }
}

/// Sends a GET request.
pub async fn get(hub: &Hub, path: &str) -> Answer {
    send(hub, "GET", path, &[], "").await
}

/// Sends a POST request with a JSON body.
pub async fn post(hub: &Hub, path: &str, body: &Value) -> Answer {
    send(hub, "POST", path, &[("content-type", "application/json")], body.to_string()).await
}

/// Returns the body of a good JSON answer.
pub fn body(answer: &Answer) -> Value {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, JSON), "{}", answer.text);
    serde_json::from_str(&answer.text).expect("a JSON body")
}

/// Checks the whole body of a good answer to a GET request, redacted, with the order of its keys.
pub async fn check(hub: &Hub, path: &str, expected: Value) {
    let shown = redact(body(&get(hub, path).await));
    assert_eq!(shown.to_string(), expected.to_string(), "{path}");
}

/// Checks a refusal: its status, and the envelope of exactly two keys.
pub fn check_refused(answer: &Answer, status: u16, error: &str) {
    let expected = format!("{status} {}", json!({"ok": false, "error": error}));
    assert_eq!((answer.line(), answer.header("content-type")), (expected, JSON));
}

/// Gets a device's token.
pub async fn token(hub: &Hub, device_id: &str, device_type: &str) -> String {
    fleet::token(hub.url("fleet"), device_id, device_type).await
}

/// Connects a device and takes the three lists that every new socket gets.
pub async fn connect(hub: &Hub, device_id: &str, device_type: &str) -> Client {
    let mut client = fleet::connect(hub.url("fleet"), device_id, device_type).await;
    for list in ["on-headsets-updated", "on-headsets-with-lock-status-updated", "on-device-locks-updated"] {
        // A change that others made just now may be told before the lists.
        client.wait_for(list).await;
    }
    client
}

/// Connects a headset and identifies it.
pub async fn headset(hub: &Hub, device_id: &str) -> Client {
    let mut client = connect(hub, device_id, "headset").await;
    client.emit("headset-identify", json!([device_id])).await;
    assert_eq!(client.wait_for("on-headset-connected").await, json!([]));
    client
}

/// Replaces what differs from run to run, if it is well formed: times by `<time>`, ids of sessions by `<session>`.
pub fn redact(value: Value) -> Value {
    match value {
        Value::String(text) if is_time(&text) => json!("<time>"),
        Value::String(text) if is_session(&text) => json!("<session>"),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, redact(value))).collect()),
        other => other,
    }
}

/// Says whether a text is a UTC time with exactly three digits of a second.
pub fn is_time(text: &str) -> bool {
    matches(text, "0000-00-00T00:00:00.000Z")
}

/// Says whether a text is the id of a capture session: the milliseconds of its start, and six random characters.
pub fn is_session(text: &str) -> bool {
    let Some((start, random)) = text.strip_prefix("session_").and_then(|rest| rest.split_once('_')) else { return false };
    let is_random = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    matches(start, "0000000000000") && random.len() == 6 && random.bytes().all(is_random)
}

/// Compares with a pattern in which `0` stands for any digit.
fn matches(text: &str, pattern: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

#[test]
fn only_well_formed_values_are_redacted() {
    let good = json!(["2026-02-06T12:00:00.000Z", {"id": "session_1707235200000_abc123"}]);
    assert_eq!(redact(good), json!(["<time>", {"id": "<session>"}]));
    let bad = json!(["2026-02-06T12:00:00Z", "session_170723520000_abc123", "session_1707235200000_ABC123", 1, null]);
    assert_eq!(redact(bad.clone()), bad);
}
