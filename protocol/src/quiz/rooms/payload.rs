//! The one argument of every room event, before anybody has checked it.

use serde::Deserialize;

use crate::fault::Fault;
use crate::quiz::error::{invalid_payload, room_not_found};
use crate::quiz::field::{Field, Object, Part};
use crate::quiz::{PlayerId, QuestionRef, RoomId, limits};
use crate::wire::args::Args;

/// All fields that room events have, whichever of them were sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Payload {
    pub(super) room_id: Field,
    pub(super) room_code: Field,
    pub(super) player_id: Field,
    pub(super) display_name: Field,
    pub(super) host_id: Field,
    pub(super) title: Field,
    pub(super) settings: Part<Object<SettingsFields>>,
    pub(super) question_id: Field,
    pub(super) next_question_id: Field,
    pub(super) starts_at: Field,
    pub(super) ends_at: Field,
    pub(super) answer: Field,
    pub(super) socket_id: Field,
    pub(super) previous_socket_id: Field,
    pub(super) new_socket_id: Field,
}

/// The fields of a game's settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SettingsFields {
    pub(super) quiz_set_id: Field,
    pub(super) show_question_only: Field,
    pub(super) show_explanation: Field,
    pub(super) time_bonus: Field,
    pub(super) streak_bonus: Field,
    pub(super) show_correct_answer: Field,
    pub(super) max_players: Field,
}

impl Payload {
    /// Reads the payload of an event.
    pub(super) fn read(args: &Args) -> Result<Self, Fault> {
        match args.get(0) {
            Ok(Part::Is(Object(payload))) => Ok(payload),
            _ => Err(invalid_payload("Invalid request data")),
        }
    }

    /// Returns the room. A text that is no id of a room names none.
    pub(super) fn room(&self) -> Result<RoomId, Fault> {
        let text = self.room_id.text("roomId", 0, usize::MAX)?;
        RoomId::parse(text).map_err(|_| room_not_found())
    }

    /// Returns the player.
    pub(super) fn player(&self) -> Result<PlayerId, Fault> {
        let text = self.player_id.text("playerId", 1, limits::CLIENT_ID_CHARACTERS)?;
        PlayerId::try_from(text.to_owned()).map_err(|_| invalid_payload("playerId is malformed"))
    }
}

/// Reads a field that names a question.
pub(super) fn question(field: &Field, name: &str) -> Result<QuestionRef, Fault> {
    let text = field.text(name, 1, limits::CLIENT_ID_CHARACTERS)?;
    QuestionRef::try_from(text.to_owned()).map_err(|_| invalid_payload(format!("{name} is malformed")))
}

/// Reads a field that names a socket.
pub(super) fn socket(field: &Field, name: &str) -> Result<String, Fault> {
    Ok(field.text(name, 1, limits::SOCKET_ID_CHARACTERS)?.to_owned())
}
