//! `/test` and `/health`, and how the fleet answers requests that fit no route.

use serde_json::{Value, json};

use super::support::{JSON, body, check, check_refused, get, is_time, send, start};

/// Every GET route with a path that exists on an empty hub.
const READABLE: [&str; 6] =
    ["/test", "/health", "/api/devices", "/api/devices/QUEST_001/history", "/api/fleet/summary", "/api/sessions"];

#[tokio::test]
async fn the_test_route_answers_the_documented_line() {
    let hub = start(&[]).await;
    check(&hub, "/test", json!({"ok": true, "message": "Turing Backend v2.2 - Secure Multi-Device Support", "time": "<time>"}))
        .await;
    hub.stop().await;
}

#[tokio::test]
async fn health_shows_uptime_and_memory() {
    let hub = start(&[]).await;
    let shown = body(&get(&hub, "/health").await);
    let keys = |value: &Value| value.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>().join(" "));
    assert_eq!(keys(&shown).as_deref(), Some("ok uptime memoryUsage timestamp"));
    assert_eq!(keys(&shown["memoryUsage"]).as_deref(), Some("rss heapTotal heapUsed external"));
    assert_eq!(shown["ok"], true);
    assert!(shown["uptime"].as_f64().is_some_and(|uptime| uptime > 0.0 && uptime < 3600.0), "{shown}");
    assert!(shown["timestamp"].as_str().is_some_and(is_time), "{shown}");
    let memory = |key: &str| shown["memoryUsage"][key].as_u64().unwrap_or_else(|| panic!("`{key}` in {shown} is no count"));
    assert!(memory("rss") > 1_000_000 && memory("heapTotal") > 0, "{shown}");
    assert!(memory("heapUsed") <= memory("heapTotal") && memory("external") < u64::MAX, "{shown}");
    let later = body(&get(&hub, "/health").await);
    assert!(later["uptime"].as_f64() > shown["uptime"].as_f64(), "time passes");
    hub.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_other_methods_do_not_exist() {
    let hub = start(&[]).await;
    for path in ["/", "/nowhere", "/api", "/api/nowhere", "/api/devices/QUEST_001/nothing", "/auth", "/TEST", "/test/more"] {
        check_refused(&get(&hub, path).await, 404, "Not found");
    }
    for (method, path) in [
        ("POST", "/test"),
        ("DELETE", "/health"),
        ("POST", "/metrics"),
        ("GET", "/auth/device-token"),
        ("GET", "/auth/verify-token"),
        ("PUT", "/auth/generate-token"),
        ("POST", "/api/devices"),
        ("DELETE", "/api/devices/QUEST_001"),
        ("PUT", "/api/devices/QUEST_001/history"),
        ("GET", "/api/devices/QUEST_001/name"),
        ("PATCH", "/api/fleet/summary"),
        ("POST", "/api/sessions"),
        ("BREW", "/api/sessions/session_1707235200000_abc123"),
    ] {
        let answer = send(&hub, method, path, &[], "{}").await;
        check_refused(&answer, 404, "Not found");
        assert_eq!(answer.header("allow"), "", "{method} {path}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let hub = start(&[]).await;
    for path in READABLE.into_iter().filter(|path| *path != "/test" && *path != "/health") {
        assert_eq!(get(&hub, &format!("{path}/")).await.line(), get(&hub, path).await.line());
    }
    for path in ["/test/", "/health/", "/metrics/"] {
        assert_eq!(get(&hub, path).await.status.as_u16(), 200, "{path}");
    }
    check_refused(&get(&hub, "/api/devices/QUEST_001/").await, 404, "Device not found");
    check_refused(&get(&hub, "/api/sessions/session_1707235200000_abc123/").await, 404, "Session not found");
    check_refused(&send(&hub, "POST", "/auth/verify-token/", &[], "{}").await, 400, "token is required");
    hub.stop().await;
}

#[tokio::test]
async fn head_answers_what_get_does_without_the_body() {
    let hub = start(&[]).await;
    for path in READABLE {
        let (head, whole) = (send(&hub, "HEAD", path, &[], "").await, get(&hub, path).await);
        assert_eq!((head.status, head.text.as_str(), head.header("content-type")), (whole.status, "", JSON), "{path}");
    }
    let head = send(&hub, "HEAD", "/metrics", &[], "").await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    let unknown = send(&hub, "HEAD", "/api/devices/QUEST_001", &[], "").await;
    assert_eq!((unknown.status.as_u16(), unknown.text.as_str()), (404, ""));
    hub.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let hub = start(&[("FLEET__ADMIN_API_KEY", "the-admin-key")]).await;
    let headers = [("content-type", "application/json"), ("x-api-key", "the-admin-key")];
    let paths = ["/auth/device-token", "/auth/verify-token", "/auth/generate-token", "/api/devices/QUEST_001/name"];
    for path in paths {
        for sent in ["{", "[]", "null", "1", "\"text\"", "{'a':1}", "token=x"] {
            check_refused(&send(&hub, "POST", path, &headers, sent).await, 400, "Invalid JSON");
        }
        let large = vec![b' '; 5 * 1024 * 1024 + 1];
        check_refused(&send(&hub, "POST", path, &headers, large).await, 413, "Payload too large");
    }
    hub.stop().await;
}
