//! `game:answer:submit` and what follows from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::payload::{Payload, question};
use crate::contract::{Contract, Emit, Event};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::field::{Field, number_text};
use crate::quiz::{PlayerId, QuestionRef, Quiz, RoomId, limits};
use crate::wire::args::Args;

/// `game:answer:submit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubmitAnswer {
    /// The room.
    pub room_id: RoomId,
    /// Who answers.
    pub player_id: PlayerId,
    /// The question.
    pub question_id: QuestionRef,
    /// The answer.
    pub answer: Submitted,
}

impl Contract for SubmitAnswer {
    type Reply = AnswerAccepted;
}

impl Event for SubmitAnswer {
    type System = Quiz;
    const NAME: &'static str = "game:answer:submit";

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = Payload::read(args)?;
        let player_id = sent.player()?;
        let question_id = question(&sent.question_id, "questionId")?;
        let answer = Submitted::read(&sent.answer)?;
        Ok(Self { room_id: sent.room()?, player_id, question_id, answer })
    }
}

/// What a player submitted: an answer's id, its text, or its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Submitted {
    /// An id or a text.
    Text(String),
    /// A place, from 0.
    Number(f64),
}

impl Submitted {
    fn read(field: &Field) -> Result<Self, Fault> {
        match field {
            Field::Number(number) => Ok(Self::Number(*number)),
            Field::Absent | Field::Null | Field::Text(_) => {
                Ok(Self::Text(field.text("answer", 1, limits::ANSWER_CHARACTERS)?.to_owned()))
            }
            _ => Err(invalid_payload("answer must be a string or a number")),
        }
    }

    /// Returns the answer as the tally names it: `String(answer)`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number_text(*number),
        }
    }

    /// Returns the answer as a place among the question's answers, if it can be one.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        match self {
            Self::Text(_) => None,
            Self::Number(_) => self.key().parse().ok(),
        }
    }
}

/// `game:answer:accepted`: the answer counts, and is on disk. To the player.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerAccepted {
    /// The room.
    pub room_id: RoomId,
    /// Whose answer.
    pub player_id: PlayerId,
    /// To which question.
    pub question_id: QuestionRef,
    /// When, as ISO 8601: the only time of a socket event that is no number.
    pub submitted_at: String,
}

impl Emit for AnswerAccepted {
    const NAME: &'static str = "game:answer:accepted";
}

/// `game:answer:stats:update`: how often each answer was given, as it was submitted. To the room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatsUpdated {
    /// The room.
    pub room_id: RoomId,
    /// The question.
    pub question_id: QuestionRef,
    /// The tally.
    pub counts: BTreeMap<String, u64>,
}

impl Emit for StatsUpdated {
    const NAME: &'static str = "game:answer:stats:update";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::rooms::tests::decode;
    use serde_json::{Value, json};

    const ROOM: &str = "00000000-0000-4000-8000-000000000000";

    fn outcome(answer: Value) -> String {
        let sent = json!({ "roomId": ROOM, "playerId": "p1", "questionId": "q1", "answer": answer });
        decode::<SubmitAnswer>(&sent.to_string()).map_or_else(|refused| refused, |submitted| submitted.answer.key())
    }

    #[test]
    fn an_answer_is_a_text_or_a_number_and_counted_under_its_text() {
        let check = |answer: Value, expected: &str| assert_eq!(outcome(answer.clone()), expected, "{answer}");
        check(json!("Paris"), "Paris");
        check(json!(2), "2");
        check(json!(2.0), "2");
        check(json!(-0.0), "0");
        check(json!(1.5), "1.5");
        check(json!("a".repeat(200)), &"a".repeat(200));
        check(json!("a".repeat(201)), "invalid_payload: answer must have 1 to 200 characters");
        check(json!(""), "invalid_payload: answer must have 1 to 200 characters");
        check(json!(null), "invalid_payload: answer is required");
        check(json!(true), "invalid_payload: answer must be a string or a number");
        check(json!([1]), "invalid_payload: answer must be a string or a number");
    }

    #[test]
    fn only_a_whole_number_is_a_place() {
        assert_eq!(Submitted::Number(2.0).index(), Some(2));
        assert_eq!(Submitted::Number(2.5).index(), None);
        assert_eq!(Submitted::Number(-1.0).index(), None);
        assert_eq!(Submitted::Number(1e300).index(), None);
        assert_eq!(Submitted::Text("2".to_owned()).index(), None);
    }

    #[test]
    fn every_field_of_a_submission_is_needed() {
        let check = |without: &str, expected: &str| {
            let mut sent = json!({ "roomId": ROOM, "playerId": "p1", "questionId": "q1", "answer": 0 });
            sent.as_object_mut().expect("an object").remove(without);
            let refused = decode::<SubmitAnswer>(&sent.to_string()).map(|_| ());
            assert_eq!(refused, Err(expected.to_owned()), "{without}");
        };
        check("roomId", "invalid_payload: roomId is required");
        check("playerId", "invalid_payload: playerId is required");
        check("questionId", "invalid_payload: questionId is required");
        check("answer", "invalid_payload: answer is required");
    }

    #[test]
    fn what_is_emitted_has_the_documents_keys_in_its_order() {
        let room_id = RoomId::random([0; 16]);
        let question_id = QuestionRef::try_from("q1".to_owned()).expect("a reference");
        let accepted = AnswerAccepted {
            room_id,
            player_id: PlayerId::try_from("p1".to_owned()).expect("a good id"),
            question_id: question_id.clone(),
            submitted_at: "2026-02-06T12:00:00.000Z".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&accepted).expect("serialises"),
            format!(r#"{{"roomId":"{ROOM}","playerId":"p1","questionId":"q1","submittedAt":"2026-02-06T12:00:00.000Z"}}"#)
        );
        let counts = BTreeMap::from([("1".to_owned(), 3), ("0".to_owned(), 1)]);
        assert_eq!(
            serde_json::to_string(&StatsUpdated { room_id, question_id, counts }).expect("serialises"),
            format!(r#"{{"roomId":"{ROOM}","questionId":"q1","counts":{{"0":1,"1":3}}}}"#)
        );
    }
}
