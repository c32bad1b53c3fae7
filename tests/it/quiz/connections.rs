//! `/websocket-connections`: a row for every socket, seen by its own user alone.

use serde_json::{Value, json};

use super::stage::{NO_ROOM, guest, until};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, call, check, check_body, check_refused};
use crate::harness::socket::Client;

const DEVICE: &str = "550e8400-e29b-41d4-a716-446655440000";
const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// Connects as a browser on a device, and takes the greeting, after which the connection is on record.
async fn browser(user: &User, device: &str) -> Client {
    let auth = json!({"token": user.token, "deviceId": device});
    let mut client = Client::connect_as(&user.base, auth, CHROME).await;
    client.expect("server:hello").await;
    client
}

/// One connection in full; `id` and times are placeholders.
fn row(user: &User, socket: &str, is_there: bool) -> Value {
    json!({
        "id": "<id>", "device_id": DEVICE, "user_id": user.id, "socket_id": socket, "status": if is_there { "connected" } else { "disconnected" },
        "connected_at": "<time>", "disconnected_at": if is_there { json!(null) } else { json!("<time>") },
        "ip_address": "127.0.0.1", "user_agent": CHROME, "created_at": "<time>"
    })
}

/// The same row with these keys only.
fn only(row: &Value, keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), row[*key].clone())).collect()
}

const LINE: [&str; 9] =
    ["id", "device_id", "user_id", "socket_id", "status", "connected_at", "disconnected_at", "ip_address", "user_agent"];
const ACTIVE: [&str; 6] = ["id", "device_id", "user_id", "socket_id", "status", "connected_at"];
const OF_DEVICE: [&str; 6] = ["id", "device_id", "socket_id", "status", "connected_at", "disconnected_at"];

/// A user with a connection that is over and one that is not; the newest comes first in every list.
struct Scene {
    hub: Hub,
    user: User,
    there: Client,
    rows: [Value; 2],
}

