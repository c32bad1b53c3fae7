//! A room opens, players come and go.

use serde::{Deserialize, Serialize};

use super::payload::Payload;
use super::settings::GameSettings;
use crate::contract::{Contract, Emit, Event};
use crate::fault::Fault;
use crate::quiz::error::room_not_found;
use crate::quiz::{PlayerId, Quiz, RoomCode, RoomId, limits};
use crate::wire::args::Args;

/// `game:host:create`: open a room. Needs a token, whose user must be the host.
///
/// It is open to everyone at the door because the contract's word for a guest is `unauthorized`, which the room says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateRoom {
    /// Who the sender says the host is.
    pub host_id: String,
    /// The game's title.
    pub title: String,
    /// What to play, and how.
    pub settings: GameSettings,
}

impl Contract for CreateRoom {
    type Reply = RoomCreated;
}

impl Event for CreateRoom {
    type System = Quiz;
    const NAME: &'static str = "game:host:create";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        Ok(Self {
            host_id: sent.host_id.text("hostId", 1, limits::CLIENT_ID_CHARACTERS)?.to_owned(),
            title: sent.title.text("title", 1, limits::TITLE_CHARACTERS)?.to_owned(),
            settings: GameSettings::read(&sent.settings)?,
        })
    }
}

/// `game:room:created`. To the host.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomCreated {
    /// The new room.
    pub room_id: RoomId,
    /// What players type to find it.
    pub code: RoomCode,
}

impl Emit for RoomCreated {
    const NAME: &'static str = "game:room:created";
}

/// `game:room:join`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinRoom {
    /// The room's code.
    pub room_code: RoomCode,
    /// Who the player is to be.
    pub player_id: PlayerId,
    /// The player's name, without the blanks around it.
    pub display_name: String,
}

impl Contract for JoinRoom {
    type Reply = RoomJoined;
}

impl Event for JoinRoom {
    type System = Quiz;
    const NAME: &'static str = "game:room:join";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        let code = sent.room_code.text("roomCode", 0, usize::MAX)?;
        let player_id = sent.player()?;
        let display_name = sent.display_name.trimmed("displayName", 1, limits::DISPLAY_NAME_CHARACTERS)?.to_owned();
        // A text that is no code is no mistake of form: no room has it.
        let room_code = RoomCode::parse(code).map_err(|_| room_not_found())?;
        Ok(Self { room_code, player_id, display_name })
    }
}

/// A player, as it is told that it has joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayerSummary {
    /// Who.
    pub player_id: PlayerId,
    /// The player's name.
    pub display_name: String,
    /// Whether this is the host.
    pub is_host: bool,
    /// The score so far.
    pub score: u64,
    /// When the player first joined, in milliseconds.
    pub joined_at: i64,
}

/// `game:room:joined`. To the player.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomJoined {
    /// The room.
    pub room_id: RoomId,
    /// The player in it.
    pub player: PlayerSummary,
}

impl Emit for RoomJoined {
    const NAME: &'static str = "game:room:joined";
}

/// `game:room:leave`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaveRoom {
    /// The room.
    pub room_id: RoomId,
    /// Who leaves it.
    pub player_id: PlayerId,
}

impl Contract for LeaveRoom {
    type Reply = ();
}

impl Event for LeaveRoom {
    type System = Quiz;
    const NAME: &'static str = "game:room:leave";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        Ok(Self { player_id: sent.player()?, room_id: sent.room()? })
    }
}

/// A player, as everyone in the room sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    pub player_id: PlayerId,
    /// The player's name.
    pub display_name: String,
    /// Whether this is the host.
    pub is_host: bool,
    /// The score so far.
    pub score: u64,
    /// When the player first joined, in milliseconds.
    pub joined_at: i64,
    /// Whether its socket is there.
    pub connected: bool,
}

/// `game:room:participants:update`: the players, the host not among them, in the order of joining. To the room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantsUpdated {
    /// The room.
    pub room_id: RoomId,
    /// Its players.
    pub participants: Vec<Participant>,
}

impl Emit for ParticipantsUpdated {
    const NAME: &'static str = "game:room:participants:update";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::QuizId;
    use crate::quiz::rooms::tests::decode;
    use serde_json::{Value, json};

    const ROOM: &str = "00000000-0000-4000-8000-000000000000";

