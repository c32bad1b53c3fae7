//! `connection:heartbeat` and `connection:reconnect`: a socket lives, or takes over from one that does not.

use serde::{Deserialize, Serialize};

use super::lobby::RoomJoined;
use super::payload::{Payload, socket};
use crate::contract::{Contract, Emit, Event};
use crate::fault::Fault;
use crate::quiz::{PlayerId, Quiz, RoomId};
use crate::wire::args::Args;

/// `connection:heartbeat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The socket that the sender thinks it is; not believed.
    pub socket_id: String,
    /// The room that the sender is in; `None` also for what is no id of a room.
    pub room_id: Option<RoomId>,
}

impl Contract for Heartbeat {
    type Reply = HeartbeatAck;
}

impl Event for Heartbeat {
    type System = Quiz;
    const NAME: &'static str = "connection:heartbeat";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        let socket_id = socket(&sent.socket_id, "socketId")?;
        let room = sent.room_id.optional(|field| field.text("roomId", 0, usize::MAX))?;
        Ok(Self { socket_id, room_id: room.and_then(|text| RoomId::parse(text).ok()) })
    }
}

/// `connection:heartbeat:ack`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeartbeatAck {
    /// The server's clock, in milliseconds.
    pub timestamp: i64,
}

impl Emit for HeartbeatAck {
    const NAME: &'static str = "connection:heartbeat:ack";
}

/// `connection:reconnect`: be the player again that another socket was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reconnect {
    /// The socket that is gone.
    pub previous_socket_id: String,
    /// The sender's own socket.
    pub new_socket_id: String,
    /// The room to return to.
    pub room_id: Option<RoomId>,
    /// The player to be.
    pub player_id: Option<PlayerId>,
}

impl Contract for Reconnect {
    /// What `game:room:joined` says; nothing where no room was named.
    type Reply = Option<RoomJoined>;
}

impl Event for Reconnect {
    type System = Quiz;
    const NAME: &'static str = "connection:reconnect";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        let previous_socket_id = socket(&sent.previous_socket_id, "previousSocketId")?;
        let new_socket_id = socket(&sent.new_socket_id, "newSocketId")?;
        let player_id = sent.player_id.optional(|_| sent.player())?;
        let room_id = sent.room_id.optional(|_| sent.room())?;
        Ok(Self { previous_socket_id, new_socket_id, room_id, player_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::rooms::tests::decode;
    use serde_json::{Value, json};

    const ROOM: &str = "00000000-0000-4000-8000-000000000000";

    fn outcome<E: Event>(sent: &Value) -> String {
        decode::<E>(&sent.to_string()).map_or_else(|refused| refused, |_| "ok".to_owned())
    }

    #[test]
    fn a_heartbeat_names_its_socket_and_maybe_a_room() {
        let room = |sent: Value| decode::<Heartbeat>(&sent.to_string()).map(|beat| beat.room_id);
        assert_eq!(room(json!({ "socketId": "s1" })), Ok(None));
        assert_eq!(room(json!({ "socketId": "s1", "roomId": ROOM })), Ok(Some(RoomId::random([0; 16]))));
        assert_eq!(room(json!({ "socketId": "s1", "roomId": "gone" })), Ok(None));
        assert_eq!(outcome::<Heartbeat>(&json!({})), "invalid_payload: socketId is required");
        assert_eq!(
            outcome::<Heartbeat>(&json!({ "socketId": "s".repeat(65) })),
            "invalid_payload: socketId must have 1 to 64 characters"
        );
        assert_eq!(outcome::<Heartbeat>(&json!({ "socketId": "s1", "roomId": 5 })), "invalid_payload: roomId must be a string");
        assert_eq!(serde_json::to_string(&HeartbeatAck { timestamp: 5 }).expect("serialises"), r#"{"timestamp":5}"#);
    }

    #[test]
    fn a_reconnect_names_both_sockets_and_maybe_a_room_and_a_player() {
        let whole = json!({ "previousSocketId": "s1", "newSocketId": "s2", "roomId": ROOM, "playerId": "p1" });
        let expected = Reconnect {
            previous_socket_id: "s1".to_owned(),
            new_socket_id: "s2".to_owned(),
            room_id: Some(RoomId::random([0; 16])),
            player_id: PlayerId::try_from("p1".to_owned()).ok(),
        };
        assert_eq!(decode(&whole.to_string()), Ok(expected));
        let check = |change: Value, expected: &str| {
            let mut sent = json!({ "previousSocketId": "s1", "newSocketId": "s2" });
            sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            assert_eq!(outcome::<Reconnect>(&sent), expected, "{sent}");
        };
        check(json!({}), "ok");
        check(json!({ "previousSocketId": null }), "invalid_payload: previousSocketId is required");
        check(json!({ "newSocketId": 5 }), "invalid_payload: newSocketId must be a string");
        check(json!({ "roomId": "gone" }), "not_found: Room not found");
        check(json!({ "roomId": null, "playerId": null }), "ok");
        check(json!({ "playerId": "" }), "invalid_payload: playerId must have 1 to 128 characters");
    }
}
