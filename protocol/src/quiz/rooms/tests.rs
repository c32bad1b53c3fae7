//! Payloads of any form, and how the other tests decode an event.

use super::LeaveRoom;
use super::payload::Payload;
use crate::contract::{Event, System};
use crate::quiz::field::{Field, Object, Part};
use crate::wire::args::Args;
use crate::wire::value::Value;

/// Decodes an event from the JSON text of its one argument; a refusal as its code and its text.
pub(super) fn decode<E: Event>(json: &str) -> Result<E, String> {
    let args = Args::Json([serde_json::from_str(json).expect("valid JSON")].into_iter().collect());
    E::decode(&args).map_err(|fault| {
        let error = E::System::socket_error(&fault, "r1").payload;
        format!("{}: {}", error["error"].as_str().expect("a code"), fault.message)
    })
}

#[test]
fn a_payload_is_an_object() {
    for wrong in ["1", "null", "\"text\"", "[[]]", "true"] {
        let refused = decode::<LeaveRoom>(wrong).map(|_| ());
        assert_eq!(refused, Err("invalid_payload: Invalid request data".to_owned()), "{wrong}");
    }
}

#[test]
fn a_payload_from_messagepack_reads_the_same() {
    let text = |text: &str| Value::String(text.to_owned());
    let settings = Value::Object(vec![("maxPlayers".to_owned(), Value::UInt(7)), ("timeBonus".to_owned(), Value::Bool(true))]);
    let sent = Value::Object(vec![
        ("hostId".to_owned(), text("u1")),
        ("title".to_owned(), text("T")),
        ("settings".to_owned(), settings),
        ("startsAt".to_owned(), Value::Float(2.0)),
        ("answer".to_owned(), Value::Array(vec![Value::Null])),
        ("picture".to_owned(), Value::Binary(bytes::Bytes::from_static(b"x"))),
    ]);
    let payload = Payload::read(&Args::Tree(vec![sent])).expect("an object");
    assert_eq!((payload.host_id, payload.answer), (Field::Text("u1".to_owned()), Field::Other));
    assert_eq!(payload.starts_at, Field::Number(2.0));
    let Part::Is(Object(settings)) = payload.settings else { panic!("settings") };
    assert_eq!((settings.max_players, settings.time_bonus), (Field::Number(7.0), Field::Bool(true)));
}

#[test]
fn without_an_argument_there_is_no_payload() {
    let refused = Payload::read(&Args::default()).map(|_| ()).map_err(|fault| fault.message);
    assert_eq!(refused, Err("Invalid request data".to_owned()));
}
