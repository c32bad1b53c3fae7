//! `[realtime]`: Engine.IO's timing and the bounds of a connection, for every system alike.

use super::reader::Reader;

/// The largest `max_payload_bytes` that can be asked for: one message must fit in memory many times over.
pub(super) const MAX_PAYLOAD_CEILING: usize = 256 * 1024 * 1024;

/// The largest messages of a system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Largest {
    /// What a client may send, and what others may be sent of it.
    pub received: usize,
    /// What the system makes itself.
    pub sent: usize,
}

impl Largest {
    /// A system whose own messages are small beside what a client may send.
    #[must_use]
    pub const fn received(bytes: usize) -> Self {
        Self { received: bytes, sent: 0 }
    }
}

/// The realtime section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realtime {
    /// How often the server pings.
    pub ping_interval_ms: u64,
    /// How long a client may take to answer a ping.
    pub ping_timeout_ms: u64,
    /// How long a client may take to join a namespace.
    pub connect_timeout_ms: u64,
    /// How long an upgrade from polling to WebSocket may take.
    pub upgrade_timeout_ms: u64,
    /// The largest message, where a system does not say otherwise.
    pub max_payload_bytes: usize,
    /// How many bytes may wait for one slow client.
    pub outbox_bytes: usize,
    /// How many packets may wait for one slow client.
    pub outbox_packets: usize,
    /// How many realtime connections there may be in all.
    pub max_connections: usize,
    /// How many of them from one address; 0: as many as there may be in all.
    pub max_connections_per_address: usize,
}

impl Realtime {
    /// Returns the bytes that may wait for one client of a system: never less than one of its largest messages, and twice what the
    /// system itself makes as large, or one of these would push everything else out.
    #[must_use]
    pub fn outbox_bytes_for(&self, largest: Largest) -> usize {
        self.outbox_bytes.max(largest.received).max(largest.sent.saturating_mul(2))
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Realtime {
    let mut section = reader.section("realtime");
    Realtime {
        ping_interval_ms: section.number("ping_interval_ms", 25_000, 50..=3_600_000, "How often the server pings each client."),
        ping_timeout_ms: section.number(
            "ping_timeout_ms",
            20_000,
            50..=3_600_000,
            "How long a client may take to answer a ping before it is dropped.",
        ),
        connect_timeout_ms: section.number(
            "connect_timeout_ms",
            45_000,
            50..=3_600_000,
            "How long a new connection may take to join a namespace.",
        ),
        upgrade_timeout_ms: section.number(
            "upgrade_timeout_ms",
            10_000,
            50..=3_600_000,
            "How long the upgrade from polling to WebSocket may take.",
        ),
        max_payload_bytes: section.number(
            "max_payload_bytes",
            1_000_000,
            1_000..=MAX_PAYLOAD_CEILING,
            "The largest message a client may send, where its system does not say otherwise.",
        ),
        outbox_bytes: section.number(
            "outbox_bytes",
            1024 * 1024,
            65_536..=1024 * 1024 * 1024,
            "How many bytes may wait for one client that reads slowly before it is cut; never less than one largest message.",
        ),
        outbox_packets: section.number(
            "outbox_packets",
            4096,
            16..=1_000_000,
            "How many packets may wait for one client that reads slowly before it is cut.",
        ),
        max_connections: section.number(
            "max_connections",
            65_536,
            1..=10_000_000,
            "How many realtime connections there may be at once, over all systems.",
        ),
        // Half of all: one address cannot take the whole hub, and a site behind one NAT address has room for as many
        // sockets as its ports allow in practice.
        max_connections_per_address: section.number(
            "max_connections_per_address",
            32_768,
            0..=10_000_000,
            "How many of them may come from one address; generous, because a whole site may sit behind one. 0 sets no limit.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_outbox_takes_the_largest_message_and_what_waits_beside_the_systems_own() {
        let realtime = Realtime { outbox_bytes: 1000, ..Config::default().realtime };
        assert_eq!(realtime.outbox_bytes_for(Largest::received(10)), 1000);
        assert_eq!(realtime.outbox_bytes_for(Largest::received(2000)), 2000);
        assert_eq!(realtime.outbox_bytes_for(Largest { received: 10, sent: 800 }), 1600);
    }
}
