//! `/quiz/:quizId/questions/:questionId/answers`: what there is to choose from.

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::questions::{image_url, order_index};
use super::quizzes::{Success, nothing_there};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::{AnswerId, QuestionId, Quiz, QuizId, USERS, limits};
use crate::refusals::Malformed;

/// One answer, with what its owner may know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuizAnswer {
    /// The answer.
    pub id: AnswerId,
    /// Its question.
    pub question_id: QuestionId,
    /// Its text; empty only beside a picture.
    pub answer_text: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Whether it is correct.
    pub is_correct: bool,
    /// Its place, from 0.
    pub order_index: u32,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

/// The answers that come with a question, before anybody has checked them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "they are the fields of `NewAnswer`")]
pub struct AnswerFields {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub answer_text: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub image_url: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub is_correct: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub order_index: Field,
}

/// An answer to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAnswer {
    /// Its text; empty only beside a picture.
    pub answer_text: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Whether it is correct.
    pub is_correct: bool,
    /// Its place; the last one if there is none.
    pub order_index: Option<u32>,
}

impl AnswerFields {
    /// Reads the fields.
    ///
    /// # Errors
    /// The first that is wrong (400).
    pub fn read(&self) -> Result<NewAnswer, Fault> {
        new_answer(&self.answer_text, &self.image_url, &self.is_correct, &self.order_index)
    }
}

fn new_answer(text: &Field, picture: &Field, is_correct: &Field, place: &Field) -> Result<NewAnswer, Fault> {
    let image_url = image_url(picture, "image_url")?;
    let answer_text = if text.is_nothing() && image_url.is_some() { String::new() } else { answer_text(text)? };
    check_answer(&answer_text, image_url.as_deref())?;
    Ok(NewAnswer {
        answer_text,
        image_url,
        is_correct: is_correct.boolean("is_correct")?,
        order_index: place.optional(order_index)?,
    })
}

fn answer_text(field: &Field) -> Result<String, Fault> {
    Ok(field.text("answer_text", 0, limits::ANSWER_CHARACTERS)?.to_owned())
}

/// Checks that an answer shows something: a text, or a picture.
///
/// # Errors
/// It shows neither (400).
pub fn check_answer(answer_text: &str, image_url: Option<&str>) -> Result<(), Fault> {
    if answer_text.is_empty() && image_url.is_none() {
        return Err(invalid_payload("answer_text must have 1 to 200 characters"));
    }
    Ok(())
}

/// `POST /quiz/:quizId/questions/:questionId/answers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `NewAnswer`")]
pub struct AddAnswer {
    /// Which quiz.
    #[serde(rename = "quizId")]
    pub quiz_id: QuizId,
    /// Which of its questions.
    #[serde(rename = "questionId")]
    pub question_id: QuestionId,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub answer_text: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub image_url: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub is_correct: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub order_index: Field,
}

impl AddAnswer {
    /// Reads the fields.
    ///
    /// # Errors
    /// The first that is wrong (400).
    pub fn read(&self) -> Result<NewAnswer, Fault> {
        new_answer(&self.answer_text, &self.image_url, &self.is_correct, &self.order_index)
    }
}

impl Contract for AddAnswer {
    type Reply = QuizAnswer;
}

impl Endpoint for AddAnswer {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/quiz/{quizId}/questions/{questionId}/answers";
    const STATUS: u16 = 201;
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `PUT /quiz/:quizId/questions/:questionId/answers/:answerId`: only what is sent changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `AnswerChanges`")]
pub struct UpdateAnswer {
    /// Which quiz.
    #[serde(rename = "quizId")]
    pub quiz_id: QuizId,
    /// Which of its questions.
    #[serde(rename = "questionId")]
    pub question_id: QuestionId,
    /// Which of the question's answers.
    #[serde(rename = "answerId")]
    pub answer_id: AnswerId,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub answer_text: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub image_url: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub is_correct: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub order_index: Field,
}

/// What is to be different about an answer; whether it then still shows something is [`check_answer`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerChanges {
    /// Its text.
    pub answer_text: Option<String>,
    /// A picture; the inner `None` takes it away.
    pub image_url: Option<Option<String>>,
    /// Whether it is correct.
    pub is_correct: Option<bool>,
    /// Its place.
    pub order_index: Option<u32>,
}

impl UpdateAnswer {
    /// Reads the changes.
    ///
    /// # Errors
    /// The first field that is wrong (400); `null` is, where the answer cannot be without a value.
    pub fn read(&self) -> Result<AnswerChanges, Fault> {
        Ok(AnswerChanges {
            answer_text: self.answer_text.change(answer_text)?,
            image_url: self.image_url.change(|field| image_url(field, "image_url"))?,
            is_correct: self.is_correct.change(|field| field.boolean("is_correct"))?,
            order_index: self.order_index.change(order_index)?,
        })
    }
}

