//! Bodies that are no JSON, too long or hostile, on every route that takes one.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{World, message_of};
use crate::harness::hub::Hub;
use crate::harness::quiz::{call, check_refused, send};

const NONE: Value = Value::Null;

/// The routes that take a body.
const WITH_BODIES: [(&str, &str); 17] = [
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("PUT", "/profile/username"),
    ("PUT", "/profile/display-name"),
    ("POST", "/quiz"),
    ("PUT", "/quiz/Q"),
    ("POST", "/quiz/Q/publish"),
    ("POST", "/quiz/Q/questions"),
    ("PUT", "/quiz/Q/questions/reorder"),
    ("PUT", "/quiz/Q/questions/N"),
    ("POST", "/quiz/Q/questions/N/answers"),
    ("PUT", "/quiz/Q/questions/N/answers/A"),
    ("PUT", "/quiz/Q/code"),
    ("PATCH", "/game-flows/00000000-0000-4000-8000-000000000000"),
    ("PATCH", "/device-sessions/00000000-0000-4000-8000-000000000000/metadata"),
];

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_on_every_route() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.ada.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let deep = "[".repeat(200_000);
    let bodies: [&[u8]; 17] = [
        b"{",
        b"}",
        b"{\"title\":}",
        b"{\"title\":\"a\"",
        b"{\"title\":\"a\"}x",
        b"{'title':'a'}",
        b"nonsense",
        b"title=a",
        b"[]",
        b"[{\"title\":\"a\"}]",
        b"\"title\"",
        b"7",
        b"null",
        b"true",
        b"\xff\xfe",
        b"{\"title\":\"\xff\"}",
        deep.as_bytes(),
    ];
    for (method, route) in WITH_BODIES {
        for body in bodies {
            let answer = send(&world.ada.base, method, &world.path(route), &headers, body.to_vec()).await;
            check_refused(&answer, 400, "invalid_payload", "Invalid JSON");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn numbers_and_texts_that_json_cannot_hold_are_refused() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.ada.token);
    let deep = format!("{{\"title\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for body in
        [r#"{"title":1e400}"#, r#"{"title":"\ud800"}"#, r#"{"title":"\u12"}"#, "{\"title\":\"a\nb\"}", r#"{"title":01}"#, &deep]
    {
        let answer = send(&world.ada.base, "POST", "/quiz", &[("authorization", bearer.as_str())], body.to_owned()).await;
        check_refused(&answer, 400, "invalid_payload", &message_of(&answer.text));
    }
    world.end().await;
}

#[tokio::test]
async fn a_body_over_five_megabytes_is_refused_on_every_route() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.ada.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = |bytes: usize| format!("{{\"title\":\"{}\"}}", "x".repeat(bytes - 12));
    let too_large = body(5 * 1024 * 1024 + 1);
    for (method, route) in WITH_BODIES {
        let answer = send(&world.ada.base, method, &world.path(route), &headers, too_large.clone()).await;
        check_refused(&answer, 413, "file_too_large", "Payload too large");
    }
    let largest = send(&world.ada.base, "POST", "/quiz", &headers, body(5 * 1024 * 1024)).await;
    check_refused(&largest, 400, "invalid_payload", "title must have 1 to 100 characters");
    world.end().await;
}

#[tokio::test]
async fn hostile_texts_come_back_as_they_went_in() {
    let world = World::new().await;
    for text in [
        "<script>alert(1)</script>",
        "'; DROP TABLE quizzes; --",
        "\u{202e}gnihtemos",
        "\u{0}",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "\\u0000\\",
        "%s%n",
        "__proto__",
    ] {
        let created = world.ada.post("/quiz", &json!({ "title": text, "tags": [text], "description": text })).await;
        let shown = world.ada.get(&format!("/quiz/{}", created["id"].as_str().expect("an id"))).await;
        assert_eq!((&shown["title"], &shown["tags"], &shown["description"]), (&json!(text), &json!([text]), &json!(text)));
        world.ada.call("DELETE", &format!("/quiz/{}", created["id"].as_str().expect("an id")), &NONE).await;
    }
    world.end().await;
}

/// Sends a whole request before anything of the answer is read, as many clients do, and returns the answer's first line.
async fn first_line(base: &str, head: &str, bytes: usize) -> String {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!("{head} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {bytes}\r\nconnection: close\r\n");
    let origin = if head.contains("/login") { "origin: https://evil.example\r\n" } else { "" };
    stream.write_all(format!("{head}{origin}\r\n").as_bytes()).await.expect("the head is taken");
    stream.write_all(&vec![b'x'; bytes]).await.expect("the body is taken to its end");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_refusal_reaches_also_who_sends_a_large_body_first() {
    let hub = Hub::start(&[]).await;
    let base = hub.url("quiz");
    for (head, expected) in [
        ("POST /profile/avatar", "HTTP/1.1 401 Unauthorized"),
        ("POST /quiz", "HTTP/1.1 401 Unauthorized"),
        ("POST /nowhere", "HTTP/1.1 404 Not Found"),
        ("POST /health", "HTTP/1.1 404 Not Found"),
        ("POST /auth/login", "HTTP/1.1 403 Forbidden"),
        ("POST /auth/register", "HTTP/1.1 413 Payload Too Large"),
    ] {
        assert_eq!(first_line(base, head, 12_000_000).await, expected, "{head}");
    }
    for _ in 0..28 {
        call(base, "POST", "/auth/refresh", &json!({})).await;
    }
    assert_eq!(first_line(base, "POST /auth/refresh", 12_000_000).await, "HTTP/1.1 429 Too Many Requests");
    hub.stop().await;
}
