//! `/device-sessions`: a row for every device, over all its sockets, with what its application says about it.

use serde_json::{Value, json};

use super::stage::{NO_ROOM, later_than_now, until, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, call, check, check_refused};
use crate::harness::socket::Client;

const LAPTOP: &str = "550e8400-e29b-41d4-a716-446655440000";
const PHONE: &str = "650e8400-e29b-41d4-a716-446655440000";
const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

/// Connects from a device, and takes the greeting, after which the device is on record.
async fn connect(base: &str, auth: Value, user_agent: &str) -> Client {
    let mut client = Client::connect_as(base, auth, user_agent).await;
    client.expect("server:hello").await;
    client
}

fn auth(user: &User, device: &str) -> Value {
    json!({"token": user.token, "deviceId": device})
}

/// A device as a list shows it; `id` and times are placeholders.
fn line(user: &User, device: &str, sessions: u32) -> Value {
    let (kind, os, browser) = if device == PHONE { ("mobile", "iOS", "Safari") } else { ("desktop", "Windows 10", "Chrome") };
    json!({
        "id": "<id>", "device_id": device, "user_id": user.id, "device_type": kind, "os": os, "browser": browser,
        "first_seen": "<time>", "last_seen": "<time>", "session_count": sessions, "metadata": {}
    })
}

/// The same device in full.
fn whole(line: Value) -> Value {
    with(with(line, "created_at", json!("<time>")), "updated_at", json!("<time>"))
}

/// A user with two connections from a laptop, one of which is over, and one from a telephone, in that order.
struct Scene {
    hub: Hub,
    user: User,
    open: [Client; 2],
    gone: String,
}

