//! Tests of packets in text: what they look like, and what is refused.

use bytes::Bytes;
use serde::Serialize;

use super::*;
use crate::contract::Emit;
use crate::wire::frame::{Opcode, frames};
use crate::wire::limits::Limits;

const LIMITS: Limits = Limits::new(1000);

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("valid JSON")
}

fn args(json: &str) -> Args {
    serde_json::from_str::<Vec<Value>>(json).expect("valid JSON").into()
}

fn event_packet(namespace: &str, id: Option<u64>, name: &str, json: &str) -> Packet {
    Packet::Event { namespace: namespace.into(), id, name: name.into(), args: args(json) }
}

fn complete(dialect: Dialect, text: &str) -> Result<Packet, MessageError> {
    match decode_text(dialect, text, &LIMITS)? {
        Header::Complete(packet) => Ok(packet),
        Header::NeedsAttachments(partial) => panic!("{text} waits for {}", partial.remaining()),
    }
}

fn with_attachments(text: &str, attachments: &[&'static [u8]]) -> Result<Option<Packet>, MessageError> {
    let Header::NeedsAttachments(mut partial) = decode_text(Dialect::JsonV5, text, &LIMITS)? else {
        panic!("{text} has no attachments");
    };
    let mut packet = None;
    for (at, attachment) in attachments.iter().enumerate() {
        assert!(packet.is_none());
        assert!(at == 0 || partial.remaining() > 0);
        packet = partial.add(Bytes::from_static(attachment), &LIMITS)?;
    }
    Ok(packet)
}

/// Returns an entry's frames; text as it is, bytes in hexadecimal.
fn written(entry: &Bytes) -> Vec<String> {
    frames(entry)
        .map(|(opcode, payload)| match opcode {
            Opcode::Text => String::from_utf8(payload.to_vec()).expect("UTF-8"),
            _ => payload.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
        .collect()
}

#[test]
fn packets_are_read() {
    let check = |text, packet| assert_eq!(complete(Dialect::JsonV5, text), Ok(packet), "{text}");
    let connect = |namespace: &str, auth| Packet::Connect { namespace: namespace.into(), auth, query: None };
    check("0", connect("/", None));
    check("0/admin,", connect("/admin", None));
    check("0/admin", connect("/admin", None));
    check("0/admin,{\"token\":\"ü\"}", connect("/admin", Some(value(r#"{"token":"ü"}"#))));
    check("0{}", connect("/", Some(value("{}"))));
    check("1", Packet::Disconnect { namespace: "/".into() });
    check("1/a,", Packet::Disconnect { namespace: "/a".into() });
    check(r#"2["hello",1,{"a":[]}]"#, event_packet("/", None, "hello", r#"[1,{"a":[]}]"#));
    check(r#"2/a,12["h"]"#, event_packet("/a", Some(12), "h", "[]"));
    check(r#"20[ "h" , "[" ]"#, event_packet("/", Some(0), "h", r#"["["]"#));
    check("39007199254740991[]", Packet::Ack { namespace: "/".into(), id: 9_007_199_254_740_991, args: args("[]") });
    check("3/a,1[null,2]", Packet::Ack { namespace: "/a".into(), id: 1, args: args("[null,2]") });
    check(r#"4/a,{"message":"no"}"#, Packet::ConnectError { namespace: "/a".into(), data: value(r#"{"message":"no"}"#) });
    check(r#"0{"name":"\ud83d"}"#, connect("/", Some(value(r#"{"name":"\ufffd"}"#))));
    check(r#"4"no""#, Packet::ConnectError { namespace: "/".into(), data: "no".into() });
}

#[test]
fn protocol_4_may_ask_with_a_query() {
    let packet = Packet::Connect { namespace: "/admin".into(), auth: None, query: Some("token=1?".into()) };
    assert_eq!(complete(Dialect::JsonV4, "0/admin?token=1?,"), Ok(packet.clone()));
    assert_eq!(written(&encode(Dialect::JsonV4, &packet)), ["40/admin?token=1?,"]);
    let packet = Packet::Connect { namespace: "/admin?token=1".into(), auth: None, query: None };
    assert_eq!(complete(Dialect::JsonV5, "0/admin?token=1"), Ok(packet));
}

#[test]
fn arguments_keep_their_text() {
    let text = r#"2["e",{"b" : 1.0, "a":"\u00fc\ud800"},12345678901234567890123]"#;
    let Ok(Packet::Event { args, .. }) = complete(Dialect::JsonV5, text) else { panic!("no event") };
    assert_eq!(written(&event(Dialect::JsonV5, "/", None, "e", &args)), [format!("4{text}")]);
    assert_eq!(written(&ack(Dialect::JsonV4, "/", 1, &args)), [format!("431[{}", &text[6..])]);
}

#[test]
fn malformed_packets_are_refused() {
    let check = |text: &str, error| {
        assert_eq!(decode_text(Dialect::JsonV5, text, &LIMITS).expect_err(text), error, "{text}");
        assert_eq!(decode_text(Dialect::JsonV4, text, &LIMITS).expect_err(text), error, "{text}");
        assert_eq!(decode_text(Dialect::MsgpackV5, text, &LIMITS).expect_err(text), MessageError::WrongDialect);
    };
    for text in ["", "7", "a", "ü", "-"] {
        check(text, MessageError::UnknownType);
    }
    for text in ["5[\"e\"]", "5-[\"e\"]", "50-[\"e\"]", "600-1[]", "5x-[\"e\"]", "51[\"e\"]", "5", "5+1-[\"e\"]"] {
        check(text, MessageError::BadAttachments);
    }
    for text in ["511-[\"e\"]", "599999999999999999999999-[\"e\"]"] {
        check(text, MessageError::TooManyAttachments);
    }
    check(&format!("0/{}", "n".repeat(128)), MessageError::BadNamespace);
    for text in ["29007199254740992[\"e\"]", "399999999999999999999999[]", "3[]", "01", "11", "41\"no\""] {
        check(text, MessageError::BadAckId);
    }
    check(&format!("2[\"e\",{}{}]", "[".repeat(64), "]".repeat(64)), MessageError::TooDeep);
    check(&format!("0{}", r#"{"a":"#.repeat(65)), MessageError::TooDeep);
    for text in [
        "2",
        "2[]",
        "2{}",
        "2[1]",
        "2[null]",
        "2[\"e\"",
        "2[\"e\"]x",
        "2[\"e\",]",
        "2[\"e\",01]",
        "2\"e\"",
        "2/a[\"e\"]",
        "31{}",
        "31",
        "0[]",
        "0null",
        "0\"\"",
        "0{",
        "1{}",
        "1null",
        "4",
        "4[]",
        "41.5",
        "2[\"\\ud800\"]",
        "2[\"e\",\"\u{1}\"]",
        "51-",
        "51-{}",
    ] {
        let error = if text == "41.5" { MessageError::BadAckId } else { MessageError::BadPayload };
        check(text, error);
    }
    check(&format!("2[\"e\"{}]", ",0".repeat(1025)), MessageError::BadPayload);
    for name in RESERVED_EVENTS {
        check(&format!("2[\"{name}\"]"), MessageError::BadEventName);
        check(&format!("51-[\"{name}\"]"), MessageError::BadEventName);
    }
}

#[test]
fn attachments_take_the_place_of_their_placeholders() {
    let binary = |bytes: &'static [u8]| Value::Binary(Bytes::from_static(bytes));
    let text = r#"52-/a,7["e",{"b":{"_placeholder":true,"num":1},"c":1.5},[{"num":0,"_placeholder":true}]]"#;
    let object = Value::Object(vec![("b".into(), binary(&[2])), ("c".into(), 1.5.into())]);
    let args = Args::Tree(vec![object, Value::Array(vec![binary(&[1, 1])])]);
    let packet = Packet::Event { namespace: "/a".into(), id: Some(7), name: "e".into(), args };
    assert_eq!(with_attachments(text, &[&[1, 1], &[2]]), Ok(Some(packet)));
    let packet = Packet::Ack { namespace: "/".into(), id: 3, args: Args::Tree(vec![binary(&[1])]) };
    assert_eq!(with_attachments(r#"61-3[{"_placeholder":true,"num":0}]"#, &[&[1]]), Ok(Some(packet)));
    assert_eq!(with_attachments(text, &[&[1, 1]]), Ok(None));
}

#[test]
fn placeholders_must_name_an_attachment_once() {
    for text in [
        r#"51-["e",{"_placeholder":true,"num":1}]"#,
        r#"51-["e",{"_placeholder":true,"num":-1}]"#,
        r#"51-["e",{"_placeholder":true,"num":0.5}]"#,
        r#"51-["e",{"_placeholder":true,"num":"0"}]"#,
        r#"51-["e",{"_placeholder":true}]"#,
        r#"51-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        r#"51-["e",{"_placeholder":false,"_placeholder":true,"num":3}]"#,
    ] {
        assert_eq!(with_attachments(text, &[b"x"]), Err(MessageError::BadPlaceholder), "{text}");
    }
    let untouched = event_packet("/", None, "e", r#"[{"_placeholder":false,"num":0}]"#);
    assert_eq!(with_attachments(r#"51-["e",{"_placeholder":false,"num":0}]"#, &[b"x"]), Ok(Some(untouched)));
    let plain = event_packet("/", None, "e", r#"[{"_placeholder":true,"num":0}]"#);
    assert_eq!(complete(Dialect::JsonV5, r#"2["e",{"_placeholder":true,"num":0}]"#), Ok(plain));
}

#[test]
fn attachments_are_bounded_in_bytes_and_number() {
    let text = r#"52-["e",{"_placeholder":true,"num":0}]"#;
    assert_eq!(with_attachments(text, &[&[0; 600], &[0; 401]]), Err(MessageError::AttachmentsTooBig));
    assert!(matches!(with_attachments(text, &[&[0; 600], &[0; 400]]), Ok(Some(_))));
    let Ok(Header::NeedsAttachments(mut partial)) = decode_text(Dialect::JsonV5, text, &LIMITS) else { panic!("no header") };
    assert_eq!(partial.remaining(), 2);
    for _ in 0..2 {
        partial.add(Bytes::new(), &LIMITS).expect("in order");
    }
    assert_eq!(partial.add(Bytes::new(), &LIMITS), Err(MessageError::TooManyAttachments));
}

#[test]
fn a_tree_is_bounded_in_values() {
    let limits = Limits { max_values: 10, ..LIMITS };
    let decode = |text: &str| match decode_text(Dialect::JsonV5, text, &limits).expect("a header") {
        Header::NeedsAttachments(mut partial) => partial.add(Bytes::new(), &limits),
        Header::Complete(packet) => Ok(Some(packet)),
    };
    assert!(decode("51-[\"e\",[0,0,0,0,0,0,0,0,0]]").is_ok());
    assert_eq!(decode("51-[\"e\",[0,0,0,0,0,0,0,0,0,0]]"), Err(MessageError::TooManyValues));
    assert!(decode("2[\"e\",[0,0,0,0,0,0,0,0,0,0]]").is_ok());
}

#[test]
fn bytes_follow_their_packet() {
    let picture = Value::Object(vec![("jpg".into(), Bytes::from_static(&[0xff, 1]).into()), ("w".into(), 3.0.into())]);
    let args = Args::Tree(vec![picture, Bytes::from_static(&[2]).into()]);
    let json = r#"{"jpg":{"_placeholder":true,"num":0},"w":3},{"_placeholder":true,"num":1}"#;
    assert_eq!(written(&event(Dialect::JsonV5, "/a", Some(5), "e", &args)), [&format!(r#"452-/a,5["e",{json}]"#), "ff01", "02"]);
    assert_eq!(written(&event(Dialect::JsonV4, "/", None, "e", &args)), [&format!(r#"452-["e",{json}]"#), "04ff01", "0402"]);
    assert_eq!(written(&ack(Dialect::JsonV5, "/", 9, &args)), [&format!("462-9[{json}]"), "ff01", "02"]);
}

#[derive(Serialize)]
struct Reading {
    name: &'static str,
    value: f64,
    ratio: f32,
    raw: Value,
}

impl Emit for Reading {
    const NAME: &'static str = "reading";
}

#[derive(Serialize)]
struct Bare;

impl Emit for Bare {
    const NAME: &'static str = "bare";
    const ARGS: usize = 0;
}

#[test]
fn emissions_are_written_straight_from_their_type() {
    let reading = Reading { name: "ü\"", value: 2.0, ratio: 0.5, raw: Value::Null };
    let json = r#"["reading",{"name":"ü\"","value":2,"ratio":0.5,"raw":null}"#;
    assert_eq!(written(&emit(Dialect::JsonV5, "/", &reading)), [format!("42{json}]")]);
    assert_eq!(written(&emit_with_offset(Dialect::JsonV4, "/a", &reading, Some("o1"))), [format!("42/a,{json},\"o1\"]")]);
    assert_eq!(written(&emit(Dialect::JsonV5, "/", &Bare)), [r#"42["bare"]"#]);
    assert_eq!(written(&event_with_offset(Dialect::JsonV5, "/", "e", &args("[1]"), Some("o"))), [r#"42["e",1,"o"]"#]);
    let picture = Reading { raw: Bytes::from_static(&[7]).into(), ..reading };
    let frames = written(&emit(Dialect::JsonV5, "/", &picture));
    assert_eq!(frames, [r#"451-["reading",{"name":"ü\"","value":2,"ratio":0.5,"raw":{"_placeholder":true,"num":0}}]"#, "07"]);
}

#[test]
fn long_packets_have_the_header_for_their_length() {
    for len in [0, 100, 200, 70_000] {
        let args = args(&format!("[\"{}\"]", "x".repeat(len)));
        let expected = [format!(r#"42["e","{}"]"#, "x".repeat(len))];
        assert_eq!(written(&event(Dialect::JsonV5, "/", None, "e", &args)), expected);
    }
}

#[test]
fn welcomes_and_refusals_fit_their_protocol() {
    let check = |entry: Bytes, text: &str| assert_eq!(written(&entry), [text]);
    check(connect(Dialect::JsonV5, "/", "s", None), r#"40{"sid":"s"}"#);
    check(connect(Dialect::JsonV5, "/a", "s", Some("p")), r#"40/a,{"sid":"s","pid":"p"}"#);
    check(connect(Dialect::JsonV4, "/", "s", Some("p")), "40");
    check(connect(Dialect::JsonV4, "/a", "s", None), "40/a,");
    check(disconnect(Dialect::JsonV5, "/"), "41");
    check(disconnect(Dialect::JsonV4, "/a"), "41/a,");
    let data = value(r#"{"code":1}"#);
    check(connect_error(Dialect::JsonV5, "/a", "no", None), r#"44/a,{"message":"no"}"#);
    check(connect_error(Dialect::JsonV5, "/", "no", Some(&data)), r#"44{"message":"no","data":{"code":1}}"#);
    check(connect_error(Dialect::JsonV4, "/", "no", None), r#"44"no""#);
    check(connect_error(Dialect::JsonV4, "/a", "no", Some(&data)), r#"44/a,{"message":"no","data":{"code":1}}"#);
}
