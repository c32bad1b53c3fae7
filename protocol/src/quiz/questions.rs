//! `/quiz/:quizId/questions`: what a quiz asks.

use serde::{Deserialize, Serialize, Serializer};

use super::answers::{AnswerFields, NewAnswer, QuizAnswer};
use super::field::{Field, Items, Object, Part};
use super::quizzes::{Difficulty, Success, difficulty, nothing_there};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::{AnswerId, QuestionId, Quiz, QuizId, USERS, limits};
use crate::refusals::Malformed;

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionType {
    /// One of up to four answers.
    MultipleChoice,
    /// One of two.
    TrueFalse,
}

impl QuestionType {
    /// Checks how many answers a question offers.
    ///
    /// # Errors
    /// They are too many (400).
    pub fn check_answers(self, count: usize) -> Result<(), Fault> {
        let most = match self {
            Self::MultipleChoice => limits::ANSWERS,
            Self::TrueFalse => 2,
        };
        if count <= most { Ok(()) } else { Err(invalid_payload(format!("answers must have {most} items at most"))) }
    }
}

fn question_type(field: &Field) -> Result<QuestionType, Fault> {
    const WORDS: [(&str, QuestionType); 2] =
        [("multiple_choice", QuestionType::MultipleChoice), ("true_false", QuestionType::TrueFalse)];
    field.word("question_type", &WORDS)
}

fn question_text(field: &Field) -> Result<String, Fault> {
    Ok(field.text("question_text", 1, limits::QUESTION_CHARACTERS)?.to_owned())
}

fn show_question_time(field: &Field) -> Result<u32, Fault> {
    field.count("show_question_time", 1, limits::SHOW_QUESTION_SECS)
}

fn answering_time(field: &Field) -> Result<u32, Fault> {
    field.count("answering_time", 1, limits::ANSWERING_SECS)
}

fn show_explanation_time(field: &Field) -> Result<u32, Fault> {
    field.count("show_explanation_time", 0, limits::SHOW_EXPLANATION_SECS)
}

fn points(field: &Field) -> Result<u32, Fault> {
    field.count("points", 1, limits::POINTS)
}

fn explanation_title(field: &Field) -> Result<String, Fault> {
    Ok(field.text("explanation_title", 0, limits::EXPLANATION_TITLE_CHARACTERS)?.to_owned())
}

fn explanation_text(field: &Field) -> Result<String, Fault> {
    Ok(field.text("explanation_text", 0, limits::EXPLANATION_CHARACTERS)?.to_owned())
}

/// Reads the place of a question or an answer.
pub(super) fn order_index(field: &Field) -> Result<u32, Fault> {
    field.count("order_index", 0, limits::LAST_PLACE)
}

/// Reads the address of a picture that there may not be.
pub(super) fn image_url(field: &Field, name: &str) -> Result<Option<String>, Fault> {
    field.optional(|field| field.url(name).map(str::to_owned))
}

/// The answers of a question in a request, before anybody has checked them.
pub type AnswersField = Part<Items<Part<Object<AnswerFields>>>>;

fn answers(sent: &AnswersField) -> Result<Option<Vec<NewAnswer>>, Fault> {
    let Some(items) = sent.optional("answers", "an array")? else { return Ok(None) };
    let answer = |item: &Part<Object<AnswerFields>>| match item {
        Part::Is(Object(fields)) => fields.read(),
        _ => Err(invalid_payload("each of answers must be an object")),
    };
    items.at_most("answers", limits::ANSWERS)?.iter().map(answer).collect::<Result<_, _>>().map(Some)
}

/// A question with its answers, in their order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuizQuestion {
    /// The question.
    pub id: QuestionId,
    /// Its quiz.
    pub question_set_id: QuizId,
    /// What is asked.
    pub question_text: String,
    /// How it is answered.
    pub question_type: QuestionType,
    /// A picture.
    pub image_url: Option<String>,
    /// Seconds that the question is shown alone.
    pub show_question_time: u32,
    /// Seconds to answer.
    pub answering_time: u32,
    /// What a correct answer is worth.
    pub points: u32,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// Its place, from 0.
    pub order_index: u32,
    /// The title of its explanation.
    pub explanation_title: Option<String>,
    /// Its explanation.
    pub explanation_text: Option<String>,
    /// A picture for the explanation.
    pub explanation_image_url: Option<String>,
    /// Seconds that the explanation is shown.
    pub show_explanation_time: u32,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// What to choose from.
    pub answers: Vec<QuizAnswer>,
}

/// A question of a quiz, as part of it.
#[derive(Debug, Clone, PartialEq)]
pub enum IncludedQuestion {
    /// For the quiz's owner: everything.
    Own(QuizQuestion),
    /// For others: neither what is correct nor the explanation.
    Foreign(QuizQuestion),
}

