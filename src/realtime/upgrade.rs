//! Which upgrade requests become WebSockets, and how the others are refused.

use std::sync::Arc;

use actix_http::header::{self, HeaderMap};
use actix_http::{HttpMessage, Request, ws};
use bytes::Bytes;
use hubbub_protocol::wire::handshake::{self, Query, Refusal, Transport};

use super::capacity::{Full, Place};
use super::handshake::{Handshake, USER_AGENT_BYTES};
use super::service::Service;
use super::session::Session;

/// An upgrade request that becomes a WebSocket.
pub struct Accepted {
    /// The server it is for.
    pub service: Arc<Service>,
    /// What the WebSocket is for.
    pub purpose: Purpose,
    /// The `101` response's head.
    pub head: Bytes,
}

/// What a WebSocket is for.
pub enum Purpose {
    /// To carry a new connection.
    New {
        /// What its query says.
        query: Query,
        /// What the connection's hooks will see.
        handshake: Handshake,
        /// Its place.
        place: Place,
    },
    /// To carry a polling connection from now on.
    Upgrade {
        /// That connection.
        session: Arc<Session>,
    },
}

/// Why an upgrade request is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// No server at this path.
    NoSuchPath,
    /// Not a WebSocket handshake as RFC 6455 writes it.
    NotAWebSocket,
    /// Refused by Engine.IO's rules.
    Engine(Refusal),
    /// No place left.
    Full(Full),
    /// The hub is stopping.
    Stopping,
}

impl Refused {
    /// Returns the whole response, which closes the connection.
    #[must_use]
    pub fn response(&self) -> String {
        let (status, body) = match self {
            Self::NoSuchPath => ("404 Not Found", error_body(0, "Not found")),
            Self::NotAWebSocket => ("400 Bad Request", error_body(3, "Bad request")),
            Self::Engine(Refusal::Forbidden) => ("403 Forbidden", Refusal::Forbidden.body()),
            Self::Engine(refusal) => ("400 Bad Request", refusal.body()),
            Self::Full(full) => ("503 Service Unavailable", error_body(3, &full.to_string())),
            Self::Stopping => ("503 Service Unavailable", error_body(3, "the server is stopping")),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    }
}

/// Returns Engine.IO's error body.
pub(super) fn error_body(code: u8, message: &str) -> String {
    serde_json::json!({ "code": code, "message": message }).to_string()
}

/// Decides about an upgrade request.
///
/// # Errors
/// The refusal.
pub fn accept(services: &[Arc<Service>], request: &Request) -> Result<Accepted, Refused> {
    let path = request.path().strip_suffix('/').unwrap_or(request.path());
    let service = services.iter().find(|service| service.path == path).ok_or(Refused::NoSuchPath)?;
    let key = websocket_key(request).ok_or(Refused::NotAWebSocket)?;
    let query = names_websocket(request.uri().query().unwrap_or_default()).map_err(Refused::Engine)?;
    if service.sessions.is_draining() {
        return Err(Refused::Stopping);
    }
    let headers = request.headers();
    if let Some(origin) = headers.get(header::ORIGIN) {
        let host = text(headers, &header::HOST).unwrap_or_default();
        if !origin.to_str().is_ok_and(|origin| service.origins.allows(origin, host)) {
            return Err(Refused::Engine(Refusal::Forbidden));
        }
    }
    let address = service.client_of(request.peer_addr(), headers);
    let purpose = match &query.sid {
        None => Purpose::New {
            place: service.capacity.take(address).map_err(Refused::Full)?,
            handshake: handshake_of(headers, address, request.uri().query().unwrap_or_default()),
            query,
        },
        Some(id) => {
            let session = service.sessions.get(id).ok_or(Refused::Engine(Refusal::UnknownSid))?;
            if !session.is_of(address) {
                return Err(Refused::Engine(Refusal::UnknownSid));
            }
            if session.revision != query.revision || session.has_ended() {
                return Err(Refused::Engine(Refusal::BadRequest));
            }
            Purpose::Upgrade { session }
        }
    };
    Ok(Accepted { service: Arc::clone(service), purpose, head: switching_head(key) })
}

/// Returns the head of the response to a handshake with this key.
fn switching_head(key: &str) -> Bytes {
    const HEAD: &[u8] =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    [HEAD, &ws::hash_key(key.as_bytes()), b"\r\n\r\n"].concat().into()
}

/// Returns what the hooks may want to know of a handshake request.
pub(super) fn handshake_of(headers: &HeaderMap, address: Option<std::net::IpAddr>, query: &str) -> Handshake {
    let user_agent = text(headers, &header::USER_AGENT).and_then(|agent| agent.get(..agent.len().min(USER_AGENT_BYTES)));
    Handshake {
        address,
        query: query.into(),
        authorization: text(headers, &header::AUTHORIZATION).map(Box::from),
        user_agent: user_agent.map(Box::from),
    }
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn websocket_key(request: &Request) -> Option<&str> {
    let headers = request.headers();
    let is_get = request.method() == actix_http::Method::GET;
    let is_websocket = text(headers, &header::UPGRADE)?.eq_ignore_ascii_case("websocket");
    let is_version_13 = text(headers, &header::SEC_WEBSOCKET_VERSION)? == "13";
    let key = text(headers, &header::SEC_WEBSOCKET_KEY)?;
    (is_get && is_websocket && is_version_13 && key.len() == 24).then_some(key)
}

/// Decodes a query that must ask for a WebSocket.
fn names_websocket(query: &str) -> Result<Query, Refusal> {
    let query = handshake::parse(query)?;
    let is_websocket = query.transport == Transport::WebSocket;
    if is_websocket { Ok(query) } else { Err(Refusal::BadRequest) }
}