    fn player(text: &str) -> PlayerId {
        PlayerId::try_from(text.to_owned()).expect("a good id")
    }

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("serialises")
    }

    #[test]
    fn a_host_sends_its_id_a_title_and_maybe_settings() {
        let whole = json!({
            "hostId": "u1", "title": "Friday quiz", "extra": { "deep": [1] },
            "settings": { "quizSetId": ROOM, "showQuestionOnly": true, "showExplanation": false, "timeBonus": true,
                "streakBonus": false, "showCorrectAnswer": null, "maxPlayers": 10_000 },
        });
        let settings = GameSettings {
            quiz_set_id: QuizId::parse(ROOM).ok(),
            show_question_only: Some(true),
            show_explanation: Some(false),
            time_bonus: Some(true),
            streak_bonus: Some(false),
            show_correct_answer: None,
            max_players: Some(10_000),
        };
        let expected = CreateRoom { host_id: "u1".to_owned(), title: "Friday quiz".to_owned(), settings };
        assert_eq!(decode(&whole.to_string()), Ok(expected));
        for without in [json!({ "hostId": "u1", "title": "T" }), json!({ "hostId": "u1", "title": "T", "settings": null })] {
            assert_eq!(decode::<CreateRoom>(&without.to_string()).map(|room| room.settings), Ok(GameSettings::default()));
        }
    }

    fn refused_room(change: &Value) -> String {
        let mut sent = json!({ "hostId": "u1", "title": "T" });
        let (sent_map, change) = (sent.as_object_mut().expect("an object"), change.as_object().expect("an object"));
        sent_map.extend(change.clone());
        decode::<CreateRoom>(&sent.to_string()).map_or_else(|refused| refused, |_| "ok".to_owned())
    }

    #[test]
    fn a_room_is_refused_for_each_wrong_field() {
        let check = |change: Value, expected: &str| assert_eq!(refused_room(&change), expected, "{change}");
        check(json!({ "hostId": null }), "invalid_payload: hostId is required");
        check(json!({ "hostId": 7 }), "invalid_payload: hostId must be a string");
        check(json!({ "title": "" }), "invalid_payload: title must have 1 to 100 characters");
        check(json!({ "title": "t".repeat(100) }), "ok");
        check(json!({ "title": "t".repeat(101) }), "invalid_payload: title must have 1 to 100 characters");
        check(json!({ "settings": [true] }), "invalid_payload: settings must be an object");
        check(json!({ "settings": { "quizSetId": 5 } }), "invalid_payload: settings.quizSetId must be a string");
        check(json!({ "settings": { "quizSetId": "q" } }), "not_found: Quiz not found");
        check(json!({ "settings": { "timeBonus": "yes" } }), "invalid_payload: settings.timeBonus must be a boolean");
        let players = "invalid_payload: settings.maxPlayers must be an integer from 1 to 10000";
        check(json!({ "settings": { "maxPlayers": 0 } }), players);
        check(json!({ "settings": { "maxPlayers": 1 } }), "ok");
        check(json!({ "settings": { "maxPlayers": 10_001 } }), players);
        check(json!({ "settings": { "maxPlayers": 1.5 } }), players);
        check(json!({ "settings": { "maxPlayers": "400" } }), players);
    }

    #[test]
    fn a_player_joins_by_code_with_a_trimmed_name() {
        let expected = JoinRoom {
            room_code: RoomCode::parse("123456").expect("a code"),
            player_id: player("p1"),
            display_name: "Ann".into(),
        };
        assert_eq!(decode(r#"{"roomCode":" 123456 ","playerId":"p1","displayName":"  Ann "}"#), Ok(expected));
    }

    #[test]
    fn a_join_is_refused_for_each_wrong_field() {
        let check = |code: Value, id: Value, name: Value, expected: &str| {
            let sent = json!({ "roomCode": code, "playerId": id, "displayName": name }).to_string();
            assert_eq!(decode::<JoinRoom>(&sent).map_or_else(|refused| refused, |_| "ok".to_owned()), expected, "{sent}");
        };
        check(json!(null), json!("p"), json!("n"), "invalid_payload: roomCode is required");
        check(json!(123_456), json!("p"), json!("n"), "invalid_payload: roomCode must be a string");
        check(json!("nowhere"), json!("p"), json!("n"), "not_found: Room not found");
        check(json!("123456"), json!({}), json!("n"), "invalid_payload: playerId must be a string");
        check(json!("123456"), json!(""), json!("n"), "invalid_payload: playerId must have 1 to 128 characters");
        check(json!("123456"), json!("p".repeat(129)), json!("n"), "invalid_payload: playerId must have 1 to 128 characters");
        check(json!("123456"), json!("p"), json!("   "), "invalid_payload: displayName must have 1 to 50 characters");
        check(json!("123456"), json!("p"), json!("n".repeat(50)), "ok");
        check(json!("123456"), json!("p"), json!("n".repeat(51)), "invalid_payload: displayName must have 1 to 50 characters");
        check(json!("123456"), json!("p"), json!(["n"]), "invalid_payload: displayName must be a string");
    }

    #[test]
    fn leaving_names_the_room_and_the_player() {
        let expected = LeaveRoom { room_id: RoomId::random([0; 16]), player_id: player("p1") };
        assert_eq!(decode(&json!({ "roomId": ROOM, "playerId": "p1" }).to_string()), Ok(expected));
        let check = |sent: Value, expected: &str| {
            assert_eq!(decode::<LeaveRoom>(&sent.to_string()).map_or_else(|refused| refused, |_| "ok".to_owned()), expected);
        };
        check(json!({ "playerId": "p1" }), "invalid_payload: roomId is required");
        check(json!({ "roomId": "r", "playerId": "p1" }), "not_found: Room not found");
        check(json!({ "roomId": ROOM }), "invalid_payload: playerId is required");
    }

    #[test]
    fn what_is_emitted_has_the_documents_keys_in_its_order() {
        let room_id = RoomId::random([0; 16]);
        let created = RoomCreated { room_id, code: RoomCode::parse("123456").expect("a code") };
        assert_eq!(json(&created), format!(r#"{{"roomId":"{ROOM}","code":"123456"}}"#));
        let summary = PlayerSummary {
            player_id: player("p1"),
            display_name: "Ann".to_owned(),
            is_host: false,
            score: 3,
            joined_at: 1_234_567_890_123,
        };
        assert_eq!(
            json(&RoomJoined { room_id, player: summary }),
            format!(
                r#"{{"roomId":"{ROOM}","player":{{"playerId":"p1","displayName":"Ann","isHost":false,"score":3,"joinedAt":1234567890123}}}}"#
            )
        );
        let participant = Participant {
            player_id: player("p1"),
            display_name: "Ann".to_owned(),
            is_host: false,
            score: 0,
            joined_at: 1,
            connected: true,
        };
        assert_eq!(
            json(&ParticipantsUpdated { room_id, participants: vec![participant] }),
            format!(
                r#"{{"roomId":"{ROOM}","participants":[{{"playerId":"p1","displayName":"Ann","isHost":false,"score":0,"joinedAt":1,"connected":true}}]}}"#
            )
        );
    }
}
