//! The Engine.IO handshake: the query string of every request, the open packet, and the refusals.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

use super::packet::{PacketType, Revision, text_frame};

/// How packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

/// What the server tells about a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open<'a> {
    /// The session's id.
    pub sid: &'a str,
    /// The transports the client may move to.
    pub upgrades: &'a [Transport],
    /// How often a ping is sent.
    pub ping_interval_ms: u64,
    /// How long its answer may take.
    pub ping_timeout_ms: u64,
    /// The largest polling body, told since revision 4.
    pub max_payload: usize,
}

/// [`Open`] as JSON, keys in the official server's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenBody<'a> {
    sid: &'a str,
    upgrades: &'a [Transport],
    ping_interval: u64,
    ping_timeout: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_payload: Option<usize>,
}

impl Open<'_> {
    /// Returns the open packet as a whole WebSocket frame.
    #[must_use]
    pub fn packet(&self, revision: Revision) -> Bytes {
        let body = OpenBody {
            sid: self.sid,
            upgrades: self.upgrades,
            ping_interval: self.ping_interval_ms,
            ping_timeout: self.ping_timeout_ms,
            max_payload: (revision == Revision::V4).then_some(self.max_payload),
        };
        let json = serde_json::to_string(&body).expect("strings and numbers always serialize");
        text_frame(PacketType::Open, &json)
    }
}

/// The part of a query string that Engine.IO reads; other keys belong to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// `EIO`.
    pub revision: Revision,
    /// `transport`.
    pub transport: Transport,
    /// `sid`; absent in the request that opens a session.
    pub sid: Option<String>,
    /// `b64`: the client cannot take bytes.
    pub b64: bool,
}

/// Why a request is refused before any session hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum Refusal {
    #[error("Transport unknown")]
    UnknownTransport = 0,
    #[error("Session ID unknown")]
    UnknownSid = 1,
    #[error("Bad handshake method")]
    BadHandshakeMethod = 2,
    #[error("Bad request")]
    BadRequest = 3,
    #[error("Forbidden")]
    Forbidden = 4,
    #[error("Unsupported protocol version")]
    UnsupportedVersion = 5,
}

impl Refusal {
    /// Returns the number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the official text.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    /// Returns the JSON body of the response.
    #[must_use]
    pub fn body(self) -> String {
        format!(r#"{{"code":{},"message":"{}"}}"#, self.code(), self.message())
    }
}

/// Reads a query string. Where several things are wrong, the transport is named first, as the official server does.
///
/// # Errors
/// An unknown transport or revision; a key of Engine.IO's given twice or with broken percent-encoding; a JSONP request.
pub fn parse(query_string: &str) -> Result<Query, Refusal> {
    let (mut revision, mut transport, mut sid, mut b64, mut jsonp) = (None, None, None, None, None);
    for pair in query_string.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slot = match percent_decoded(key).as_deref() {
            Some("EIO") => &mut revision,
            Some("transport") => &mut transport,
            Some("sid") => &mut sid,
            Some("b64") => &mut b64,
            Some("j") => &mut jsonp,
            _ => continue,
        };
        let value = percent_decoded(value).ok_or(Refusal::BadRequest)?;
        if slot.replace(value).is_some() {
            return Err(Refusal::BadRequest);
        }
    }
    let transport = match transport.as_deref() {
        Some("polling") => Transport::Polling,
        Some("websocket") => Transport::WebSocket,
        _ => return Err(Refusal::UnknownTransport),
    };
    let revision = match revision.as_deref() {
        Some("3") => Revision::V3,
        Some("4") => Revision::V4,
        _ => return Err(Refusal::UnsupportedVersion),
    };
    if jsonp.is_some() {
        return Err(Refusal::BadRequest);
    }
    let b64 = b64.is_some_and(|value| !value.is_empty());
    Ok(Query { revision, transport, sid: sid.map(Cow::into_owned), b64 })
}

/// Decodes `%` escapes and `+`; `None` when an escape is broken or the result is not UTF-8.
fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (hex_digit(rest.next()?)? << 4) | hex_digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::frames;

    fn opening(revision: Revision, transport: Transport) -> Query {
        Query { revision, transport, sid: None, b64: false }
    }

    #[test]
    fn known_keys_are_read_in_any_order_and_others_ignored() {
        assert_eq!(parse("EIO=4&transport=polling&t=abc"), Ok(opening(Revision::V4, Transport::Polling)));
        assert_eq!(parse("transport=websocket&EIO=3&token=%zz&&x"), Ok(opening(Revision::V3, Transport::WebSocket)));
        let query = Query { sid: Some("a b/ü".into()), b64: true, ..opening(Revision::V3, Transport::Polling) };
        assert_eq!(parse("EIO=3&transport=polling&b64=1&sid=a+b%2F%C3%bc"), Ok(query));
    }

    #[test]
    fn each_mistake_has_its_refusal() {
        let check = |query, refusal| assert_eq!(parse(query), Err(refusal), "{query}");
        check("", Refusal::UnknownTransport);
        check("EIO=4", Refusal::UnknownTransport);
        check("EIO=4&transport=", Refusal::UnknownTransport);
        check("EIO=4&transport=tcp", Refusal::UnknownTransport);
        check("EIO=abc&transport=tcp", Refusal::UnknownTransport);
        check("transport=polling", Refusal::UnsupportedVersion);
        check("EIO=abc&transport=polling", Refusal::UnsupportedVersion);
        check("EIO=2&transport=polling", Refusal::UnsupportedVersion);
        check("EIO=5&transport=polling", Refusal::UnsupportedVersion);
        check("EIO=04&transport=polling", Refusal::UnsupportedVersion);
        check("EIO=4&EIO=4&transport=polling", Refusal::BadRequest);
        check("EIO=4&transport=polling&%73id=a&sid=a", Refusal::BadRequest);
        check("EIO=4&transport=polling&sid=%", Refusal::BadRequest);
        check("EIO=4&transport=polling&sid=%ff", Refusal::BadRequest);
        check("EIO=3&transport=polling&j=0", Refusal::BadRequest);
    }

    #[test]
    fn a_refusal_is_written_as_the_official_server_does() {
        assert_eq!(Refusal::UnknownTransport.body(), r#"{"code":0,"message":"Transport unknown"}"#);
        assert_eq!(Refusal::UnsupportedVersion.body(), r#"{"code":5,"message":"Unsupported protocol version"}"#);
    }

    #[test]
    fn the_open_packet_keeps_the_official_order() {
        let open = Open {
            sid: "s",
            upgrades: &[Transport::WebSocket],
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            max_payload: 1_000_000,
        };
        let text = |revision| frames(&open.packet(revision)).next().map(|(_, text)| String::from_utf8_lossy(&text).into_owned());
        let v3 = r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000"#;
        assert_eq!(text(Revision::V3), Some(format!("{v3}}}")));
        assert_eq!(text(Revision::V4), Some(format!("{v3},\"maxPayload\":1000000}}")));
    }
}