async fn scene() -> Scene {
    let hub = Hub::start(&[UNLIMITED]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let former = connect(&user.base, auth(&user, LAPTOP), CHROME).await;
    let gone = former.id.clone();
    former.close().await;
    until(&user, "/websocket-connections/stats", |stats| stats["total_disconnected"] == 1).await;
    let laptop = connect(&user.base, auth(&user, LAPTOP), CHROME).await;
    later_than_now().await;
    let phone = connect(&user.base, auth(&user, PHONE), SAFARI).await;
    Scene { hub, user, open: [laptop, phone], gone }
}

#[tokio::test]
async fn a_list_has_ones_own_devices_the_last_seen_first() {
    let Scene { hub, user, open, .. } = scene().await;
    let (laptop, phone) = (line(&user, LAPTOP, 2), line(&user, PHONE, 1));
    let of_user = format!("?user_id={}", user.id);
    let of_nobody = format!("?user_id={NO_ROOM}");
    for (query, sessions, total, limit, offset) in [
        ("", json!([phone, laptop]), 2, 20, 0),
        ("?limit=1", json!([phone]), 2, 1, 0),
        ("?limit=100&offset=1", json!([laptop]), 2, 100, 1),
        (of_user.as_str(), json!([phone, laptop]), 2, 20, 0),
        (of_nobody.as_str(), json!([]), 0, 20, 0),
    ] {
        let expected = json!({"sessions": sessions, "total": total, "limit": limit, "offset": offset});
        for path in ["/device-sessions", "/device-sessions/"] {
            check(&user.call("GET", &format!("{path}{query}"), &Value::Null).await, 200, &expected);
        }
    }
    for (query, message) in [
        ("limit=0", "limit must be an integer from 1 to 100"),
        ("offset=-1", "offset must be an integer from 0 to 4294967295"),
        ("user_id=u", "Invalid user_id format"),
    ] {
        let answer = user.call("GET", &format!("/device-sessions/?{query}"), &Value::Null).await;
        check_refused(&answer, 400, "invalid_payload", message);
    }
    drop(open);
    hub.stop().await;
}

#[tokio::test]
async fn a_device_shows_what_it_is_its_connections_and_its_place_in_the_numbers() {
    let Scene { hub, user, open, gone } = scene().await;
    let path = format!("/device-sessions/{LAPTOP}");
    check(&user.call("GET", &path, &Value::Null).await, 200, &whole(line(&user, LAPTOP, 2)));
    let upper = format!("/device-sessions/{}", PHONE.to_uppercase());
    check(&user.call("GET", &upper, &Value::Null).await, 200, &whole(line(&user, PHONE, 1)));
    let connections = json!([
        {"id": "<id>", "socket_id": open[0].id, "status": "connected", "connected_at": "<time>", "disconnected_at": null, "duration_minutes": null},
        {"id": "<id>", "socket_id": gone, "status": "disconnected", "connected_at": "<time>", "disconnected_at": "<time>", "duration_minutes": 0}
    ]);
    let expected = json!({"connections": connections, "count": 2, "device_id": LAPTOP});
    check(&user.call("GET", &format!("{path}/connections"), &Value::Null).await, 200, &expected);
    // Of equally frequent names the first in the alphabet: in that of computers, capitals come first.
    let stats = json!({
        "total_devices": 2, "unique_users": 1, "avg_sessions_per_device": 1.5, "most_common_os": "Windows 10", "most_common_browser": "Chrome"
    });
    check(&user.call("GET", "/device-sessions/stats", &Value::Null).await, 200, &stats);
    drop(open);
    hub.stop().await;
}

#[tokio::test]
async fn metadata_are_merged_key_by_key_and_null_deletes() {
    let Scene { hub, user, open, .. } = scene().await;
    let path = format!("/device-sessions/{LAPTOP}/metadata");
    for (sent, metadata) in [
        (json!({"app_version": "2.1.0", "theme": {"dark": true}}), json!({"app_version": "2.1.0", "theme": {"dark": true}})),
        (
            json!({"app_version": "2.2.0", "language": "ja-JP"}),
            json!({"app_version": "2.2.0", "theme": {"dark": true}, "language": "ja-JP"}),
        ),
        (
            json!({"theme": {"size": 1.5}, "nothing": null}),
            json!({"app_version": "2.2.0", "theme": {"size": 1.5}, "language": "ja-JP"}),
        ),
        (json!({"theme": null}), json!({"app_version": "2.2.0", "language": "ja-JP"})),
        (json!({}), json!({"app_version": "2.2.0", "language": "ja-JP"})),
    ] {
        let session = json!({"id": "<id>", "device_id": LAPTOP, "metadata": metadata, "updated_at": "<time>"});
        let expected = json!({"message": "Device session metadata updated", "session": session});
        check(&user.call("PATCH", &path, &sent).await, 200, &expected);
        let device = with(whole(line(&user, LAPTOP, 2)), "metadata", metadata);
        check(&user.call("GET", &format!("/device-sessions/{LAPTOP}"), &Value::Null).await, 200, &device);
    }
    let before = user.get(&format!("/device-sessions/{LAPTOP}")).await;
    let too_large = "metadata must be a JSON object of at most 16 KB";
    for (sent, message) in [
        (json!({"note": "x".repeat(17_000)}), too_large),
        // By itself it would fit, with the rest it does not.
        (json!({"note": "x".repeat(16_384 - 11)}), too_large),
        (json!([1]), "Invalid JSON"),
        (json!("text"), "Invalid JSON"),
        (json!(5), "Invalid JSON"),
    ] {
        check_refused(&user.call("PATCH", &path, &sent).await, 400, "invalid_payload", message);
    }
    assert_eq!(user.get(&format!("/device-sessions/{LAPTOP}")).await, before);
    drop(open);
    hub.stop().await;
}

#[tokio::test]
async fn a_device_is_its_first_accounts_and_nobody_elses() {
    let Scene { hub, user, open, .. } = scene().await;
    let other = User::register(hub.url("quiz"), "other").await;
    // Whoever names somebody's device does not get to see it.
    let _same_device = connect(&other.base, auth(&other, LAPTOP), SAFARI).await;
    for rest in ["", "/connections"] {
        let answer = other.call("GET", &format!("/device-sessions/{LAPTOP}{rest}"), &Value::Null).await;
        check_refused(&answer, 404, "not_found", "Device session not found");
    }
    for sent in [json!({"theme": "dark"}), json!({"note": "x".repeat(17_000)})] {
        let answer = other.call("PATCH", &format!("/device-sessions/{LAPTOP}/metadata"), &sent).await;
        check_refused(&answer, 404, "not_found", "Device session not found");
    }
    let empty = json!({"sessions": [], "total": 0, "limit": 20, "offset": 0});
    check(&other.call("GET", "/device-sessions/", &Value::Null).await, 200, &empty);
    let none = json!({
        "total_devices": 0, "unique_users": 0, "avg_sessions_per_device": 0, "most_common_os": null, "most_common_browser": null
    });
    check(&other.call("GET", "/device-sessions/stats", &Value::Null).await, 200, &none);
    assert_eq!(user.get(&format!("/device-sessions/{LAPTOP}")).await["metadata"], json!({}));
    drop(open);
    hub.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_nobody_looks_without_a_token() {
    let Scene { hub, user, open, .. } = scene().await;
    for (method, rest) in [("GET", ""), ("GET", "/connections"), ("PATCH", "/metadata")] {
        let body = if method == "PATCH" { json!({}) } else { Value::Null };
        let answer = user.call(method, &format!("/device-sessions/{NO_ROOM}{rest}"), &body).await;
        check_refused(&answer, 404, "not_found", "Device session not found");
        let answer = user.call(method, &format!("/device-sessions/none{rest}"), &body).await;
        check_refused(&answer, 400, "invalid_payload", "Invalid device_id format");
        let answer = call(hub.url("quiz"), method, &format!("/device-sessions/{LAPTOP}{rest}"), &body).await;
        check_refused(&answer, 401, "unauthorized", "Authentication required");
    }
    for path in ["", "/", "/stats"] {
        let answer = call(hub.url("quiz"), "GET", &format!("/device-sessions{path}"), &Value::Null).await;
        check_refused(&answer, 401, "unauthorized", "Authentication required");
    }
    drop(open);
    hub.stop().await;
}

#[tokio::test]
async fn a_device_without_an_id_is_told_by_its_user_and_browser() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let unnamed = json!({"token": user.token});
    let mut open = Vec::new();
    for (auth, agent) in [
        (&unnamed, CHROME),
        (&unnamed, CHROME),
        (&unnamed, SAFARI),
        (&json!({"token": user.token, "deviceId": "my phone"}), SAFARI),
    ] {
        open.push(connect(&user.base, auth.clone(), agent).await);
    }
    let list = user.get("/device-sessions/").await;
    let mut counts: Vec<(String, u64)> = Vec::new();
    for session in list["sessions"].as_array().expect("a list") {
        let browser = session["browser"].as_str().expect("a text").to_owned();
        counts.push((browser, session["session_count"].as_u64().expect("a number")));
    }
    counts.sort();
    assert_eq!(counts, [("Chrome".to_owned(), 2), ("Safari".to_owned(), 1), ("Safari".to_owned(), 1)]);
    hub.stop().await;
}

#[tokio::test]
async fn a_heartbeat_shows_when_a_device_was_seen_last() {
    let Scene { hub, user, mut open, .. } = scene().await;
    let path = format!("/device-sessions/{PHONE}");
    let before = user.get(&path).await["last_seen"].as_str().expect("a time").to_owned();
    let beat = async {
        loop {
            open[1].ask("connection:heartbeat", json!([{"socketId": "x"}])).await;
            let seen = user.get(&path).await;
            if seen["last_seen"].as_str().expect("a time") > before.as_str() {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), beat).await.expect("a heartbeat is noticed");
    hub.stop().await;
}
