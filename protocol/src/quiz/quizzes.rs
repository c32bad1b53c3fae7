//! `/quiz`: quizzes without their questions.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::codes::QuizCode;
use super::field::{Field, Items, Object, Part};
use super::paging::Page;
use super::questions::IncludedQuestion;
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::error::{answer_not_found, invalid_payload, question_not_found, quiz_not_found};
use crate::quiz::{Quiz, QuizId, USERS, UserId, limits};
use crate::refusals::Malformed;

/// How hard a quiz or a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the variants are the document's own words")]
pub enum Difficulty {
    #[default]
    Easy,
    Medium,
    Hard,
    Expert,
}

/// Reads a difficulty.
pub(super) fn difficulty(field: &Field, name: &str) -> Result<Difficulty, Fault> {
    const WORDS: [(&str, Difficulty); 4] =
        [("easy", Difficulty::Easy), ("medium", Difficulty::Medium), ("hard", Difficulty::Hard), ("expert", Difficulty::Expert)];
    field.word(name, &WORDS)
}

/// Where a quiz stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuizStatus {
    /// Its owner works on it.
    #[default]
    Draft,
    /// It can be played.
    Published,
    /// It is put away.
    Archived,
}

fn status(field: &Field) -> Result<QuizStatus, Fault> {
    const WORDS: [(&str, QuizStatus); 3] =
        [("draft", QuizStatus::Draft), ("published", QuizStatus::Published), ("archived", QuizStatus::Archived)];
    field.word("status", &WORDS)
}

/// How a quiz is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaySettings {
    /// The code that players type; null without one.
    pub code: Option<QuizCode>,
    /// Whether the question is shown alone before its answers.
    pub show_question_only: bool,
    /// Whether the explanation is shown.
    pub show_explanation: bool,
    /// Whether a quick answer is worth more.
    pub time_bonus: bool,
    /// Whether a row of correct answers is worth more.
    pub streak_bonus: bool,
    /// Whether the end of a question tells the correct answers.
    pub show_correct_answer: bool,
    /// How many players may join.
    pub max_players: u32,
}

impl Default for PlaySettings {
    fn default() -> Self {
        Self {
            code: None,
            show_question_only: true,
            show_explanation: true,
            time_bonus: false,
            streak_bonus: false,
            show_correct_answer: false,
            max_players: limits::ROOM_PLAYERS,
        }
    }
}

impl PlaySettings {
    /// Changes what `changes` name, and nothing else.
    pub fn merge(&mut self, changes: &PlaySettingsChanges) {
        self.show_question_only = changes.show_question_only.unwrap_or(self.show_question_only);
        self.show_explanation = changes.show_explanation.unwrap_or(self.show_explanation);
        self.time_bonus = changes.time_bonus.unwrap_or(self.time_bonus);
        self.streak_bonus = changes.streak_bonus.unwrap_or(self.streak_bonus);
        self.show_correct_answer = changes.show_correct_answer.unwrap_or(self.show_correct_answer);
        self.max_players = changes.max_players.unwrap_or(self.max_players);
    }
}

/// Some of the play settings; the code has routes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlaySettingsChanges {
    /// Whether the question is shown alone before its answers.
    pub show_question_only: Option<bool>,
    /// Whether the explanation is shown.
    pub show_explanation: Option<bool>,
    /// Whether a quick answer is worth more.
    pub time_bonus: Option<bool>,
    /// Whether a row of correct answers is worth more.
    pub streak_bonus: Option<bool>,
    /// Whether the end of a question tells the correct answers.
    pub show_correct_answer: Option<bool>,
    /// How many players may join.
    pub max_players: Option<u32>,
}

/// The play settings of a request, before anybody has checked them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "they are the fields of `PlaySettingsChanges`")]
pub struct PlaySettingsFields {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub show_question_only: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub show_explanation: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub time_bonus: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub streak_bonus: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub show_correct_answer: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub max_players: Field,
}

fn play_settings(sent: &Part<Object<PlaySettingsFields>>, max_players: u32) -> Result<PlaySettingsChanges, Fault> {
    let Some(Object(fields)) = sent.optional("play_settings", "an object")? else { return Ok(PlaySettingsChanges::default()) };
    let truth = |field: &Field, name: &str| field.change(|field| field.boolean(name));
    Ok(PlaySettingsChanges {
        show_question_only: truth(&fields.show_question_only, "play_settings.show_question_only")?,
        show_explanation: truth(&fields.show_explanation, "play_settings.show_explanation")?,
        time_bonus: truth(&fields.time_bonus, "play_settings.time_bonus")?,
        streak_bonus: truth(&fields.streak_bonus, "play_settings.streak_bonus")?,
        show_correct_answer: truth(&fields.show_correct_answer, "play_settings.show_correct_answer")?,
        max_players: fields.max_players.change(|field| field.count("play_settings.max_players", 1, max_players))?,
    })
}

