//! The quiz as a system: how its faults look over HTTP and on a socket.

use serde_json::{Map, Value};

use crate::contract::{Envelope, SocketError, System};
use crate::fault::{Fault, Kind};
use crate::refusals::{Refusal, Refusals};

/// The quiz: accounts, authoring, and rooms where it is played.
#[derive(Debug, Clone, Copy)]
pub struct Quiz;

impl System for Quiz {
    const NAME: &'static str = "quiz";

    const REFUSALS: Refusals =
        Refusals { invalid_input: Refusal::new(Kind::Invalid, "", "Invalid request data"), ..Refusals::COMMON };

    /// `{error, message, requestId}`; the last key is put in by [`identify`], for a fault does not know its request.
    fn envelope(fault: &Fault) -> Envelope {
        // The document's server does not know of wrong methods: such a path does not exist.
        let kind = if fault.kind == Kind::MethodNotAllowed { Kind::NotFound } else { fault.kind };
        Envelope { status: kind.status(), body: body(fault) }
    }

    fn socket_error(fault: &Fault) -> SocketError {
        SocketError { event: "error", payload: body(fault) }
    }
}

/// The key of a request's id, last in every error body.
pub const REQUEST_ID: &str = "requestId";

/// Names the request that an error answers, over HTTP and on a socket alike.
pub fn identify(body: &mut Value, request_id: &str) {
    if let Some(body) = body.as_object_mut() {
        body.insert(REQUEST_ID.to_owned(), request_id.into());
    }
}

fn body(fault: &Fault) -> Value {
    let error = if fault.code.is_empty() { code(fault.kind) } else { &fault.code };
    let mut body = Map::new();
    body.insert("error".to_owned(), error.into());
    body.insert("message".to_owned(), fault.message.as_str().into());
    Value::Object(body)
}

/// The code of a fault that brings none of its own.
fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid | Kind::Unprocessable => "invalid_payload",
        Kind::Unauthenticated => "unauthorized",
        Kind::Forbidden => "forbidden",
        Kind::NotFound | Kind::MethodNotAllowed => "not_found",
        Kind::Conflict => "conflict",
        Kind::TooLarge => "file_too_large",
        Kind::TooMany => "rate_limit_exceeded",
        Kind::Internal | Kind::Unavailable => "server_error",
    }
}

/// Input that the contract does not allow (400).
#[must_use]
pub fn invalid_payload(message: impl Into<String>) -> Fault {
    Fault::invalid(message)
}

/// No token, or none that is valid (401).
#[must_use]
pub fn unauthorized() -> Fault {
    Quiz::REFUSALS.unauthenticated.fault()
}

/// Something that this caller may not do (403).
#[must_use]
pub fn forbidden(message: &str) -> Fault {
    Fault::new(Kind::Forbidden, "", message)
}

/// No room has this id or code.
#[must_use]
pub fn room_not_found() -> Fault {
    Fault::not_found("Room not found")
}

/// No quiz has this id, or none that this caller may know of.
#[must_use]
pub fn quiz_not_found() -> Fault {
    Fault::not_found("Quiz not found")
}

/// The room takes no further player.
#[must_use]
pub fn room_full() -> Fault {
    forbidden("Room is full")
}

/// The player's id belongs to another socket that is alive.
#[must_use]
pub fn player_taken() -> Fault {
    forbidden("This player is connected elsewhere")
}

/// Only the host of a game may do this.
#[must_use]
pub fn not_the_host() -> Fault {
    forbidden("Only the host may do this")
}

/// Only members of a room may do this.
#[must_use]
pub fn not_in_the_room() -> Fault {
    forbidden("Join the room first")
}

/// This player's answer to this question counts already.
#[must_use]
pub fn already_answered() -> Fault {
    forbidden("already answered")
}

/// The question does not take answers: not open, not this one, or over.
#[must_use]
pub fn question_closed() -> Fault {
    forbidden("question closed")
}
