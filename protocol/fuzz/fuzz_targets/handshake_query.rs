//! The handshake's query string: what parses survives being written again.

#![no_main]

use hubbub_protocol::wire::handshake::{Query, Transport, parse};
use hubbub_protocol::wire::packet::Revision;
use libfuzzer_sys::fuzz_target;

fn written(query: &Query) -> String {
    let revision = match query.revision {
        Revision::V3 => 3,
        Revision::V4 => 4,
    };
    let transport = match query.transport {
        Transport::Polling => "polling",
        Transport::WebSocket => "websocket",
    };
    let mut text = format!("EIO={revision}&transport={transport}");
    if let Some(sid) = &query.sid {
        text.push_str("&sid=");
        text.extend(sid.bytes().map(|byte| format!("%{byte:02x}")));
    }
    if query.b64 {
        text.push_str("&b64=1");
    }
    text
}

fuzz_target!(|text: &str| {
    if let Ok(query) = parse(text) {
        assert_eq!(parse(&written(&query)), Ok(query));
    }
});