fn title(field: &Field) -> Result<String, Fault> {
    Ok(field.text("title", 1, limits::TITLE_CHARACTERS)?.to_owned())
}

fn description(field: &Field) -> Result<String, Fault> {
    Ok(field.text("description", 0, limits::DESCRIPTION_CHARACTERS)?.to_owned())
}

fn category(field: &Field) -> Result<String, Fault> {
    Ok(field.text("category", 1, limits::CATEGORY_CHARACTERS)?.to_owned())
}

fn tags(sent: &Part<Items<Field>>) -> Result<Option<Vec<String>>, Fault> {
    let Some(items) = sent.optional("tags", "an array")? else { return Ok(None) };
    let tag = |field: &Field| field.text("each of tags", 1, limits::TAG_CHARACTERS).map(str::to_owned);
    items.at_most("tags", limits::TAGS)?.iter().map(tag).collect::<Result<_, _>>().map(Some)
}

/// A quiz, bare.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuizSet {
    /// The quiz.
    pub id: QuizId,
    /// Its owner.
    pub user_id: UserId,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// A small picture.
    pub thumbnail_url: Option<String>,
    /// Whether others may see it once it is published.
    pub is_public: bool,
    /// How hard it is.
    pub difficulty_level: Difficulty,
    /// Its category.
    pub category: String,
    /// How many questions it has.
    pub total_questions: u32,
    /// How often it was played.
    pub times_played: u64,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// Where it stands.
    pub status: QuizStatus,
    /// Its tags.
    pub tags: Vec<String>,
    /// ISO 8601; null if it never was.
    pub last_played_at: Option<String>,
    /// How it is played.
    pub play_settings: PlaySettings,
    /// The quiz that it was copied from.
    pub cloned_from: Option<QuizId>,
}

/// Done, where there is nothing else to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Success {
    success: bool,
}

impl Default for Success {
    fn default() -> Self {
        Self { success: true }
    }
}

/// Says that a malformed id of a path names nothing: the quiz's routes know no other mistake of form in a path.
pub(super) fn nothing_there(malformed: &Malformed) -> Option<Fault> {
    match malformed.field()? {
        "id" | "quizId" => Some(quiz_not_found()),
        "questionId" => Some(question_not_found()),
        "answerId" => Some(answer_not_found()),
        _ => None,
    }
}

/// `POST /quiz`: a new draft.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "they are the fields of `NewQuiz`")]
pub struct CreateQuiz {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub title: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub description: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub difficulty_level: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub category: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub is_public: Field,
    #[serde(skip_serializing_if = "Part::is_absent")]
    pub tags: Part<Items<Field>>,
    #[serde(skip_serializing_if = "Part::is_absent")]
    pub play_settings: Part<Object<PlaySettingsFields>>,
}

/// A quiz to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewQuiz {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// How hard it is.
    pub difficulty_level: Difficulty,
    /// Its category.
    pub category: String,
    /// Whether others may see it once it is published.
    pub is_public: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// How it is played.
    pub play_settings: PlaySettings,
}

impl CreateQuiz {
    /// Reads the fields; what is missing has its default.
    ///
    /// # Errors
    /// The first that is wrong (400).
    pub fn read(&self, max_players: u32) -> Result<NewQuiz, Fault> {
        let mut settings = PlaySettings::default();
        settings.merge(&play_settings(&self.play_settings, max_players)?);
        let level = self.difficulty_level.optional(|field| difficulty(field, "difficulty_level"))?;
        Ok(NewQuiz {
            title: title(&self.title)?,
            description: self.description.optional(description)?.unwrap_or_default(),
            difficulty_level: level.unwrap_or_default(),
            category: self.category.optional(category)?.unwrap_or_else(|| "General".to_owned()),
            is_public: self.is_public.optional(|field| field.boolean("is_public"))?.unwrap_or_default(),
            tags: tags(&self.tags)?.unwrap_or_default(),
            play_settings: settings,
        })
    }
}

impl Contract for CreateQuiz {
    type Reply = QuizSet;
}

impl Endpoint for CreateQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/quiz";
    const STATUS: u16 = 201;
    const ACCESS: Access = USERS;
}

/// `GET /quiz/:id`: the caller's own, or a public one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetQuiz {
    /// Which.
    pub id: QuizId,
    /// What to show besides the quiz itself, an extension.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub include: Field,
}

