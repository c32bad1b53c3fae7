//! Replies and refusals as HTTP responses: JSON always, in the system's own envelope.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use hubbub_protocol::contract::System;
use hubbub_protocol::fault::{Fault, Kind};
use serde::Serialize;

/// The content type of every JSON answer.
const JSON: &str = "application/json; charset=utf-8";

/// Renders a success.
///
/// # Errors
/// An internal fault if the reply cannot be written as JSON, which is a bug.
pub fn success<S: System>(status: u16, reply: &impl Serialize) -> Result<HttpResponse, Fault> {
    let mut response = with_status(status);
    if status == 204 {
        return Ok(response.finish());
    }
    match serde_json::to_vec(reply) {
        Ok(body) => Ok(response.insert_header(json()).body(body)),
        Err(error) => {
            tracing::error!(%error, "a reply cannot be written as JSON");
            Err(S::REFUSALS.internal.fault())
        }
    }
}

/// Renders a fault in the system's envelope, as the answer to the request with this id.
#[must_use]
pub fn refused<S: System>(fault: &Fault, request_id: &str) -> HttpResponse {
    if fault.kind == Kind::Internal {
        tracing::error!(system = S::NAME, request.id = request_id, code = %fault.code, "a request failed: {}", fault.message);
    }
    let envelope = S::envelope(fault, request_id);
    let mut response = with_status(envelope.status);
    if let Some(secs) = fault.retry_after_secs {
        response.insert_header((RETRY_AFTER, HeaderValue::from(secs)));
    }
    response.insert_header(json()).body(envelope.body.to_string())
}

fn with_status(status: u16) -> HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

fn json() -> (HeaderName, HeaderValue) {
    (CONTENT_TYPE, HeaderValue::from_static(JSON))
}
