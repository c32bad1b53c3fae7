//! Tests against bytes that the npm package wrote, and of what is refused.

use bytes::Bytes;
use compact_str::CompactString;
use serde::Serialize;

use super::*;
use crate::contract::Emit;
use crate::wire::frame::{Opcode, frames};
use crate::wire::message::{self, Dialect, encode};

const LIMITS: Limits = Limits::new(100_000);

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

fn read(hex: &str) -> Result<Packet, MessageError> {
    decode(&bytes_of(hex), &LIMITS)
}

/// Returns `value` in MessagePack.
fn packed<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("writes")
}

/// Returns an event whose only argument is `argument`, which is MessagePack.
fn event_with(argument: &[u8]) -> Vec<u8> {
    [&bytes_of("83 a474797065 02 a464617461 92 a165"), argument, &bytes_of("a36e7370 a12f")].concat()
}

fn argument(argument: &[u8]) -> Result<Value, MessageError> {
    match decode(&event_with(argument), &LIMITS)? {
        Packet::Event { args: Args::Tree(mut args), .. } => Ok(args.remove(0)),
        packet => panic!("not an event: {packet:?}"),
    }
}

fn binary(bytes: &[u8]) -> Value {
    Value::Binary(Bytes::copy_from_slice(bytes))
}

#[test]
fn what_the_javascript_client_writes_is_read() {
    let auth = Some(Value::Object(vec![("token".into(), "x".into())]));
    assert_eq!(
        read("84a47479706500a46461746181a5746f6b656ea178a76f7074696f6e7381a8636f6d7072657373c3a36e7370a22f61"),
        Ok(Packet::Connect { namespace: "/a".into(), auth, query: None })
    );
    assert_eq!(
        read("84a47479706500a464617461d40000a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f"),
        Ok(Packet::Connect { namespace: "/".into(), auth: None, query: None })
    );
    assert_eq!(
        read("83a47479706501a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f"),
        Ok(Packet::Disconnect { namespace: "/".into() })
    );
    assert_eq!(
        read("84a47479706503a46461746190a2696405a36e7370a12f"),
        Ok(Packet::Ack { namespace: "/".into(), id: 5, args: Args::default() })
    );
    let data = Value::Object(vec![("message".into(), "no".into())]);
    assert_eq!(
        read("83a47479706504a46461746181a76d657373616765a26e6fa36e7370a12f"),
        Ok(Packet::ConnectError { namespace: "/".into(), data })
    );
}

#[test]
fn every_kind_of_value_is_read_from_an_event() {
    let hex = "85a47479706502a4646174619fa16501ffccc8ce00011170cf000000012a05f200d1ff38d2fffeee90d3fffffffed5fa0e00cb3ff80000\
        00000000c0d4000082a175d40000a176c3c4020102d928c3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bcc3bc\
        c3bcc3bca76f7074696f6e7381a8636f6d7072657373c3a269640ca36e7370a12f";
    let numbers = [1, -1, 200, 70_000, 5_000_000_000, -200, -70_000, -5_000_000_000_i64].map(Value::Int);
    let object = Value::Object(vec![("v".into(), true.into())]);
    let others = vec![1.5.into(), Value::Null, Value::Null, object, binary(&[1, 2]), "ü".repeat(20).into()];
    let args = Args::Tree([numbers.to_vec(), others].concat());
    assert_eq!(read(hex), Ok(Packet::Event { namespace: "/".into(), id: Some(12), name: "e".into(), args }));
}

#[test]
fn dates_become_their_iso_text() {
    let hex = "84a47479706503a46461746196d7000000000000000000d7000000019c32d2c67bd700ffffffffffffffffd700001eb208c2dc0000d700\
        ffffc76e394a7400d700000000dd9d5a0980a2696405a36e7370a12f";
    let dates = [
        "1970-01-01T00:00:00.000Z",
        "2026-02-06T12:00:00.123Z",
        "1969-12-31T23:59:59.999Z",
        "+275760-09-13T00:00:00.000Z",
        "-000001-01-01T00:00:00.000Z",
        "2000-02-29T12:34:56.000Z",
    ];
    let args = Args::Tree(dates.map(Value::from).to_vec());
    assert_eq!(read(hex), Ok(Packet::Ack { namespace: "/".into(), id: 5, args }));
    assert_eq!(argument(&bytes_of("d700 7fffffffffffffff")), Ok(Value::Null));
    assert_eq!(argument(&bytes_of("d700 8000000000000000")), Ok(Value::Null));
}

#[test]
fn array_buffers_are_bytes_whatever_their_length() {
    let hex = "84a47479706503a46461746192c7010000c708000102030405060708a2696405a36e7370a12f";
    let args = Args::Tree(vec![binary(&[0]), binary(&[1, 2, 3, 4, 5, 6, 7, 8])]);
    assert_eq!(read(hex), Ok(Packet::Ack { namespace: "/".into(), id: 5, args }));
    assert_eq!(argument(&bytes_of("c70305 010203")), Ok(Value::Array(vec![Value::Int(5), binary(&[1, 2, 3])])));
    assert_eq!(argument(&bytes_of("d6ff 01020304")), Ok(Value::Array(vec![Value::Int(-1), binary(&[1, 2, 3, 4])])));
}