impl Contract for UpdateAnswer {
    type Reply = QuizAnswer;
}

impl Endpoint for UpdateAnswer {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/quiz/{quizId}/questions/{questionId}/answers/{answerId}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `DELETE /quiz/:quizId/questions/:questionId/answers/:answerId`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAnswer {
    /// Which quiz.
    pub quiz_id: QuizId,
    /// Which of its questions.
    pub question_id: QuestionId,
    /// Which of the question's answers.
    pub answer_id: AnswerId,
}

impl Contract for DeleteAnswer {
    type Reply = Success;
}

impl Endpoint for DeleteAnswer {
    type System = Quiz;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/quiz/{quizId}/questions/{questionId}/answers/{answerId}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    fn sent(change: &Value) -> Value {
        let mut sent = json!({ "quizId": ID, "questionId": ID, "answerId": ID });
        sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        sent
    }

    fn add(change: Value) -> Result<NewAnswer, String> {
        let request: AddAnswer = serde_json::from_value(sent(&change)).expect("decodes whatever was sent");
        request.read().map_err(|fault| fault.message)
    }

    fn update(change: Value) -> Result<AnswerChanges, String> {
        let request: UpdateAnswer = serde_json::from_value(sent(&change)).expect("decodes whatever was sent");
        request.read().map_err(|fault| fault.message)
    }

    #[test]
    fn the_documents_example_is_an_answer() {
        let whole = json!({ "answer_text": "Answer option text", "image_url": "https://example.com/a.png", "is_correct": true,
            "order_index": 0 });
        let expected = NewAnswer {
            answer_text: "Answer option text".to_owned(),
            image_url: Some("https://example.com/a.png".to_owned()),
            is_correct: true,
            order_index: Some(0),
        };
        assert_eq!(add(whole.clone()), Ok(expected));
        let expected = AnswerChanges {
            answer_text: Some("Answer option text".to_owned()),
            image_url: Some(Some("https://example.com/a.png".to_owned())),
            is_correct: Some(true),
            order_index: Some(0),
        };
        assert_eq!(update(whole), Ok(expected));
    }

    #[test]
    fn an_answer_shows_a_text_or_a_picture() {
        let check = |text: Value, picture: Value, expected: &str| {
            let sent = json!({ "answer_text": text, "image_url": picture, "is_correct": false });
            assert_eq!(add(sent.clone()).map_or_else(|message| message, |_| "ok".to_owned()), expected, "{sent}");
        };
        let (picture, wrong) = (json!("https://example.com/a.png"), "answer_text must have 1 to 200 characters");
        check(json!("A"), json!(null), "ok");
        check(json!(""), picture.clone(), "ok");
        check(json!(null), picture.clone(), "ok");
        check(json!(""), json!(null), wrong);
        check(json!(null), json!(null), "answer_text is required");
        check(json!("a".repeat(200)), json!(null), "ok");
        check(json!("a".repeat(201)), json!(null), "answer_text must have 0 to 200 characters");
        check(json!(5), picture, "answer_text must be a string");
        check(json!("A"), json!("a.png"), "image_url must be an http or https URL");
    }

    #[test]
    fn whether_it_is_correct_must_be_said_and_its_place_may() {
        let check = |change: Value, expected: &str| {
            let mut sent = json!({ "answer_text": "A", "is_correct": true });
            sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            assert_eq!(add(sent.clone()).map_or_else(|message| message, |_| "ok".to_owned()), expected, "{sent}");
        };
        check(json!({}), "ok");
        check(json!({ "is_correct": null }), "is_correct is required");
        check(json!({ "is_correct": "true" }), "is_correct must be a boolean");
        check(json!({ "order_index": null }), "ok");
        check(json!({ "order_index": 9999 }), "ok");
        check(json!({ "order_index": 10_000 }), "order_index must be an integer from 0 to 9999");
        check(json!({ "order_index": -1 }), "order_index must be an integer from 0 to 9999");
    }

    #[test]
    fn only_what_is_sent_changes() {
        assert_eq!(update(json!({})), Ok(AnswerChanges::default()));
        let expected = AnswerChanges { image_url: Some(None), ..AnswerChanges::default() };
        assert_eq!(update(json!({ "image_url": null })), Ok(expected));
        assert_eq!(update(json!({ "answer_text": null })), Err("answer_text is required".to_owned()));
        assert_eq!(update(json!({ "is_correct": 1 })), Err("is_correct must be a boolean".to_owned()));
        assert!(check_answer("", None).is_err() && check_answer("", Some("https://example.com")).is_ok());
    }
}
