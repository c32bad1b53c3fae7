//! How much is kept.

/// How many rows are kept; the oldest that are over go first, those of open sockets never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Connections of one device.
    pub connections_per_device: usize,
    /// Connections in all.
    pub connections: usize,
    /// Devices in all.
    pub devices: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { connections_per_device: 100, connections: 50_000, devices: 20_000 }
    }
}
