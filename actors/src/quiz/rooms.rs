//! The quiz's rooms of sockets. Their prefix keeps them apart from whatever a client may call itself.

use hubbub_protocol::quiz::RoomId;

use crate::kit::emit::Room;

const PREFIX: &str = "room:";

/// Returns the sockets of a game room: its host's and its players'.
#[must_use]
pub fn sockets(id: &RoomId) -> Room {
    Room::new(&format!("{PREFIX}{id}"))
}

/// Returns the game room whose sockets these are.
#[must_use]
pub fn game(room: &Room) -> Option<RoomId> {
    RoomId::parse(room.as_str().strip_prefix(PREFIX)?).ok()
}