impl Serialize for IncludedQuestion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own(question) => question.serialize(serializer),
            Self::Foreign(question) => WithoutSolution::of(question).serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct WithoutSolution<'q> {
    id: QuestionId,
    question_set_id: QuizId,
    question_text: &'q str,
    question_type: QuestionType,
    image_url: Option<&'q str>,
    show_question_time: u32,
    answering_time: u32,
    points: u32,
    difficulty: Difficulty,
    order_index: u32,
    created_at: &'q str,
    updated_at: &'q str,
    answers: Vec<AnswerWithoutSolution<'q>>,
}

#[derive(Serialize)]
struct AnswerWithoutSolution<'q> {
    id: AnswerId,
    question_id: QuestionId,
    answer_text: &'q str,
    image_url: Option<&'q str>,
    order_index: u32,
    created_at: &'q str,
    updated_at: &'q str,
}

impl<'q> WithoutSolution<'q> {
    fn of(question: &'q QuizQuestion) -> Self {
        let answer = |answer: &'q QuizAnswer| AnswerWithoutSolution {
            id: answer.id,
            question_id: answer.question_id,
            answer_text: &answer.answer_text,
            image_url: answer.image_url.as_deref(),
            order_index: answer.order_index,
            created_at: &answer.created_at,
            updated_at: &answer.updated_at,
        };
        Self {
            id: question.id,
            question_set_id: question.question_set_id,
            question_text: &question.question_text,
            question_type: question.question_type,
            image_url: question.image_url.as_deref(),
            show_question_time: question.show_question_time,
            answering_time: question.answering_time,
            points: question.points,
            difficulty: question.difficulty,
            order_index: question.order_index,
            created_at: &question.created_at,
            updated_at: &question.updated_at,
            answers: question.answers.iter().map(answer).collect(),
        }
    }
}

/// `POST /quiz/:quizId/questions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `NewQuestion`")]
pub struct AddQuestion {
    /// Which quiz.
    #[serde(rename = "quizId")]
    pub quiz_id: QuizId,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub question_text: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub question_type: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub image_url: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub show_question_time: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub answering_time: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub points: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub difficulty: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub order_index: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub explanation_title: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub explanation_text: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub explanation_image_url: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub show_explanation_time: Field,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub answers: AnswersField,
}

/// A question to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewQuestion {
    /// What is asked.
    pub question_text: String,
    /// How it is answered.
    pub question_type: QuestionType,
    /// A picture.
    pub image_url: Option<String>,
    /// Seconds that the question is shown alone.
    pub show_question_time: u32,
    /// Seconds to answer.
    pub answering_time: u32,
    /// What a correct answer is worth.
    pub points: u32,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// Its place; the last one if there is none.
    pub order_index: Option<u32>,
    /// The title of its explanation.
    pub explanation_title: Option<String>,
    /// Its explanation.
    pub explanation_text: Option<String>,
    /// A picture for the explanation.
    pub explanation_image_url: Option<String>,
    /// Seconds that the explanation is shown.
    pub show_explanation_time: u32,
    /// What to choose from.
    pub answers: Vec<NewAnswer>,
}

impl AddQuestion {
    /// Reads the fields; what is missing has its default.
    ///
    /// # Errors
    /// The first that is wrong (400).
    pub fn read(&self) -> Result<NewQuestion, Fault> {
        let question = NewQuestion {
            question_text: question_text(&self.question_text)?,
            question_type: question_type(&self.question_type)?,
            image_url: image_url(&self.image_url, "image_url")?,
            show_question_time: self.show_question_time.optional(show_question_time)?.unwrap_or(10),
            answering_time: self.answering_time.optional(answering_time)?.unwrap_or(30),
            points: self.points.optional(points)?.unwrap_or(1),
            difficulty: self.difficulty.optional(|field| difficulty(field, "difficulty"))?.unwrap_or_default(),
            order_index: self.order_index.optional(order_index)?,
            explanation_title: self.explanation_title.optional(explanation_title)?,
            explanation_text: self.explanation_text.optional(explanation_text)?,
            explanation_image_url: image_url(&self.explanation_image_url, "explanation_image_url")?,
            show_explanation_time: self.show_explanation_time.optional(show_explanation_time)?.unwrap_or(5),
            answers: answers(&self.answers)?.unwrap_or_default(),
        };
        question.question_type.check_answers(question.answers.len())?;
        Ok(question)
    }
}

impl Contract for AddQuestion {
    type Reply = QuizQuestion;
}

