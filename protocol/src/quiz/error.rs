//! The quiz as a system: how its faults look over HTTP and on a socket.

use serde_json::{Value, json};

use super::limits;
use crate::contract::{Envelope, EventLimit, SocketError, System};
use crate::fault::{Fault, Kind};
use crate::refusals::{Refusal, Refusals};

/// The quiz: accounts, authoring, and rooms where it is played.
#[derive(Debug, Clone, Copy)]
pub struct Quiz;

impl System for Quiz {
    const NAME: &'static str = "quiz";

    const REFUSALS: Refusals =
        Refusals { invalid_input: Refusal::new(Kind::Invalid, "", "Invalid request data"), ..Refusals::COMMON };

    const SOCKET_LIMIT: Option<EventLimit> = Some(limits::SOCKET);

    /// `{error, message, requestId}`.
    fn envelope(fault: &Fault, request_id: &str) -> Envelope {
        // The document's server does not know of wrong methods: such a path does not exist.
        let kind = if fault.kind == Kind::MethodNotAllowed { Kind::NotFound } else { fault.kind };
        Envelope { status: kind.status(), body: body(fault, request_id) }
    }

    fn socket_error(fault: &Fault, request_id: &str) -> SocketError {
        SocketError { event: "error", payload: body(fault, request_id) }
    }
}

fn body(fault: &Fault, request_id: &str) -> Value {
    let error = if fault.code.is_empty() { code(fault.kind) } else { &fault.code };
    json!({ "error": error, "message": fault.message, "requestId": request_id })
}

/// The code of a fault that brings none of its own.
fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid | Kind::Unprocessable | Kind::LengthRequired => "invalid_payload",
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

/// The email address has an account already (422).
#[must_use]
pub fn duplicate_email() -> Fault {
    Fault::new(Kind::Unprocessable, "duplicate_email", "Email already registered")
}

/// Somebody else has this name (409); see [`username_taken_at_register`].
#[must_use]
pub fn username_taken() -> Fault {
    Fault::new(Kind::Conflict, USERNAME_TAKEN, "Username already exists")
}

/// Somebody has this name (422): registration documents no 409.
#[must_use]
pub fn username_taken_at_register() -> Fault {
    Fault { kind: Kind::Unprocessable, ..username_taken() }
}

const USERNAME_TAKEN: &str = "username_taken";

/// No account has this email and password (401); nothing tells which of the two is wrong.
#[must_use]
pub fn invalid_credentials() -> Fault {
    Fault::new(Kind::Unauthenticated, "invalid_credentials", "Invalid credentials")
}

/// The avatar is larger than allowed (413).
#[must_use]
pub fn file_too_large() -> Fault {
    Fault::new(Kind::TooLarge, "", "File size exceeds 5MB limit")
}

/// The quiz is not fit to be published (400); `errors` say why.
#[must_use]
pub fn validation_failed(errors: &[String]) -> Fault {
    Fault::new(Kind::Invalid, "validation_failed", errors.join("; "))
}

/// Another quiz has this code (400).
#[must_use]
pub fn code_taken() -> Fault {
    Fault::new(Kind::Invalid, "code_taken", "Code already exists")
}

/// No question of the quiz has this id.
#[must_use]
pub fn question_not_found() -> Fault {
    Fault::not_found("Question not found")
}

/// No answer of the question has this id.
#[must_use]
pub fn answer_not_found() -> Fault {
    Fault::not_found("Answer not found")
}

/// The quiz belongs to somebody else.
#[must_use]
pub fn not_the_owner() -> Fault {
    forbidden("Not quiz owner")
}

/// No game has this id, or its flow is gone.
#[must_use]
pub fn flow_not_found() -> Fault {
    Fault::not_found("Game flow not found")
}

/// There is no question after this one (400).
#[must_use]
pub fn at_last_question() -> Fault {
    invalid_payload("already at last question")
}

/// No connection has this id, or none that this caller may know of.
#[must_use]
pub fn connection_not_found() -> Fault {
    Fault::not_found("Connection not found")
}

/// The device has no connection that this caller may know of.
#[must_use]
pub fn no_connections() -> Fault {
    Fault::not_found("Device not found or no connections")
}

/// The device never connected, or belongs to somebody else.
#[must_use]
pub fn device_session_not_found() -> Fault {
    Fault::not_found("Device session not found")
}

/// The user has no avatar.
#[must_use]
pub fn no_avatar() -> Fault {
    Fault::not_found("No avatar to delete")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_has_its_status_and_code() {
        let check = |kind: Kind, status: u16, code: &str| {
            let Envelope { status: found, body } = Quiz::envelope(&Fault::new(kind, "", "Some text").retry_after(7), "r1");
            let expected = format!(r#"{{"error":"{code}","message":"Some text","requestId":"r1"}}"#);
            assert_eq!((found, body.to_string()), (status, expected));
        };
        check(Kind::Invalid, 400, "invalid_payload");
        check(Kind::Unauthenticated, 401, "unauthorized");
        check(Kind::Forbidden, 403, "forbidden");
        check(Kind::NotFound, 404, "not_found");
        check(Kind::MethodNotAllowed, 404, "not_found");
        check(Kind::Conflict, 409, "conflict");
        check(Kind::TooLarge, 413, "file_too_large");
        check(Kind::Unprocessable, 422, "invalid_payload");
        check(Kind::TooMany, 429, "rate_limit_exceeded");
        check(Kind::Internal, 500, "server_error");
        check(Kind::Unavailable, 503, "server_error");
    }

    #[test]
    fn some_faults_bring_a_code_of_their_own() {
        let check = |fault: Fault, status: u16, code: &str| {
            let envelope = Quiz::envelope(&fault, "r1");
            assert_eq!((envelope.status, envelope.body.get("error").and_then(Value::as_str)), (status, Some(code)));
        };
        check(duplicate_email(), 422, "duplicate_email");
        check(username_taken(), 409, "username_taken");
        check(username_taken_at_register(), 422, "username_taken");
        check(invalid_credentials(), 401, "invalid_credentials");
        check(file_too_large(), 413, "file_too_large");
        check(validation_failed(&[]), 400, "validation_failed");
        check(code_taken(), 400, "code_taken");
    }

    #[test]
    fn a_failed_validation_says_everything_that_is_wrong() {
        let fault = validation_failed(&["No questions".to_owned(), "Title is empty".to_owned()]);
        assert_eq!(fault.message, "No questions; Title is empty");
    }

    #[test]
    fn a_socket_hears_of_its_mistake_as_an_error_event() {
        let error = Quiz::socket_error(&question_closed(), "r1");
        assert_eq!(error.event, "error");
        assert_eq!(error.payload.to_string(), r#"{"error":"forbidden","message":"question closed","requestId":"r1"}"#);
    }

    #[test]
    fn what_the_edge_refuses_is_in_the_contracts_words() {
        let fault = Quiz::REFUSALS.invalid_input.fault();
        let body = Quiz::envelope(&fault, "r1").body.to_string();
        assert_eq!(body, r#"{"error":"invalid_payload","message":"Invalid request data","requestId":"r1"}"#);
        assert_eq!(Quiz::envelope(&unauthorized(), "r1").status, 401);
    }
}
