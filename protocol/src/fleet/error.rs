//! The fleet as a system: how its faults look over HTTP and on a socket.

use serde_json::{Map, Value, json};

use crate::contract::{Envelope, SocketError, System};
use crate::fault::{Fault, Kind};

/// The fleet: headsets, tablets, dashboards and capture sessions.
#[derive(Debug, Clone, Copy)]
pub struct Fleet;

impl System for Fleet {
    const NAME: &'static str = "fleet";

    /// `{ok:false, error, retryAfter?}`; `retryAfter` only where waiting helps: 429 and 503.
    fn envelope(fault: &Fault, _: &str) -> Envelope {
        // The document's server does not know of wrong methods: such a path does not exist.
        let kind = if fault.kind == Kind::MethodNotAllowed { Kind::NotFound } else { fault.kind };
        let mut body = Map::new();
        body.insert("ok".to_owned(), Value::Bool(false));
        body.insert("error".to_owned(), Value::String(text(fault).to_owned()));
        if let (Kind::TooMany | Kind::Unavailable, Some(secs)) = (kind, fault.retry_after_secs) {
            body.insert("retryAfter".to_owned(), secs.into());
        }
        Envelope { status: kind.status(), body: Value::Object(body) }
    }

    fn socket_error(fault: &Fault, _: &str) -> SocketError {
        let code = if fault.code.is_empty() { code(fault.kind) } else { &fault.code };
        SocketError { event: "error", payload: json!({ "code": code, "message": text(fault) }) }
    }
}

fn text(fault: &Fault) -> &str {
    match fault.kind {
        Kind::TooMany => "Too many requests, please try again later.",
        Kind::MethodNotAllowed => "Not found",
        _ => &fault.message,
    }
}

/// The code of a fault that brings none of its own.
fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Forbidden | Kind::Unauthenticated => "FORBIDDEN",
        Kind::Unavailable => "UNAVAILABLE",
        Kind::Internal => "INTERNAL_ERROR",
        _ => "INVALID_INPUT",
    }
}

/// The text of a payload that should have been the caller's own device id.
#[must_use]
pub fn invalid_device_id() -> Fault {
    Fault::new(Kind::Invalid, "INVALID_DEVICE_ID", "Invalid device ID")
}

/// A headset event that needs `headset-identify` first.
#[must_use]
pub fn not_identified() -> Fault {
    Fault::new(Kind::Invalid, "NOT_IDENTIFIED", "Headset is not identified")
}

/// A frame that is no string, or too large a one.
#[must_use]
pub fn invalid_frame() -> Fault {
    Fault::new(Kind::Invalid, "INVALID_FRAME_DATA", "Frame must be a string of at most 1048576 characters")
}

/// A status that is neither string nor object, or too large.
#[must_use]
pub fn invalid_status() -> Fault {
    Fault::new(Kind::Invalid, "INVALID_STATUS_DATA", "Status must be a JSON string of at most 10240 characters")
}

/// A telemetry report that cannot be read.
#[must_use]
pub fn invalid_telemetry() -> Fault {
    Fault::new(Kind::Invalid, "INVALID_TELEMETRY", "Telemetry must be a JSON object of at most 64 KB")
}

/// A telemetry report that speaks for another device.
#[must_use]
pub fn foreign_telemetry() -> Fault {
    Fault::new(Kind::Invalid, "INVALID_TELEMETRY", "Telemetry belongs to another device")
}

/// Metadata that is neither string nor object, or too large.
#[must_use]
pub fn invalid_metadata() -> Fault {
    Fault::new(Kind::Invalid, "INVALID_METADATA", "Metadata must be a JSON string of at most 102400 characters")
}

/// Any other payload of the wrong type.
#[must_use]
pub fn invalid_input(message: &str) -> Fault {
    Fault::new(Kind::Invalid, "INVALID_INPUT", message)
}

/// Something that this caller may not do.
#[must_use]
pub fn forbidden(message: &str) -> Fault {
    Fault::new(Kind::Forbidden, "FORBIDDEN", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_has_its_status_and_the_envelope() {
        let check = |kind: Kind, status: u16, body: &str| {
            let envelope = Fleet::envelope(&Fault::new(kind, "", "Some text").retry_after(7), "r1");
            assert_eq!((envelope.status, envelope.body.to_string().as_str()), (status, body));
        };
        check(Kind::Invalid, 400, r#"{"ok":false,"error":"Some text"}"#);
        check(Kind::Unauthenticated, 401, r#"{"ok":false,"error":"Some text"}"#);
        check(Kind::Forbidden, 403, r#"{"ok":false,"error":"Some text"}"#);
        check(Kind::NotFound, 404, r#"{"ok":false,"error":"Some text"}"#);
        check(Kind::MethodNotAllowed, 404, r#"{"ok":false,"error":"Not found"}"#);
        check(Kind::TooLarge, 413, r#"{"ok":false,"error":"Some text"}"#);
        check(Kind::TooMany, 429, r#"{"ok":false,"error":"Too many requests, please try again later.","retryAfter":7}"#);
        check(Kind::Internal, 500, r#"{"ok":false,"error":"Some text"}"#);
        check(Kind::Unavailable, 503, r#"{"ok":false,"error":"Some text","retryAfter":7}"#);
    }

    #[test]
    fn a_socket_hears_of_its_mistake_as_an_error_event() {
        let error = Fleet::socket_error(&invalid_device_id(), "r1");
        assert_eq!(
            (error.event, error.payload),
            ("error", json!({ "code": "INVALID_DEVICE_ID", "message": "Invalid device ID" }))
        );
        let error = Fleet::socket_error(&Fault::new(Kind::Forbidden, "", "No"), "r1");
        assert_eq!(error.payload, json!({ "code": "FORBIDDEN", "message": "No" }));
    }
}
