//! What the fleet's actors count. The names are the document's; whoever serves `/metrics` registers them.

use hubbub_protocol::fleet::auth::DeviceType;
pub use metrics::{Counter, Histogram};

/// The handles of everything that actors count.
pub struct Metrics {
    /// `turing_device_connections_total{event="connect"}`, by type as [`DeviceType`] orders them.
    pub connects: [Counter; 3],
    /// `turing_device_connections_total{event="disconnect"}`, likewise.
    pub disconnects: [Counter; 3],
    /// `turing_device_lock_operations_total{operation="lock"}`: refused, done.
    pub locks: [Counter; 2],
    /// `turing_device_lock_operations_total{operation="unlock"}`: refused, done.
    pub unlocks: [Counter; 2],
    /// `turing_sessions_created_total`.
    pub sessions_created: Counter,
    /// `turing_session_duration_seconds`.
    pub session_duration_seconds: Histogram,
    /// `turing_frame_batch_size`.
    pub frame_batch_size: Histogram,
    /// `turing_frames_dropped_total`.
    pub frames_dropped: Counter,
}

impl Metrics {
    /// Returns handles that count nothing.
    #[must_use]
    pub fn unobserved() -> Self {
        let nothing = Counter::noop;
        Self {
            connects: [nothing(), nothing(), nothing()],
            disconnects: [nothing(), nothing(), nothing()],
            locks: [nothing(), nothing()],
            unlocks: [nothing(), nothing()],
            sessions_created: nothing(),
            session_duration_seconds: Histogram::noop(),
            frame_batch_size: Histogram::noop(),
            frames_dropped: nothing(),
        }
    }

    /// Counts a connection of a client of this type.
    pub fn connected(&self, kind: DeviceType) {
        by_type(&self.connects, kind).increment(1);
    }

    /// Counts the end of a connection.
    pub fn disconnected(&self, kind: DeviceType) {
        by_type(&self.disconnects, kind).increment(1);
    }

    /// Counts a try to lock a device.
    pub fn tried_to_lock(&self, was_done: bool) {
        let [refused, done] = &self.locks;
        if was_done { done.increment(1) } else { refused.increment(1) }
    }

    /// Counts a try to unlock a device.
    pub fn tried_to_unlock(&self, was_done: bool) {
        let [refused, done] = &self.unlocks;
        if was_done { done.increment(1) } else { refused.increment(1) }
    }
}

fn by_type(counters: &[Counter; 3], kind: DeviceType) -> &Counter {
    let [headset, tablet, dashboard] = counters;
    match kind {
        DeviceType::Headset => headset,
        DeviceType::Tablet => tablet,
        DeviceType::Dashboard => dashboard,
    }
}
