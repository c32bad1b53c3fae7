//! What the handshake refuses, on both transports.

use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::harness::polling::Polling;
use crate::harness::socket::Raw;

const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true")];

#[tokio::test]
async fn bad_queries_are_refused_with_engine_ios_error_body() {
    let hub = Hub::start(LAB).await;
    let cases = [
        ("transport=polling", 400, json!({"code": 5, "message": "Unsupported protocol version"})),
        ("EIO=abc&transport=polling", 400, json!({"code": 5, "message": "Unsupported protocol version"})),
        ("EIO=5&transport=polling", 400, json!({"code": 5, "message": "Unsupported protocol version"})),
        ("EIO=4", 400, json!({"code": 0, "message": "Transport unknown"})),
        ("EIO=4&transport=abc", 400, json!({"code": 0, "message": "Transport unknown"})),
        ("EIO=4&transport=websocket", 400, json!({"code": 3, "message": "Bad request"})),
        ("EIO=4&transport=polling&sid=unknown", 400, json!({"code": 1, "message": "Session ID unknown"})),
    ];
    for (query, status, body) in cases {
        let response = reqwest::get(format!("{}/socket.io/?{query}", hub.url("lab"))).await.expect("an answer");
        assert_eq!(response.status(), status, "{query}");
        assert_eq!(response.json::<Value>().await.expect("JSON"), body, "{query}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn wrong_methods_are_refused() {
    let hub = Hub::start(LAB).await;
    let url = format!("{}/socket.io/?EIO=4&transport=polling", hub.url("lab"));
    let http = reqwest::Client::new();
    for method in [reqwest::Method::POST, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let response = http.request(method.clone(), &url).send().await.expect("an answer");
        assert_eq!(response.status(), 400, "{method}");
        assert_eq!(response.json::<Value>().await.expect("JSON"), json!({"code": 2, "message": "Bad handshake method"}));
    }
    let client = Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    assert_eq!(client.send(reqwest::Method::PUT).await.0, 400);
    hub.stop().await;
}

#[tokio::test]
async fn a_session_keeps_its_revision_and_its_transport() {
    let hub = Hub::start(LAB).await;
    let client = Polling::open(hub.url("lab"), "/socket.io/", 4).await;
    let with = |eio: u8| format!("{}/socket.io/?EIO={eio}&transport=polling&sid={}", hub.url("lab"), client.sid);
    assert_eq!(reqwest::get(with(3)).await.expect("an answer").status(), 400);
    let other_revision = format!("/socket.io/?EIO=3&transport=websocket&sid={}", client.sid);
    assert!(Raw::try_open(hub.url("lab"), &other_revision).await.is_err());
    hub.stop().await;
}

#[tokio::test]
async fn a_foreign_origin_is_refused_on_both_transports() {
    let hub = Hub::start(LAB).await;
    let url = format!("{}/socket.io/?EIO=4&transport=polling", hub.url("lab"));
    let http = reqwest::Client::new();
    for origin in ["https://evil.example", "null"] {
        let response = http.get(&url).header("origin", origin).send().await.expect("an answer");
        assert_eq!(response.status(), 403);
        assert!(response.headers().get("access-control-allow-origin").is_none());
        assert_eq!(response.json::<Value>().await.expect("JSON"), json!({"code": 4, "message": "Forbidden"}));
    }
    let own = http.get(&url).header("origin", "http://localhost:9999").send().await.expect("an answer");
    assert_eq!(own.status(), 200);
    assert_eq!(own.headers()["access-control-allow-origin"], "http://localhost:9999");
    assert_eq!(handshake_status(&hub, Some("https://evil.example")).await, 403);
    assert_eq!(handshake_status(&hub, Some("http://127.0.0.1:1")).await, 101);
    assert_eq!(handshake_status(&hub, None).await, 101);
    hub.stop().await;
}

/// Sends a WebSocket handshake by hand and returns the status.
async fn handshake_status(hub: &Hub, origin: Option<&str>) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let authority = hub.url("lab").trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(authority).await.expect("a connection");
    let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {authority}\r\n{origin}Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.expect("a status line");
    String::from_utf8_lossy(&head[9..]).parse().expect("a status")
}

#[tokio::test]
async fn upgrade_requests_that_are_no_websocket_are_refused() {
    let hub = Hub::start(LAB).await;
    let upgrade = |path: &str, protocol: &'static str| {
        let request = reqwest::Client::new().get(format!("{}{path}", hub.url("lab")));
        request.header("connection", "Upgrade").header("upgrade", protocol).send()
    };
    for protocol in ["h2c", "websocket"] {
        let refused = upgrade("/socket.io/?EIO=4&transport=websocket", protocol).await.expect("an answer");
        assert_eq!(refused.status(), 400, "{protocol}");
        assert_eq!(refused.json::<Value>().await.expect("JSON"), json!({"code": 3, "message": "Bad request"}), "{protocol}");
        let nowhere = upgrade("/nowhere", protocol).await.expect("an answer");
        assert_eq!(nowhere.status(), 404, "{protocol}");
        assert_eq!(nowhere.json::<Value>().await.expect("JSON"), json!({"code": 0, "message": "Not found"}), "{protocol}");
    }
    hub.stop().await;
}
