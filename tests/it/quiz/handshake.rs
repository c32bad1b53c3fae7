//! The token of a socket's handshake: none is needed, and one that is shown must be good.

use hubbub_actors::quiz::accounts::Accounts;
use serde_json::{Value, json};

use super::stage::{Ears, connect, guest, with};
use crate::harness::fleet;
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check};
use crate::harness::socket::{Client, Raw};

/// Tries to join, and checks the whole `connect_error`.
async fn is_refused(hub: &Hub, auth: Value) {
    let refused = Client::try_connect(hub.url("quiz"), "/", auth.clone()).await;
    let data = json!({"error": "unauthorized", "message": "Authentication required"});
    let expected = json!({"message": "unauthorized", "data": data});
    let shown = refused.map(|client| client.id).expect_err("no socket");
    assert_eq!(shown.to_string(), expected.to_string(), "{auth}");
}

#[tokio::test]
async fn a_guest_needs_no_token() {
    let hub = Hub::start(&[UNLIMITED]).await;
    for auth in [json!({}), json!({"token": ""}), json!({"token": null}), json!({"token": 5}), json!({"other": 1})] {
        let mut client = Client::connect(hub.url("quiz"), auth).await;
        client.expect("server:hello").await;
        client
            .is_refused("game:host:create", json!([{"hostId": "h", "title": "T"}]), "unauthorized", "Authentication required")
            .await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_token_is_taken_from_auth_header_and_query() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let create = json!(["game:host:create", {"hostId": user.id, "title": "T"}]);
    let path = "/socket.io/?EIO=4&transport=websocket";
    let with_query = format!("{path}&token={}", user.token);
    let bearer = format!("Bearer {}", user.token);
    let sockets = [
        (Raw::open(&user.base, path).await, json!({"token": user.token})),
        (Raw::open(&user.base, &with_query).await, json!({})),
        (Raw::open_authorized(&user.base, path, &bearer).await, json!({})),
    ];
    for (mut raw, auth) in sockets {
        assert!(raw.text().await.starts_with('0'));
        raw.send(&format!("40{auth}")).await;
        assert!(raw.text().await.starts_with("40"));
        assert!(raw.text().await.starts_with(r#"42["server:hello""#));
        raw.send(&format!("42{create}")).await;
        let created = raw.packet().await;
        assert!(created.starts_with(r#"42["game:room:created""#), "{created}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_token_that_is_broken_expired_or_of_another_system_is_refused() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let (head, _) = user.token.rsplit_once('.').expect("three parts");
    let unsigned =
        format!("{}.", head.replacen(head.split('.').next().expect("a header"), "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", 1));
    let fleets = fleet::token(hub.url("fleet"), "TABLET_001", "tablet").await;
    let accounts = Accounts::of(&hub.deps);
    let claims = json!({
        "sub": user.id, "email": "user@example.com", "role": "authenticated", "session_id": "550e8400-e29b-41d4-a716-446655440000"
    });
    let expired = accounts.tokens.issue(&claims, 3600, hub.deps.now().minus(2 * 3_600_000));
    let nobody = with(claims, "sub", json!("550e8400-e29b-41d4-a716-446655440000"));
    let nobodys = accounts.tokens.issue(&nobody, 3600, hub.deps.now());
    for token in ["nonsense", &unsigned, &user.token[1..], &user.refresh_token, &fleets, &expired, &nobodys, &"x".repeat(10_000)]
    {
        is_refused(&hub, json!({"token": token})).await;
    }
    // A refusal ends no connection: a good token may follow.
    let mut raw = Raw::open(&user.base, "/socket.io/?EIO=4&transport=websocket").await;
    raw.text().await;
    raw.send(r#"40{"token":"nonsense"}"#).await;
    assert!(raw.text().await.starts_with("44"));
    raw.send(&format!("40{}", json!({"token": user.token}))).await;
    assert!(raw.text().await.starts_with("40"));
    hub.stop().await;
}

#[tokio::test]
async fn a_token_is_refused_once_its_owner_has_logged_out() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let other_login = User::log_in(hub.url("quiz"), "user").await;
    let mut before = connect(&user).await;
    let out = user.call("POST", "/auth/logout", &Value::Null).await;
    check(&out, 200, &json!({"message": "Successfully logged out"}));
    is_refused(&hub, json!({"token": user.token})).await;
    connect(&other_login).await.is_silent().await;
    before.is_silent().await;
    guest(&hub).await.is_silent().await;
    hub.stop().await;
}