async fn scene() -> Scene {
    let hub = Hub::start(&[UNLIMITED]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let gone = browser(&user, DEVICE).await;
    let former = gone.id.clone();
    gone.close().await;
    until(&user, "/websocket-connections/stats", |stats| stats["total_disconnected"] == 1).await;
    let there = browser(&user, DEVICE).await;
    let rows = [row(&user, &there.id, true), row(&user, &former, false)];
    Scene { hub, user, there, rows }
}

#[tokio::test]
async fn a_list_is_filtered_and_cut_into_windows() {
    let Scene { hub, user, rows, there } = scene().await;
    let (there_line, gone_line) = (only(&rows[0], &LINE), only(&rows[1], &LINE));
    let both = json!([there_line, gone_line]);
    let of_user = format!("?user_id={}", user.id);
    for (query, connections, total, limit, offset) in [
        ("", both.clone(), 2, 20, 0),
        ("?status=connected", json!([there_line]), 1, 20, 0),
        ("?status=disconnected&limit=100", json!([gone_line]), 1, 100, 0),
        ("?limit=1", json!([there_line]), 2, 1, 0),
        ("?limit=1&offset=1", json!([gone_line]), 2, 1, 1),
        ("?offset=2", json!([]), 2, 20, 2),
        ("?device_id=550E8400-E29B-41D4-A716-446655440000", both.clone(), 2, 20, 0),
        ("?device_id=00000000-0000-4000-8000-000000000000", json!([]), 0, 20, 0),
        (of_user.as_str(), both.clone(), 2, 20, 0),
        ("?user_id=00000000-0000-4000-8000-000000000000", json!([]), 0, 20, 0),
    ] {
        let expected = json!({"connections": connections, "total": total, "limit": limit, "offset": offset});
        for path in ["/websocket-connections", "/websocket-connections/"] {
            check(&user.call("GET", &format!("{path}{query}"), &Value::Null).await, 200, &expected);
        }
    }
    for (query, message) in [
        ("limit=0", "limit must be an integer from 1 to 100"),
        ("limit=101", "limit must be an integer from 1 to 100"),
        ("offset=x", "offset must be an integer from 0 to 4294967295"),
        ("status=gone", "status must be one of connected, disconnected"),
        ("device_id=d", "Invalid device_id format"),
        ("user_id=u", "Invalid user_id format"),
    ] {
        let answer = user.call("GET", &format!("/websocket-connections/?{query}"), &Value::Null).await;
        check_refused(&answer, 400, "invalid_payload", message);
    }
    drop(there);
    hub.stop().await;
}

#[tokio::test]
async fn each_route_shows_the_keys_of_its_example() {
    let Scene { hub, user, rows, there } = scene().await;
    let active = json!({"connections": [only(&rows[0], &ACTIVE)], "count": 1});
    check(&user.call("GET", "/websocket-connections/active", &Value::Null).await, 200, &active);
    let lines: Vec<Value> = rows.iter().map(|row| only(row, &OF_DEVICE)).collect();
    let of_device = json!({"connections": lines, "count": 2});
    check(&user.call("GET", &format!("/websocket-connections/device/{DEVICE}"), &Value::Null).await, 200, &of_device);
    let stats = json!({"total_connections": 2, "active_connections": 1, "total_disconnected": 1, "avg_duration_minutes": 0});
    check(&user.call("GET", "/websocket-connections/stats", &Value::Null).await, 200, &stats);
    let list = user.get("/websocket-connections/").await;
    for (line, row) in list["connections"].as_array().expect("a list").iter().zip(&rows) {
        let path = format!("/websocket-connections/{}", line["id"].as_str().expect("an id"));
        let shown = user.get(&path).await;
        assert_eq!((&shown["created_at"], only(&shown, &LINE)), (&shown["connected_at"], line.clone()));
        check_body(shown, row);
    }
    drop(there);
    hub.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_not_found() {
    let Scene { hub, user, there, .. } = scene().await;
    let other = User::register(hub.url("quiz"), "other").await;
    let _guest = guest(&hub).await;
    let id = user.get("/websocket-connections/active").await["connections"][0]["id"].as_str().expect("an id").to_owned();
    for (who, id) in [(&other, id.as_str()), (&user, NO_ROOM), (&other, NO_ROOM)] {
        let answer = who.call("GET", &format!("/websocket-connections/{id}"), &Value::Null).await;
        check_refused(&answer, 404, "not_found", "Connection not found");
    }
    for (who, device) in [(&other, DEVICE), (&user, NO_ROOM)] {
        let answer = who.call("GET", &format!("/websocket-connections/device/{device}"), &Value::Null).await;
        check_refused(&answer, 404, "not_found", "Device not found or no connections");
    }
    let empty = json!({"connections": [], "total": 0, "limit": 20, "offset": 0});
    check(&other.call("GET", "/websocket-connections/", &Value::Null).await, 200, &empty);
    check(&other.call("GET", &format!("/websocket-connections/?user_id={}", user.id), &Value::Null).await, 200, &empty);
    check(&other.call("GET", "/websocket-connections/active", &Value::Null).await, 200, &json!({"connections": [], "count": 0}));
    let none = json!({"total_connections": 0, "active_connections": 0, "total_disconnected": 0, "avg_duration_minutes": 0});
    check(&other.call("GET", "/websocket-connections/stats", &Value::Null).await, 200, &none);
    for (path, message) in [
        ("/websocket-connections/none", "Invalid connection ID format"),
        ("/websocket-connections/device/none", "Invalid device_id format"),
    ] {
        check_refused(&user.call("GET", path, &Value::Null).await, 400, "invalid_payload", message);
    }
    for path in ["", "/", "/active", "/stats", "/device/x", "/x"] {
        let answer = call(hub.url("quiz"), "GET", &format!("/websocket-connections{path}"), &Value::Null).await;
        check_refused(&answer, 401, "unauthorized", "Authentication required");
    }
    drop(there);
    hub.stop().await;
}

#[tokio::test]
async fn rows_are_kept_as_the_configuration_says_and_open_ones_always() {
    let hub = Hub::start(&[UNLIMITED, ("QUIZ__RETENTION__CONNECTIONS_PER_DEVICE", "2")]).await;
    let user = User::register(hub.url("quiz"), "user").await;
    let stays = browser(&user, DEVICE).await;
    for number in 1..5_u32 {
        let client = browser(&user, DEVICE).await;
        let id = client.id.clone();
        client.close().await;
        let is_gone =
            |list: &Value| list["connections"].as_array().expect("a list").iter().all(|row| row["socket_id"] != id.as_str());
        until(&user, "/websocket-connections/?status=connected", is_gone).await;
        let list = user.get("/websocket-connections/").await;
        assert_eq!(list["total"], number.min(1) + 1, "{list}");
        assert_eq!(list["connections"][0]["socket_id"], json!(id));
        assert_eq!(list["connections"][1]["socket_id"], json!(stays.id));
    }
    hub.stop().await;
}
