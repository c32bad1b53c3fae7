//! The host's questions: start, next, end, and what the room is told.

use serde::{Deserialize, Serialize, Serializer};

use super::payload::{Payload, question};
use crate::contract::{Contract, Emit, Event};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::questions::QuestionType;
use crate::quiz::{AnswerId, QuestionId, QuestionRef, Quiz, RoomId, limits};
use crate::wire::args::Args;

/// `game:flow:start`: open a question for answers until `ends_at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartQuestion {
    /// The room.
    pub room_id: RoomId,
    /// The question.
    pub question_id: QuestionRef,
    /// When it starts, in milliseconds.
    pub starts_at: i64,
    /// When it ends, in milliseconds.
    pub ends_at: i64,
}

impl Contract for StartQuestion {
    type Reply = QuestionStarted;
}

impl Event for StartQuestion {
    type System = Quiz;
    const NAME: &'static str = "game:flow:start";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        let question_id = question(&sent.question_id, "questionId")?;
        let starts_at = sent.starts_at.integer("startsAt", 0, limits::LATEST_MS)?;
        let ends_at = sent.ends_at.integer("endsAt", 0, limits::LATEST_MS)?;
        if ends_at <= starts_at {
            return Err(invalid_payload("endsAt must be after startsAt"));
        }
        if ends_at - starts_at > limits::QUESTION_MS {
            return Err(invalid_payload("A question may last 10 minutes at most"));
        }
        Ok(Self { room_id: sent.room()?, question_id, starts_at, ends_at })
    }
}

/// `game:flow:next`: change to another question, open for its answering time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextQuestion {
    /// The room.
    pub room_id: RoomId,
    /// The question.
    pub next_question_id: QuestionRef,
}

impl Contract for NextQuestion {
    type Reply = QuestionChanged;
}

impl Event for NextQuestion {
    type System = Quiz;
    const NAME: &'static str = "game:flow:next";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        let next_question_id = question(&sent.next_question_id, "nextQuestionId")?;
        Ok(Self { room_id: sent.room()?, next_question_id })
    }
}

/// `game:flow:end`: close the question; the room stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndQuestion {
    /// The room.
    pub room_id: RoomId,
}

impl Contract for EndQuestion {
    type Reply = QuestionEnded;
}

impl Event for EndQuestion {
    type System = Quiz;
    const NAME: &'static str = "game:flow:end";

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { room_id: Payload::read(args)?.room()? })
    }
}

/// A question as players may see it: never what is correct, never the explanation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicQuestion {
    /// The question.
    pub id: QuestionId,
    /// Its place in the quiz, from 0.
    pub index: u32,
    /// What is asked.
    pub text: String,
    /// How it is answered.
    #[serde(rename = "type")]
    pub question_type: QuestionType,
    /// A picture.
    pub image_url: Option<String>,
    /// What a correct answer is worth.
    pub points: u32,
    /// Seconds to answer.
    pub answering_time: u32,
    /// What to choose from, in order.
    pub answers: Vec<PublicAnswer>,
}

/// An answer as players may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicAnswer {
    /// The answer.
    pub id: AnswerId,
    /// Its text.
    pub text: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Its place.
    pub order_index: u32,
}

/// The question that a room plays.
#[derive(Debug, Clone, PartialEq)]
pub enum ShownQuestion {
    /// One of the quiz's.
    Known(PublicQuestion),
    /// One that only the host's page knows: no more than `{id}`.
    Unknown(QuestionRef),
}

impl Serialize for ShownQuestion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Bare<'q> {
            id: &'q QuestionRef,
        }
        match self {
            Self::Known(question) => question.serialize(serializer),
            Self::Unknown(id) => Bare { id }.serialize(serializer),
        }
    }
}

/// `game:question:started`. To the room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionStarted {
    /// The room.
    pub room_id: RoomId,
    /// The question.
    pub question: ShownQuestion,
    /// When it ends, in milliseconds.
    pub ends_at: i64,
}

impl Emit for QuestionStarted {
    const NAME: &'static str = "game:question:started";
}

/// `game:question:changed`. To the room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionChanged {
    /// The room.
    pub room_id: RoomId,
    /// The question.
    pub question: ShownQuestion,
}

impl Emit for QuestionChanged {
    const NAME: &'static str = "game:question:changed";
}

/// `game:question:ended`. To the room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuestionEnded {
    /// The room.
    pub room_id: RoomId,
    /// The question that ended, if one was open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question_id: Option<QuestionRef>,
    /// What was correct, where the game tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correct_answer_ids: Option<Vec<AnswerId>>,
}

impl Emit for QuestionEnded {
    const NAME: &'static str = "game:question:ended";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::rooms::tests::decode;
    use serde_json::{Value, json};

