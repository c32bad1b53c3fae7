//! Which browser pages may use the quiz: the list, pages of the same host, and nobody else.

use serde_json::{Value, json};

use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{PASSWORD, UNLIMITED, call, check_refused, send};
use crate::harness::socket::Raw;

const LISTED: &str = "https://tuiz.example.com";

fn allowed(answer: &Answer) -> [&str; 3] {
    ["access-control-allow-origin", "access-control-allow-credentials", "vary"].map(|name| answer.header(name))
}

async fn hub() -> Hub {
    Hub::start(&[UNLIMITED, ("QUIZ__CORS_ORIGINS", LISTED)]).await
}

#[tokio::test]
async fn pages_of_the_list_read_and_write_with_credentials() {
    let hub = hub().await;
    for (number, origin) in [LISTED, "http://localhost:3000", "http://127.0.0.1:5173"].into_iter().enumerate() {
        let headers = [("origin", origin), ("content-type", "application/json")];
        let read = send(hub.url("quiz"), "GET", "/health", &headers, "").await;
        assert_eq!((read.status.as_u16(), allowed(&read)), (200, [origin, "true", "Origin"]));
        let sent = json!({ "email": format!("user{number}@example.com"), "password": PASSWORD }).to_string();
        let written = send(hub.url("quiz"), "POST", "/auth/register", &headers, sent).await;
        assert_eq!((written.status.as_u16(), allowed(&written)), (201, [origin, "true", "Origin"]));
        assert!(written.header("access-control-expose-headers").contains("X-Request-Id"));
    }
    hub.stop().await;
}

#[tokio::test]
async fn pages_from_elsewhere_read_nothing_and_change_nothing() {
    let hub = hub().await;
    let base = hub.url("quiz");
    for origin in [
        "https://evil.example",
        "http://tuiz.example.com",
        "https://tuiz.example.com.evil.example",
        "https://tuiz.example.com:8443",
        "null",
        "x",
    ] {
        let headers = [("origin", origin), ("content-type", "application/json")];
        let read = send(base, "GET", "/health", &headers, "").await;
        assert_eq!((read.status.as_u16(), allowed(&read)), (200, ["", "", "Origin"]), "{origin}");
        let sent = json!({ "email": "ada@example.com", "password": PASSWORD }).to_string();
        let written = send(base, "POST", "/auth/register", &headers, sent).await;
        check_refused(&written, 403, "forbidden", "Origin not allowed");
        assert_eq!(allowed(&written), ["", "", "Origin"], "{origin}");
    }
    let login = call(base, "POST", "/auth/login", &json!({ "email": "ada@example.com", "password": PASSWORD })).await;
    check_refused(&login, 401, "invalid_credentials", "Invalid credentials");
    hub.stop().await;
}

#[tokio::test]
async fn a_preflight_tells_what_a_page_may_send() {
    let hub = hub().await;
    let asked = [("access-control-request-method", "PUT"), ("access-control-request-headers", "authorization,content-type")];
    let preflight = async |path: &str, origin: &str| {
        send(hub.url("quiz"), "OPTIONS", path, &[("origin", origin), asked[0], asked[1]], "").await
    };
    for (path, methods) in [
        ("/profile/username", "OPTIONS, PUT"),
        ("/profile/avatar", "DELETE, OPTIONS, POST"),
        ("/quiz", "GET, HEAD, OPTIONS, POST"),
        ("/quiz/00000000-0000-4000-8000-000000000000", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/device-sessions/x/metadata", "OPTIONS, PATCH"),
    ] {
        let answer = preflight(path, LISTED).await;
        assert_eq!(answer.line(), "204 ", "{path}");
        assert_eq!(allowed(&answer)[..2], [LISTED, "true"]);
        assert_eq!(answer.header("access-control-allow-methods"), methods, "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), "authorization,content-type");
        let foreign = preflight(path, "https://evil.example").await;
        assert_eq!(
            (foreign.status.as_u16(), allowed(&foreign)[0], foreign.header("access-control-allow-methods")),
            (204, "", "")
        );
    }
    check_refused(&preflight("/nowhere", LISTED).await, 404, "not_found", "Not found");
    hub.stop().await;
}

#[tokio::test]
async fn the_same_list_decides_about_sockets() {
    let hub = hub().await;
    let poll = async |origin: &str| {
        let answer = send(hub.url("quiz"), "GET", "/socket.io/?EIO=4&transport=polling", &[("origin", origin)], "").await;
        (answer.status.as_u16(), answer.header("access-control-allow-origin").to_owned())
    };
    assert_eq!(poll(LISTED).await, (200, LISTED.to_owned()));
    assert_eq!(poll("https://evil.example").await, (403, String::new()));
    // What is no page names no origin, and is let in.
    let mut raw = Raw::open(hub.url("quiz"), "/socket.io/?EIO=4&transport=websocket").await;
    assert!(raw.text().await.starts_with('0'));
    hub.stop().await;
}

/// Kept out of the other tests: the default of a fresh installation.
#[tokio::test]
async fn a_fresh_installation_serves_the_documents_own_page() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let read = send(hub.url("quiz"), "GET", "/health", &[("origin", "http://localhost:3000")], Vec::new()).await;
    assert_eq!(allowed(&read), ["http://localhost:3000", "true", "Origin"]);
    let foreign = send(hub.url("quiz"), "GET", "/health", &[("origin", LISTED)], Vec::new()).await;
    assert_eq!(allowed(&foreign), ["", "", "Origin"]);
    assert_eq!(call(hub.url("quiz"), "GET", "/health", &Value::Null).await.status.as_u16(), 200);
    hub.stop().await;
}
