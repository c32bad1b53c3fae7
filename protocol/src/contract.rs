//! The vocabulary of a contract: what a request, an event and an emission are, before any transport or actor.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::refusals::{Malformed, Refusals};
use crate::wire::args::Args;

/// One of the systems that hubbub serves.
pub trait System: 'static {
    /// The system's name: its section of the configuration, the issuer of its tokens, its metrics label.
    const NAME: &'static str;

    /// What the edge says when it refuses a request by itself.
    const REFUSALS: Refusals = Refusals::COMMON;

    /// How many events of any name one socket may send; over it they are refused with `too_many`.
    const SOCKET_LIMIT: Option<EventLimit> = None;

    /// Renders a fault as this system's HTTP status and JSON body. The request has the id under which it is logged.
    fn envelope(fault: &Fault, request_id: &str) -> Envelope;

    /// Renders a fault as the event emitted to the socket that caused it. What the socket asked has an id as a request has.
    fn socket_error(fault: &Fault, request_id: &str) -> SocketError;
}

/// A fault as one system writes it over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: serde_json::Value,
}

/// A fault as one system emits it to a socket.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketError {
    /// The event's name.
    pub event: &'static str,
    /// Its single argument.
    pub payload: serde_json::Value,
}

/// A request or an event together with what answers it.
pub trait Contract: Serialize + DeserializeOwned + Send + 'static {
    /// What a success carries.
    type Reply: Serialize + Send + 'static;
}

/// An HTTP method that contracts use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the methods' own names")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Who may call a route or send an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Open as documented, closed by the system's `require_auth` switch.
    OpenUnlessStrict,
    /// Holders of the admin API key (`X-API-Key`).
    AdminKey,
    /// Callers whose token carries one of these roles.
    Roles(&'static [&'static str]),
}

/// A REST rate limit: a fixed window per bucket and client address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The row of the document that shares one window.
    pub bucket: &'static str,
    /// Requests allowed in one window.
    pub max: u32,
    /// The window's length.
    pub window_secs: u32,
}

/// An event rate limit: a fixed window per socket and event name, from the first event on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLimit {
    /// Events allowed in one window.
    pub max: u32,
    /// The window's length.
    pub window_secs: u32,
}

/// A REST route.
pub trait Endpoint: Contract {
    /// The system it belongs to.
    type System: System;
    /// Its method.
    const METHOD: Method;
    /// Its path, parameters in braces: `/api/devices/{deviceId}`.
    const PATH: &'static str;
    /// The status of a success.
    const STATUS: u16 = 200;
    /// Who may call it.
    const ACCESS: Access = Access::Open;
    /// Its rate limit.
    const LIMIT: Option<Limit> = None;
    /// Request headers that fill a field, as (header, field); path and query beat them, they beat the body.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    /// Returns the fault that the contract names for input that does not decode; `None` for the system's common one.
    #[must_use]
    fn malformed(_: &Malformed) -> Option<Fault> {
        None
    }
}

/// An event from a client.
pub trait Event: Contract {
    /// The system it belongs to.
    type System: System;
    /// Its name on the wire.
    const NAME: &'static str;
    /// Who may send it.
    const ACCESS: Access = Access::Open;
    /// Its rate limit; over it, events are dropped silently.
    const LIMIT: Option<EventLimit> = None;

    /// Decodes the event's arguments.
    ///
    /// # Errors
    /// The fault that the contract names for a malformed payload.
    fn decode(args: &Args) -> Result<Self, Fault>;
}

/// An event to a client. By default it has one argument: the type itself.
pub trait Emit: Serialize {
    /// Its name on the wire.
    const NAME: &'static str;
    /// How many arguments it carries: 1, or 0 for a bare name.
    const ARGS: usize = 1;
}
