//! How many connections there may be, and that every one of them is gone when its peer is.

use std::net::SocketAddr;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Error;

use crate::harness::hub::Hub;
use crate::harness::metrics;
use crate::harness::polling::Polling;
use crate::harness::process::Served;
use crate::harness::socket::{Client, Raw};

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// Returns how a WebSocket is refused: status and body.
async fn refused_websocket(base: &str) -> (u16, Value) {
    match Raw::try_open(base, WEBSOCKET).await {
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            (response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default())
        }
        Err(error) => panic!("refused, but not over HTTP: {error}"),
        Ok(_) => panic!("accepted"),
    }
}

async fn refused_polling(base: &str) -> (u16, Value) {
    let response = reqwest::get(format!("{base}{POLLING}")).await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("a JSON body"))
}

#[tokio::test]
async fn a_full_hub_says_so_on_both_transports_and_takes_the_next_when_one_leaves() {
    let hub = Hub::start(&[("LAB__ENABLED", "true"), ("REALTIME__MAX_CONNECTIONS", "2")]).await;
    let base = hub.url("lab");
    let one = Client::connect(base, json!({})).await;
    let other = Polling::open(base, "/engine.io/", 4).await;
    let full = (503, json!({ "code": 3, "message": "too many connections" }));
    assert_eq!(refused_websocket(base).await, full);
    assert_eq!(refused_polling(base).await, full);
    assert_eq!(other.post("4still served").await.1, "ok");
    one.close().await;
    metrics::until(hub.url("ops"), "hubbub_connections", "", 1.0).await;
    let _next = Polling::open(base, "/socket.io/", 4).await;
    assert_eq!(refused_websocket(base).await, full);
    hub.stop().await;
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let hub = Hub::start(&[("LAB__ENABLED", "true"), ("REALTIME__MAX_CONNECTIONS_PER_ADDRESS", "1")]).await;
    let base = hub.url("lab");
    let one = Client::connect(base, json!({})).await;
    let full = (503, json!({ "code": 3, "message": "too many connections from this address" }));
    assert_eq!(refused_websocket(base).await, full);
    assert_eq!(refused_polling(base).await, full);
    let _neighbour = Raw::open_from("127.0.0.2", base, WEBSOCKET).await;
    one.close().await;
    metrics::until(hub.url("ops"), "hubbub_connections", "", 1.0).await;
    Client::connect(base, json!({})).await;
    hub.stop().await;
}

#[tokio::test]
async fn an_upgrade_keeps_the_place_it_has() {
    let hub = Hub::start(&[("LAB__ENABLED", "true"), ("REALTIME__MAX_CONNECTIONS", "1")]).await;
    let base = hub.url("lab");
    let client = Polling::open(base, "/engine.io/", 4).await;
    let mut raw = Raw::open(base, &format!("/engine.io/?EIO=4&transport=websocket&sid={}", client.sid)).await;
    raw.send("2probe").await;
    assert_eq!(raw.text().await, "3probe");
    raw.send("5").await;
    raw.send("4moved").await;
    assert_eq!(raw.text().await, "4moved");
    assert_eq!(refused_websocket(base).await.0, 503);
    let websockets = r#"transport="websocket""#;
    assert_eq!(metrics::read(hub.url("ops"), "hubbub_connections", websockets).await, 1.0);
    hub.stop().await;
}

/// The ways in which a connection comes and goes.
const WAYS: usize = 10;
/// Connections that come and go at the same time.
const AT_ONCE: usize = 50;
const CYCLES: usize = 2000;
/// What the second thousand may add to what the first left: the allocator's slack, not a connection's worth each.
const GROWTH_BYTES: u64 = 8 * 1024 * 1024;

#[tokio::test]
async fn two_thousand_connections_come_and_go_and_none_stays() {
    let hub = Served::start(&[
        ("LAB__ENABLED", "true"),
        ("LAB__RECOVERY", "true"),
        ("REALTIME__PING_INTERVAL_MS", "300"),
        ("REALTIME__PING_TIMEOUT_MS", "2000"),
        ("REALTIME__CONNECT_TIMEOUT_MS", "5000"),
        ("LOG__LEVEL", "warn"),
    ]);
    let (mut silent, mut resident) = (Vec::new(), Vec::new());
    for round in 0..CYCLES / AT_ONCE {
        let cycles = (0..AT_ONCE).map(|number| come_and_go(hub.url("lab"), round * AT_ONCE + number));
        silent.extend(join_all(cycles).await.into_iter().flatten());
        if (round + 1) % (CYCLES / AT_ONCE / 2) == 0 {
            for transport in ["polling", "websocket"] {
                hub.until_metric("hubbub_connections", &format!("transport=\"{transport}\""), 0.0).await;
            }
            hub.until_metric("hubbub_rooms", "", 0.0).await;
            resident.push(hub.resident_bytes());
        }
    }
    let [half, whole] = resident[..] else { panic!("two measurements, not {resident:?}") };
    assert!(whole < half + GROWTH_BYTES, "from {half} to {whole} bytes");
    let mut last = Client::connect(hub.url("lab"), json!({})).await;
    last.expect("auth").await;
    assert!(!hub.log().contains("panic"), "{}", hub.log());
    drop(silent);
}

/// One connection, gone in one of many ways; what is returned stays open and silent.
async fn come_and_go(base: &str, number: usize) -> Option<TcpStream> {
    let authority = base.trim_start_matches("http://");
    let upgrade = format!(
        "GET {WEBSOCKET} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    match number % WAYS {
        // A member of a room closes properly.
        0 => in_a_room(base, number).await.close().await,
        // A member of a room vanishes.
        1 => drop(in_a_room(base, number).await),
        // A polling client never polls again.
        2 => drop(Polling::open(base, "/socket.io/", 4).await),
        // A polling client joins and closes without a poll.
        3 => {
            let client = Polling::open(base, "/socket.io/", 4).await;
            client.post("40{}\u{1e}42[\"join\",\"polled\"]\u{1e}1").await;
        }
        // Half of a request.
        4 => send_raw(authority, &upgrade.as_bytes()[..upgrade.len() / 2]).await?.shutdown().await.unwrap_or_default(),
        // A handshake whose answer nobody reads.
        5 => drop(send_raw(authority, upgrade.as_bytes()).await),
        // The close comes with the handshake: a masked close frame.
        6 => {
            let bytes = [upgrade.as_bytes(), &[0x88, 0x80, 0, 0, 0, 0]].concat();
            drop(send_raw(authority, &bytes).await);
        }
        // Nonsense comes with the handshake.
        7 => drop(send_raw(authority, &[upgrade.as_bytes(), b"nonsense"].concat()).await),
        // An upgrade given up after its probe.
        8 => {
            let client = Polling::open(base, "/socket.io/", 4).await;
            let mut raw = Raw::open(base, &format!("{WEBSOCKET}&sid={}", client.sid)).await;
            raw.send("2probe").await;
        }
        // A peer that stays and says nothing: the heartbeat finds it.
        _ => return send_raw(authority, upgrade.as_bytes()).await,
    }
    None
}

async fn in_a_room(base: &str, number: usize) -> Client {
    let mut client = Client::connect(base, json!({})).await;
    client.expect("auth").await;
    client.ask("join", json!([format!("room {number}")])).await;
    client.ask("join", json!(["room of all"])).await;
    client
}

async fn send_raw(authority: &str, bytes: &[u8]) -> Option<TcpStream> {
    let address: SocketAddr = authority.parse().expect("an address");
    let mut stream = TcpSocket::new_v4().expect("a socket").connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    Some(stream)
}