#[test]
fn malformed_packets_are_refused() {
    let check = |hex: &str, error| assert_eq!(read(hex), Err(error), "{hex}");
    check("", MessageError::BadPayload);
    check("80", MessageError::BadNamespace);
    check("93 01 02 03", MessageError::BadPayload);
    check("81 a36e7370 a12f", MessageError::UnknownType);
    check("82 a474797065 05 a36e7370 a12f", MessageError::UnknownType);
    check("82 a474797065 a130 a36e7370 a12f", MessageError::UnknownType);
    check("82 a474797065 01 a36e7370 a161", MessageError::BadNamespace);
    check("82 a474797065 01 a36e7370 a42f612c62", MessageError::BadNamespace);
    check("82 a474797065 01 a36e7370 c0", MessageError::BadNamespace);
    check("83 a474797065 01 a464617461 c0 a36e7370 a12f", MessageError::BadPayload);
    check("83 a474797065 00 a464617461 90 a36e7370 a12f", MessageError::BadPayload);
    check("83 a474797065 02 a464617461 80 a36e7370 a12f", MessageError::BadPayload);
    check("83 a474797065 02 a464617461 90 a36e7370 a12f", MessageError::BadEventName);
    check("83 a474797065 02 a464617461 91 01 a36e7370 a12f", MessageError::BadEventName);
    check("83 a474797065 02 a464617461 91 a7636f6e6e656374 a36e7370 a12f", MessageError::BadEventName);
    check("83 a474797065 03 a464617461 90 a36e7370 a12f", MessageError::BadAckId);
    for id in ["ff", "c0", "a131", "cb3ff8000000000000", "cf0020000000000000"] {
        check(&format!("84 a474797065 03 a464617461 90 a36e7370 a12f a26964 {id}"), MessageError::BadAckId);
    }
    check("82 a474797065 01 a36e7370 a12f 00", MessageError::BadPayload);
    check("82 a474797065 01 01 a12f", MessageError::BadPayload);
    let refused = |hex: &str, error| assert_eq!(argument(&bytes_of(hex)), Err(error), "{hex}");
    refused("a1ff", MessageError::BadPayload);
    refused("c1", MessageError::BadPayload);
    refused("82 ac5f706c616365686f6c646572 c3 a36e756d 00", MessageError::BadPlaceholder);
}

#[test]
fn announced_lengths_cost_nothing() {
    for hex in ["dd ffffffff", "df ffffffff", "db ffffffff", "c6 ffffffff", "c9 ffffffff 00", "dc ffff 00"] {
        assert_eq!(argument(&bytes_of(hex)), Err(MessageError::BadPayload), "{hex}");
    }
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let nested = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
    assert!(argument(&nested(63)).is_ok());
    assert_eq!(argument(&nested(64)), Err(MessageError::TooDeep));
    assert_eq!(argument(&[0x91; 50_000]), Err(MessageError::TooDeep));
    let with_extension = |depth: usize| [vec![0x91; depth], bytes_of("d405 01")].concat();
    assert!(argument(&with_extension(61)).is_ok());
    assert_eq!(argument(&with_extension(62)), Err(MessageError::TooDeep));
    let with_bytes = |depth: usize| [vec![0x91; depth], bytes_of("c401 01")].concat();
    assert!(argument(&with_bytes(62)).is_ok());
    assert_eq!(argument(&with_bytes(63)), Err(MessageError::TooDeep));
    let limits = Limits { max_values: 11, ..LIMITS };
    assert!(decode(&event_with(&[0x92, 0, 0]), &limits).is_ok());
    assert_eq!(decode(&event_with(&[0x93, 0, 0, 0]), &limits), Err(MessageError::TooManyValues));
    let too_many = packed(&vec![0; 1025]);
    let event =
        [bytes_of("83 a474797065 02 a464617461 dc 0402 a165"), too_many[3..].to_vec(), bytes_of("a36e7370 a12f")].concat();
    assert_eq!(decode(&event, &LIMITS), Err(MessageError::BadPayload));
}

#[derive(Serialize)]
struct Reading {
    name: &'static str,
    raw: Value,
}

impl Emit for Reading {
    const NAME: &'static str = "reading";
}

#[test]
fn what_is_written_is_a_map_in_one_frame() {
    let reading = Reading { name: "ü", raw: binary(&[1]) };
    let entry = message::emit_with_offset(Dialect::MsgpackV5, "/a", &reading, Some("o"));
    let all: Vec<_> = frames(&entry).collect();
    assert_eq!(all.len(), 1);
    let (opcode, payload) = &all[0];
    let hex = "83 a474797065 02 a464617461 93 a772656164696e67 82 a46e616d65 a2c3bc a3726177 c40101 a16f a36e7370 a22f61";
    assert_eq!((opcode, &payload[..]), (&Opcode::Binary, &bytes_of(hex)[..]));
}

#[test]
fn packets_survive_the_way_there_and_back() {
    let namespace = || CompactString::new("/a");
    let args = || Args::Tree(vec![1.5.into(), binary(&[1]), Value::Object(vec![("k".into(), u64::MAX.into())])]);
    let json = Args::of(&[1, 2]);
    for packet in [
        Packet::Connect { namespace: namespace(), auth: None, query: None },
        Packet::Connect { namespace: namespace(), auth: Some(Value::Object(Vec::new())), query: None },
        Packet::Disconnect { namespace: namespace() },
        Packet::Event { namespace: namespace(), id: None, name: "e".into(), args: args() },
        Packet::Event { namespace: namespace(), id: Some(0), name: "e".into(), args: json },
        Packet::Ack { namespace: namespace(), id: 70_000, args: args() },
        Packet::ConnectError { namespace: namespace(), data: "no".into() },
    ] {
        let entry = encode(Dialect::MsgpackV5, &packet);
        let (_, payload) = frames(&entry).next().expect("one frame");
        assert_eq!(decode(&payload, &LIMITS), Ok(packet));
    }
}