    const ROOM: &str = "00000000-0000-4000-8000-000000000000";

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("serialises")
    }

    fn outcome<E: Event>(sent: &Value) -> String {
        decode::<E>(&sent.to_string()).map_or_else(|refused| refused, |_| "ok".to_owned())
    }

    #[test]
    fn a_question_starts_with_its_times() {
        let sent = json!({ "roomId": ROOM, "questionId": "q1", "startsAt": 1000, "endsAt": 31_000.0 });
        let expected = StartQuestion {
            room_id: RoomId::random([0; 16]),
            question_id: QuestionRef::try_from("q1".to_owned()).expect("a reference"),
            starts_at: 1000,
            ends_at: 31_000,
        };
        assert_eq!(decode(&sent.to_string()), Ok(expected));
    }

    #[test]
    fn times_are_integers_in_order_and_at_most_ten_minutes_apart() {
        let check = |starts: Value, ends: Value, expected: &str| {
            let sent = json!({ "roomId": ROOM, "questionId": "q1", "startsAt": starts, "endsAt": ends });
            assert_eq!(outcome::<StartQuestion>(&sent), expected, "{sent}");
        };
        check(json!(1000), json!(601_000), "ok");
        check(json!(1000), json!(601_001), "invalid_payload: A question may last 10 minutes at most");
        check(json!(1000), json!(1000), "invalid_payload: endsAt must be after startsAt");
        check(json!(1000), json!(1001), "ok");
        check(json!(null), json!(1001), "invalid_payload: startsAt is required");
        let range = "invalid_payload: endsAt must be an integer from 0 to 8640000000000000";
        check(json!(1000), json!("31000"), range);
        check(json!(1000), json!(1001.5), range);
        check(json!(1000), json!(8_640_000_000_000_001_i64), range);
    }

    #[test]
    fn a_question_is_named_by_a_text_of_1_to_128_characters() {
        let check = |id: Value, expected: &str| {
            assert_eq!(outcome::<NextQuestion>(&json!({ "roomId": ROOM, "nextQuestionId": id })), expected, "{id}");
        };
        check(json!("q"), "ok");
        check(json!("q".repeat(128)), "ok");
        check(json!("q".repeat(129)), "invalid_payload: nextQuestionId must have 1 to 128 characters");
        check(json!(""), "invalid_payload: nextQuestionId must have 1 to 128 characters");
        check(json!(1), "invalid_payload: nextQuestionId must be a string");
        check(json!(null), "invalid_payload: nextQuestionId is required");
    }

    #[test]
    fn a_room_is_named_by_its_id() {
        assert_eq!(outcome::<EndQuestion>(&json!({ "roomId": ROOM })), "ok");
        assert_eq!(outcome::<EndQuestion>(&json!({ "roomId": "r" })), "not_found: Room not found");
        assert_eq!(outcome::<EndQuestion>(&json!({ "roomId": 1 })), "invalid_payload: roomId must be a string");
        assert_eq!(outcome::<EndQuestion>(&json!({})), "invalid_payload: roomId is required");
    }

    #[test]
    fn players_see_a_question_without_its_solution() {
        let answer = PublicAnswer { id: AnswerId::random([0; 16]), text: "Yes".to_owned(), image_url: None, order_index: 0 };
        let question = PublicQuestion {
            id: QuestionId::random([0; 16]),
            index: 2,
            text: "Is it?".to_owned(),
            question_type: QuestionType::TrueFalse,
            image_url: None,
            points: 1,
            answering_time: 30,
            answers: vec![answer],
        };
        let started =
            QuestionStarted { room_id: RoomId::random([0; 16]), question: ShownQuestion::Known(question), ends_at: 31_000 };
        assert_eq!(
            json(&started),
            format!(
                r#"{{"roomId":"{ROOM}","question":{{"id":"{ROOM}","index":2,"text":"Is it?","type":"true_false","imageUrl":null,"points":1,"answeringTime":30,"answers":[{{"id":"{ROOM}","text":"Yes","imageUrl":null,"orderIndex":0}}]}},"endsAt":31000}}"#
            )
        );
    }

    #[test]
    fn an_unknown_question_is_no_more_than_its_id() {
        let question = ShownQuestion::Unknown(QuestionRef::try_from("q1".to_owned()).expect("a reference"));
        let changed = QuestionChanged { room_id: RoomId::random([0; 16]), question };
        assert_eq!(json(&changed), format!(r#"{{"roomId":"{ROOM}","question":{{"id":"q1"}}}}"#));
    }

    #[test]
    fn the_end_tells_what_was_correct_only_where_the_game_does() {
        let room_id = RoomId::random([0; 16]);
        let ended = QuestionEnded { room_id, question_id: None, correct_answer_ids: None };
        assert_eq!(json(&ended), format!(r#"{{"roomId":"{ROOM}"}}"#));
        let ended = QuestionEnded {
            room_id,
            question_id: Some(QuestionRef::from(QuestionId::random([0; 16]))),
            correct_answer_ids: Some(vec![AnswerId::random([0; 16])]),
        };
        assert_eq!(json(&ended), format!(r#"{{"roomId":"{ROOM}","questionId":"{ROOM}","correctAnswerIds":["{ROOM}"]}}"#));
    }
}
