//! WebSocket frames by the letter of RFC 6455: fragments, control frames between them, and how a connection closes.

use hubbub_protocol::wire::frame::Opcode;

use crate::harness::hub::Hub;
use crate::harness::wire::{Wire, frame, handshake};

const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true"), ("LAB__MAX_PAYLOAD_BYTES", "10000")];
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const ECHO: &str = "/engine.io/?EIO=4&transport=websocket";

/// Opens a connection to the bare Engine.IO echo.
async fn echo(hub: &Hub) -> Wire {
    let mut wire = Wire::open(hub.url("lab"), ECHO).await;
    assert!(wire.text().await.starts_with('0'));
    wire
}

#[tokio::test]
async fn control_frames_come_between_the_fragments_of_a_message() {
    let hub = Hub::start(LAB).await;
    let mut wire = echo(&hub).await;
    let frames = [
        frame(TEXT, false, b"4h"),
        frame(PING, true, b"alive?"),
        frame(0, false, "él".as_bytes().split_at(1).0),
        frame(PONG, true, b"unasked"),
        frame(0, false, "él".as_bytes().split_at(1).1),
        frame(0, true, b"lo"),
    ];
    wire.send(&frames.concat()).await;
    assert_eq!(wire.next().await, Some((Opcode::Pong, "alive?".into())));
    assert_eq!(wire.text().await, "4héllo");
    // The same, byte by byte.
    for byte in frames.concat() {
        wire.send(&[byte]).await;
    }
    assert_eq!(wire.next().await, Some((Opcode::Pong, "alive?".into())));
    assert_eq!(wire.text().await, "4héllo");
    hub.stop().await;
}

#[tokio::test]
async fn each_violation_closes_with_its_code() {
    let hub = Hub::start(LAB).await;
    let unmasked = hubbub_protocol::wire::frame::frame(Opcode::Text, b"4x");
    let reserved = [0xc1, 0x80, 0, 0, 0, 0];
    let overlong = [0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'4'];
    let huge = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let (half_a_character, code_only_half) = ("4é".as_bytes().split_at(2).0, [3_u8]);
    let cases: [(&str, Vec<u8>, u16); 18] = [
        ("unmasked", unmasked.to_vec(), 1002),
        ("reserved bits", reserved.to_vec(), 1002),
        ("unknown opcode", frame(3, true, b"x").to_vec(), 1002),
        ("unknown control opcode", frame(11, true, b"x").to_vec(), 1002),
        ("length not minimal", overlong.to_vec(), 1002),
        ("fragmented ping", frame(PING, false, b"x").to_vec(), 1002),
        ("long ping", frame(PING, true, &[b'x'; 126]).to_vec(), 1002),
        ("nothing to continue", frame(0, true, b"x").to_vec(), 1002),
        ("message in a message", [frame(TEXT, false, b"4"), frame(TEXT, true, b"4")].concat(), 1002),
        ("half a close code", frame(CLOSE, true, &code_only_half).to_vec(), 1002),
        ("reserved close code", frame(CLOSE, true, &1005_u16.to_be_bytes()).to_vec(), 1002),
        ("not UTF-8", frame(TEXT, true, b"4\xff\xfe").to_vec(), 1007),
        ("half a character", frame(TEXT, true, half_a_character).to_vec(), 1007),
        ("not UTF-8 in a first fragment", frame(TEXT, false, b"4\xff").to_vec(), 1007),
        ("close reason not UTF-8", frame(CLOSE, true, b"\x03\xe8\xff").to_vec(), 1007),
        ("too big", frame(TEXT, true, &[b'x'; 10_001]).to_vec(), 1009),
        ("too big in fragments", [frame(BINARY, false, &[0; 9_999]), frame(0, true, &[0; 2])].concat(), 1009),
        ("too big by its header alone", huge.to_vec(), 1009),
    ];
    for (name, bytes, code) in cases {
        let mut wire = echo(&hub).await;
        wire.send(&frame(TEXT, true, b"4before")).await;
        assert_eq!(wire.text().await, "4before", "{name}");
        wire.send(&bytes).await;
        assert_eq!(wire.close_code().await, Some(code), "{name}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_came_before_a_violation_is_still_answered() {
    let hub = Hub::start(LAB).await;
    let mut wire = echo(&hub).await;
    wire.send(&[frame(TEXT, true, b"4one"), frame(TEXT, true, b"4two"), frame(TEXT, true, b"\xff")].concat()).await;
    assert_eq!((wire.text().await, wire.text().await), ("4one".to_owned(), "4two".to_owned()));
    assert_eq!(wire.close_code().await, Some(1007));
    hub.stop().await;
}

#[tokio::test]
async fn a_close_is_answered_with_a_close() {
    let hub = Hub::start(LAB).await;
    for payload in [&b""[..], &1000_u16.to_be_bytes(), &1001_u16.to_be_bytes(), b"\x03\xe8bye", &4999_u16.to_be_bytes()] {
        let mut wire = echo(&hub).await;
        wire.send(&[frame(TEXT, true, b"4last words"), frame(CLOSE, true, payload), frame(TEXT, true, b"4after")].concat()).await;
        assert_eq!(wire.text().await, "4last words");
        assert_eq!(wire.close_code().await, Some(1000), "{payload:?}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_close_inside_a_fragmented_message_is_a_close() {
    let hub = Hub::start(LAB).await;
    let mut wire = echo(&hub).await;
    wire.send(&[frame(TEXT, false, b"4half"), frame(CLOSE, true, &1000_u16.to_be_bytes())].concat()).await;
    assert_eq!(wire.close_code().await, Some(1000));
    hub.stop().await;
}

#[tokio::test]
async fn frames_that_come_with_the_handshake_are_taken_up() {
    let hub = Hub::start(LAB).await;
    let base = hub.url("lab");
    let mut wire = Wire::connect(base).await;
    let mut bytes = handshake(base, ECHO).into_bytes();
    bytes.extend_from_slice(&frame(TEXT, true, b"4early"));
    bytes.extend_from_slice(&frame(CLOSE, true, b""));
    wire.send(&bytes).await;
    let answer = wire.rest().await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("4early"), "{answer}");
    hub.stop().await;
}
