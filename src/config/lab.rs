//! `[lab]`: echo, rooms and frames for conformance and load tests; off unless asked for.

use super::access;
use super::reader::Reader;
use super::realtime::MAX_PAYLOAD_CEILING;

/// The lab section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lab {
    /// Whether the system is served at all.
    pub enabled: bool,
    /// Its port; 0: any free one.
    pub port: u16,
    /// Further origins whose pages may use it.
    pub cors_origins: Vec<String>,
    /// Whether connection state recovery is offered.
    pub recovery: bool,
    /// The largest message; none: `realtime.max_payload_bytes`.
    pub max_payload_bytes: Option<usize>,
}

impl Lab {
    /// Names what anyone who reaches the port may do, and the switch that ends it.
    pub(super) fn open_to_the_network(&self) -> Option<&'static str> {
        self.enabled.then_some("anyone who reaches it may send anything to everyone else there; `lab.enabled = false` ends that")
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Lab {
    let mut section = reader.section("lab");
    Lab {
        enabled: section.flag("enabled", false, "Serves the lab (echo, rooms, frames) for conformance and load tests."),
        port: section.number("port", 3000, 0..=65_535, "Its port; 0 takes any free one and prints it."),
        cors_origins: access::cors_origins(&mut section, &[]),
        recovery: section.flag(
            "recovery",
            false,
            "Offers connection state recovery; every `update` then carries one more argument.",
        ),
        max_payload_bytes: section.optional_number(
            "max_payload_bytes",
            1_000..=MAX_PAYLOAD_CEILING,
            "The largest message a client may send; by default `realtime.max_payload_bytes`.",
        ),
    }
}
