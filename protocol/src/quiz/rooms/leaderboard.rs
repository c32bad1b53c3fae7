//! `game:leaderboard:request`: who leads.

use serde::{Deserialize, Serialize};

use super::payload::Payload;
use crate::contract::{Contract, Emit, Event};
use crate::fault::Fault;
use crate::quiz::{PlayerId, Quiz, RoomId};
use crate::wire::args::Args;

/// `game:leaderboard:request`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestLeaderboard {
    /// The room.
    pub room_id: RoomId,
}

impl Contract for RequestLeaderboard {
    type Reply = LeaderboardUpdated;
}

impl Event for RequestLeaderboard {
    type System = Quiz;
    const NAME: &'static str = "game:leaderboard:request";

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { room_id: Payload::read(args)?.room()? })
    }
}

/// One player's place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RankingEntry {
    /// Who.
    pub player_id: PlayerId,
    /// The player's name.
    pub display_name: String,
    /// The score.
    pub score: u64,
    /// The place, from 1; equal scores share one, and the next is skipped: 1, 1, 3.
    pub rank: u32,
    /// How many answers were correct.
    pub correct_answers: u32,
    /// How many were given.
    pub total_answers: u32,
}

/// `game:leaderboard:update`: the best first. To the socket that asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaderboardUpdated {
    /// The room.
    pub room_id: RoomId,
    /// Every player.
    pub rankings: Vec<RankingEntry>,
}

impl Emit for LeaderboardUpdated {
    const NAME: &'static str = "game:leaderboard:update";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::rooms::tests::decode;

    const ROOM: &str = "00000000-0000-4000-8000-000000000000";

    #[test]
    fn a_request_names_the_room() {
        let check = |sent: &str, expected: Result<RoomId, &str>| {
            let room = decode::<RequestLeaderboard>(sent).map(|request| request.room_id);
            assert_eq!(room, expected.map_err(str::to_owned), "{sent}");
        };
        check(&format!(r#"{{"roomId":"{ROOM}"}}"#), Ok(RoomId::random([0; 16])));
        check("{}", Err("invalid_payload: roomId is required"));
        check(r#"{"roomId":"r"}"#, Err("not_found: Room not found"));
    }

    #[test]
    fn rankings_have_six_keys_in_order() {
        let entry = RankingEntry {
            player_id: PlayerId::try_from("p1".to_owned()).expect("a good id"),
            display_name: "Ann".to_owned(),
            score: 7,
            rank: 1,
            correct_answers: 2,
            total_answers: 3,
        };
        let update = LeaderboardUpdated { room_id: RoomId::random([0; 16]), rankings: vec![entry] };
        assert_eq!(
            serde_json::to_string(&update).expect("serialises"),
            format!(
                r#"{{"roomId":"{ROOM}","rankings":[{{"playerId":"p1","displayName":"Ann","score":7,"rank":1,"correctAnswers":2,"totalAnswers":3}}]}}"#
            )
        );
    }
}
