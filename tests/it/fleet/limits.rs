//! How often a client may call: one window per row of the document's table, shared by the row's routes.

use serde_json::{Value, json};

use super::support::{JSON, get, send};
use crate::harness::http::Answer;
use crate::harness::hub::Hub;

const API: [(&str, &str); 7] = [
    ("GET", "/api/devices"),
    ("GET", "/api/devices/QUEST_001"),
    ("GET", "/api/devices/QUEST_001/history"),
    ("POST", "/api/devices/QUEST_001/name"),
    ("GET", "/api/fleet/summary"),
    ("GET", "/api/sessions"),
    ("GET", "/api/sessions/session_1707235200000_abc123"),
];
const AUTH: [(&str, &str); 3] =
    [("POST", "/auth/device-token"), ("POST", "/auth/verify-token"), ("POST", "/auth/generate-token")];
const HEALTH: [(&str, &str); 2] = [("GET", "/test"), ("GET", "/health")];
const METRICS: [(&str, &str); 1] = [("GET", "/metrics")];

#[tokio::test]
async fn each_row_has_one_window_of_its_own() {
    let hub = Hub::start(&[]).await;
    exhaust(&hub, &METRICS, 30).await;
    exhaust(&hub, &AUTH, 20).await;
    exhaust(&hub, &HEALTH, 60).await;
    exhaust(&hub, &API, 100).await;
    hub.stop().await;
}

#[tokio::test]
async fn what_fits_no_route_is_not_counted() {
    let hub = Hub::start(&[]).await;
    for _ in 0..25 {
        for (method, path) in [("GET", "/nowhere"), ("GET", "/auth/device-token")] {
            let answer = send(&hub, method, path, &[], "").await;
            assert_eq!((answer.status.as_u16(), quota(&answer)), (404, ["", "", "", ""].map(str::to_owned)));
        }
    }
    let answer = send(&hub, "POST", "/auth/verify-token", &[], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-remaining")), (400, "19"));
    hub.stop().await;
}

#[tokio::test]
async fn head_requests_count_and_forwarded_addresses_do_not_help() {
    let hub = Hub::start(&[]).await;
    for number in 0..30 {
        let address = format!("203.0.113.{number}");
        let answer = send(&hub, "HEAD", "/metrics", &[("x-forwarded-for", address.as_str())], "").await;
        assert_eq!(answer.status.as_u16(), 200);
    }
    check_exhausted(&send(&hub, "GET", "/metrics", &[("x-forwarded-for", "203.0.113.99")], "").await, 30);
    hub.stop().await;
}

#[tokio::test]
async fn the_scale_multiplies_and_zero_switches_off() {
    let hub = Hub::start(&[("LIMITS__SCALE", "0.1")]).await;
    exhaust(&hub, &METRICS, 3).await;
    hub.stop().await;
    let hub = Hub::start(&[("LIMITS__SCALE", "0")]).await;
    for _ in 0..31 {
        let answer = get(&hub, "/metrics").await;
        assert_eq!((answer.status.as_u16(), quota(&answer)), (200, ["", "", "", ""].map(str::to_owned)));
    }
    hub.stop().await;
}

/// Calls a row's routes in turn until the window is full: every answer counts down, whatever it says, and the next is refused.
async fn exhaust(hub: &Hub, routes: &[(&str, &str)], max: usize) {
    for (number, (method, path)) in routes.iter().cycle().take(max).enumerate() {
        let answer = send(hub, method, path, &[], "").await;
        assert_ne!(answer.status.as_u16(), 429, "call {number} of {max}: {path}");
        let [limit, remaining, reset, retry] = quota(&answer);
        assert_eq!((limit, remaining, retry), (max.to_string(), (max - number - 1).to_string(), String::new()), "{path}");
        assert!((1..=60).contains(&reset.parse::<u64>().expect("seconds")), "{reset}");
    }
    for (method, path) in routes {
        check_exhausted(&send(hub, method, path, &[], "").await, max);
    }
}

/// Checks the whole refusal; its wait is the one of both headers.
fn check_exhausted(answer: &Answer, max: usize) {
    let body: Value = serde_json::from_str(&answer.text).expect("a JSON body");
    let wait = body["retryAfter"].as_u64().unwrap_or_else(|| panic!("no whole number of seconds in {body}"));
    assert!((1..=60).contains(&wait), "{wait}");
    let expected = json!({"ok": false, "error": "Too many requests, please try again later.", "retryAfter": wait});
    assert_eq!(answer.line(), format!("429 {expected}"));
    let wait = wait.to_string();
    assert_eq!(quota(answer), [max.to_string(), "0".to_owned(), wait.clone(), wait]);
    assert_eq!(answer.header("content-type"), JSON);
}

fn quota(answer: &Answer) -> [String; 4] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"].map(|name| answer.header(name).to_owned())
}