impl Endpoint for AddQuestion {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/quiz/{quizId}/questions";
    const STATUS: u16 = 201;
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `PUT /quiz/:quizId/questions/:questionId`: only what is sent changes; `answers` replace all that there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `QuestionChanges`")]
pub struct UpdateQuestion {
    /// Which quiz.
    #[serde(rename = "quizId")]
    pub quiz_id: QuizId,
    /// Which of its questions.
    #[serde(rename = "questionId")]
    pub question_id: QuestionId,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub question_text: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub question_type: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub image_url: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub show_question_time: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub answering_time: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub points: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub difficulty: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub order_index: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub explanation_title: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub explanation_text: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub explanation_image_url: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub show_explanation_time: Field,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub answers: AnswersField,
}

/// What is to be different about a question. Where a question may be without a value, the inner `None` takes it away.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuestionChanges {
    /// What is asked.
    pub question_text: Option<String>,
    /// How it is answered.
    pub question_type: Option<QuestionType>,
    /// A picture.
    pub image_url: Option<Option<String>>,
    /// Seconds that the question is shown alone.
    pub show_question_time: Option<u32>,
    /// Seconds to answer.
    pub answering_time: Option<u32>,
    /// What a correct answer is worth.
    pub points: Option<u32>,
    /// How hard it is.
    pub difficulty: Option<Difficulty>,
    /// Its place.
    pub order_index: Option<u32>,
    /// The title of its explanation.
    pub explanation_title: Option<Option<String>>,
    /// Its explanation.
    pub explanation_text: Option<Option<String>>,
    /// A picture for the explanation.
    pub explanation_image_url: Option<Option<String>>,
    /// Seconds that the explanation is shown.
    pub show_explanation_time: Option<u32>,
    /// All its answers; how many fit is [`QuestionType::check_answers`] of the type that the question will have.
    pub answers: Option<Vec<NewAnswer>>,
}

impl UpdateQuestion {
    /// Reads the changes.
    ///
    /// # Errors
    /// The first field that is wrong (400); `null` is, where the question cannot be without a value.
    pub fn read(&self) -> Result<QuestionChanges, Fault> {
        if matches!(self.answers, Part::Null) {
            return Err(invalid_payload("answers must be an array"));
        }
        let picture = |field: &Field, name: &str| field.change(|field| image_url(field, name));
        Ok(QuestionChanges {
            question_text: self.question_text.change(question_text)?,
            question_type: self.question_type.change(question_type)?,
            image_url: picture(&self.image_url, "image_url")?,
            show_question_time: self.show_question_time.change(show_question_time)?,
            answering_time: self.answering_time.change(answering_time)?,
            points: self.points.change(points)?,
            difficulty: self.difficulty.change(|field| difficulty(field, "difficulty"))?,
            order_index: self.order_index.change(order_index)?,
            explanation_title: self.explanation_title.change(|field| field.optional(explanation_title))?,
            explanation_text: self.explanation_text.change(|field| field.optional(explanation_text))?,
            explanation_image_url: picture(&self.explanation_image_url, "explanation_image_url")?,
            show_explanation_time: self.show_explanation_time.change(show_explanation_time)?,
            answers: answers(&self.answers)?,
        })
    }
}

impl Contract for UpdateQuestion {
    type Reply = QuizQuestion;
}

impl Endpoint for UpdateQuestion {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/quiz/{quizId}/questions/{questionId}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `DELETE /quiz/:quizId/questions/:questionId`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteQuestion {
    /// Which quiz.
    pub quiz_id: QuizId,
    /// Which of its questions.
    pub question_id: QuestionId,
}

impl Contract for DeleteQuestion {
    type Reply = Success;
}

impl Endpoint for DeleteQuestion {
    type System = Quiz;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/quiz/{quizId}/questions/{questionId}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `PUT /quiz/:quizId/questions/reorder`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReorderQuestions {
    /// Which quiz.
    pub quiz_id: QuizId,
    /// All its questions, in their new order.
    #[serde(default, alias = "question_ids", skip_serializing_if = "Part::is_absent")]
    pub question_ids: Part<Items<Field>>,
}

impl ReorderQuestions {
    /// Reads the new order; whether these are all questions of the quiz, and each once, only the quiz knows.
    ///
    /// # Errors
    /// It is no list of ids (400).
    pub fn read(&self) -> Result<Vec<QuestionId>, Fault> {
        let items = self.question_ids.optional("questionIds", "an array")?;
        let items = items.ok_or_else(|| invalid_payload("questionIds is required"))?;
        let id = |field: &Field| match field {
            Field::Text(text) => QuestionId::parse(text).map_err(|_| Self::not_a_permutation()),
            _ => Err(Self::not_a_permutation()),
        };
        items.at_most("questionIds", limits::QUESTIONS)?.iter().map(id).collect()
    }

    /// Returns the refusal of a list that does not name every question of the quiz once.
    #[must_use]
    pub fn not_a_permutation() -> Fault {
        invalid_payload("questionIds must name every question of the quiz once")
    }
}

impl Contract for ReorderQuestions {
    type Reply = Success;
}

impl Endpoint for ReorderQuestions {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/quiz/{quizId}/questions/reorder";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

#[cfg(test)]
mod tests;
