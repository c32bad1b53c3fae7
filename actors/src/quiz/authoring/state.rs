//! A quiz as it is kept, who may do what with it, and where its parts are.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::codes::QuizCode;
use hubbub_protocol::quiz::error::{answer_not_found, not_the_owner, question_not_found, quiz_not_found};
use hubbub_protocol::quiz::ids::Id;
use hubbub_protocol::quiz::questions::QuestionType;
use hubbub_protocol::quiz::quizzes::{Difficulty, NewQuiz, PlaySettings, QuizStatus};
use hubbub_protocol::quiz::{AnswerId, QuestionId, UserId};
use serde::{Deserialize, Serialize};

use crate::kit::clock::Timestamp;

/// Who changes a quiz, when, and with what: everything that a rule is told from outside.
#[derive(Clone, Copy)]
pub struct Author<'a> {
    /// Who.
    pub user: UserId,
    /// When.
    pub now: Timestamp,
    /// Most players that a quiz may ask for.
    pub max_players: u32,
    /// Bytes for a new id, never the same twice.
    pub bytes: &'a dyn Fn() -> [u8; 16],
}

impl Author<'_> {
    /// Returns an id that nothing else has.
    #[must_use]
    pub fn fresh<Of>(&self) -> Id<Of> {
        Id::random((self.bytes)())
    }
}

/// A quiz with its questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `QuizSet`")]
pub struct State {
    pub owner: UserId,
    pub title: String,
    pub description: String,
    pub is_public: bool,
    pub difficulty_level: Difficulty,
    pub category: String,
    pub times_played: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub status: QuizStatus,
    pub tags: Vec<String>,
    pub last_played_at: Option<Timestamp>,
    pub play_settings: PlaySettings,
    /// When it was deleted: nobody sees it since.
    pub deleted_at: Option<Timestamp>,
    /// In the order of their places; of equal places, the older comes first.
    pub questions: Vec<Question>,
}

/// What a quiz asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `QuizQuestion`")]
pub struct Question {
    pub id: QuestionId,
    pub question_text: String,
    pub question_type: QuestionType,
    pub image_url: Option<String>,
    pub show_question_time: u32,
    pub answering_time: u32,
    pub points: u32,
    pub difficulty: Difficulty,
    pub order_index: u32,
    pub explanation_title: Option<String>,
    pub explanation_text: Option<String>,
    pub explanation_image_url: Option<String>,
    pub show_explanation_time: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// In the order of their places; of equal places, the older comes first.
    pub answers: Vec<Answer>,
}

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are the fields of `QuizAnswer`")]
pub struct Answer {
    pub id: AnswerId,
    pub answer_text: String,
    pub image_url: Option<String>,
    pub is_correct: bool,
    pub order_index: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl State {
    /// Returns a new draft.
    #[must_use]
    pub fn create(new: NewQuiz, author: &Author<'_>) -> Self {
        Self {
            owner: author.user,
            title: new.title,
            description: new.description,
            is_public: new.is_public,
            difficulty_level: new.difficulty_level,
            category: new.category,
            times_played: 0,
            created_at: author.now,
            updated_at: author.now,
            status: QuizStatus::Draft,
            tags: new.tags,
            last_played_at: None,
            play_settings: new.play_settings,
            deleted_at: None,
            questions: Vec::new(),
        }
    }

    /// Checks that the quiz still exists.
    ///
    /// # Errors
    /// It was deleted (404).
    pub fn exists(&self) -> Result<(), Fault> {
        if self.deleted_at.is_none() { Ok(()) } else { Err(quiz_not_found()) }
    }

    /// Checks that `user` owns the quiz.
    ///
    /// # Errors
    /// Somebody else does (403).
    pub fn owned_by(&self, user: UserId) -> Result<(), Fault> {
        if self.owner == user { Ok(()) } else { Err(not_the_owner()) }
    }

    /// Checks that `user` may see the quiz: an owner sees it always, others when it is public and published.
    ///
    /// # Errors
    /// It is as if it were not there (404).
    pub fn seen_by(&self, user: UserId) -> Result<(), Fault> {
        self.exists()?;
        let is_open = self.is_public && self.status == QuizStatus::Published;
        if self.owner == user || is_open { Ok(()) } else { Err(quiz_not_found()) }
    }

    /// Returns the code, which only a quiz that exists has.
    #[must_use]
    pub fn code(&self) -> Option<QuizCode> {
        self.play_settings.code.filter(|_| self.deleted_at.is_none())
    }

    /// Returns where a question is.
    ///
    /// # Errors
    /// The quiz has no such question (404).
    pub fn question(&self, id: QuestionId) -> Result<usize, Fault> {
        self.questions.iter().position(|question| question.id == id).ok_or_else(question_not_found)
    }

    /// Returns a question to be changed.
    ///
    /// # Errors
    /// The quiz has no such question (404).
    pub fn question_mut(&mut self, id: QuestionId) -> Result<&mut Question, Fault> {
        self.questions.iter_mut().find(|question| question.id == id).ok_or_else(question_not_found)
    }

    /// Puts the questions in the order of their places.
    pub fn sort(&mut self) {
        self.questions.sort_by_key(|question| question.order_index);
    }
}

impl Question {
    /// Returns where an answer is.
    ///
    /// # Errors
    /// The question has no such answer (404).
    pub fn answer(&self, id: AnswerId) -> Result<usize, Fault> {
        self.answers.iter().position(|answer| answer.id == id).ok_or_else(answer_not_found)
    }

    /// Puts the answers in the order of their places.
    pub fn sort(&mut self) {
        self.answers.sort_by_key(|answer| answer.order_index);
    }
}

/// Returns how many there are; every list of a quiz is short.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