impl GetQuiz {
    /// Returns whether the questions are wanted, each with its answers.
    #[must_use]
    pub fn wants_questions(&self) -> bool {
        matches!(&self.include, Field::Text(words) if words.split(',').any(|word| word.trim() == "questions"))
    }
}

impl Contract for GetQuiz {
    type Reply = QuizDetail;
}

impl Endpoint for GetQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/quiz/{id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// A quiz, bare, with `questions` at its end if they were wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct QuizDetail {
    /// The quiz.
    pub quiz: QuizSet,
    /// Its questions.
    pub questions: Option<Vec<IncludedQuestion>>,
}

impl Serialize for QuizDetail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(questions) = &self.questions else { return self.quiz.serialize(serializer) };
        let mut body = serde_json::to_value(&self.quiz).map_err(serde::ser::Error::custom)?;
        if let Value::Object(keys) = &mut body {
            let questions = serde_json::to_value(questions).map_err(serde::ser::Error::custom)?;
            keys.insert("questions".to_owned(), questions);
        }
        body.serialize(serializer)
    }
}

/// `PUT /quiz/:id`: only what is sent changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `QuizChanges`")]
pub struct UpdateQuiz {
    /// Which.
    pub id: QuizId,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub title: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub description: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub difficulty_level: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub category: Field,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub is_public: Field,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub tags: Part<Items<Field>>,
    #[serde(default, skip_serializing_if = "Part::is_absent")]
    pub play_settings: Part<Object<PlaySettingsFields>>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub status: Field,
}

/// What is to be different about a quiz.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuizChanges {
    /// Its title.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// How hard it is.
    pub difficulty_level: Option<Difficulty>,
    /// Its category.
    pub category: Option<String>,
    /// Whether others may see it once it is published.
    pub is_public: Option<bool>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
    /// How it is played.
    pub play_settings: PlaySettingsChanges,
    /// Where it stands; to be published it must be fit for it.
    pub status: Option<QuizStatus>,
}

impl UpdateQuiz {
    /// Reads the changes.
    ///
    /// # Errors
    /// The first field that is wrong (400); `null` is, where the quiz cannot be without a value.
    pub fn read(&self, max_players: u32) -> Result<QuizChanges, Fault> {
        if matches!(self.tags, Part::Null) {
            return Err(invalid_payload("tags must be an array"));
        }
        if matches!(self.play_settings, Part::Null) {
            return Err(invalid_payload("play_settings must be an object"));
        }
        Ok(QuizChanges {
            title: self.title.change(title)?,
            description: self.description.change(description)?,
            difficulty_level: self.difficulty_level.change(|field| difficulty(field, "difficulty_level"))?,
            category: self.category.change(category)?,
            is_public: self.is_public.change(|field| field.boolean("is_public"))?,
            tags: tags(&self.tags)?,
            play_settings: play_settings(&self.play_settings, max_players)?,
            status: self.status.change(status)?,
        })
    }
}

impl Contract for UpdateQuiz {
    type Reply = QuizSet;
}

impl Endpoint for UpdateQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/quiz/{id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `DELETE /quiz/:id`: hidden from everyone, and its code is free.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteQuiz {
    /// Which.
    pub id: QuizId,
}

impl Contract for DeleteQuiz {
    type Reply = Success;
}

impl Endpoint for DeleteQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/quiz/{id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `GET /quiz`: the caller's own, the latest change first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuizzes {
    /// Only those that stand so.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub status: Field,
    /// Which page, from 1.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub page: Field,
    /// How many on a page.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub limit: Field,
}

impl ListQuizzes {
    /// Reads the filter and the page.
    ///
    /// # Errors
    /// One of them is wrong (400).
    pub fn read(&self) -> Result<(Option<QuizStatus>, Page), Fault> {
        Ok((self.status.change(status)?, Page::read(&self.page, &self.limit)?))
    }
}

/// One page of quizzes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuizList {
    quizzes: Vec<QuizSet>,
    total: u64,
    page: u32,
    total_pages: u64,
}

impl QuizList {
    /// Returns a page of `total` quizzes, which its maker has cut out.
    #[must_use]
    pub fn new(quizzes: Vec<QuizSet>, page: Page, total: u64) -> Self {
        Self { quizzes, total, page: page.page, total_pages: page.total_pages(total) }
    }
}

impl Contract for ListQuizzes {
    type Reply = QuizList;
}

impl Endpoint for ListQuizzes {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/quiz";
    const ACCESS: Access = USERS;
}

#[cfg(test)]
mod tests;
