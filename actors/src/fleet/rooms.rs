//! The fleet's rooms. Their prefix keeps them apart from whatever a client may call itself.

use hubbub_protocol::fleet::DeviceId;

use crate::kit::emit::Room;

/// Returns the room of a device: its headset, and every tablet that holds it, is paired with it, or has a session with it.
#[must_use]
pub fn device(id: &DeviceId) -> Room {
    Room::new(&format!("device:{id}"))
}

/// Returns the room of all dashboard subscribers.
#[must_use]
pub fn dashboards() -> Room {
    Room::new("dashboards")
}
