//! `GET /health`.

use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::harness::quiz::{call, check, send};

#[tokio::test]
async fn health_tells_the_time_to_everyone() {
    let hub = Hub::start(&[]).await;
    let base = hub.url("quiz");
    let expected = json!({ "ok": true, "ts": "<ms>" });
    check(&call(base, "GET", "/health", &Value::Null).await, 200, &expected);
    let bad_token = send(base, "GET", "/health", &[("authorization", "Bearer garbage")], "").await;
    check(&bad_token, 200, &expected);
    hub.stop().await;
}

#[tokio::test]
async fn monitors_may_ask_for_the_head_alone() {
    let hub = Hub::start(&[]).await;
    let (base, none) = (hub.url("quiz"), Value::Null);
    let (head, whole) = (call(base, "HEAD", "/health", &none).await, call(base, "GET", "/health", &none).await);
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    for name in ["content-type", "content-length", "x-content-type-options"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
    hub.stop().await;
}
