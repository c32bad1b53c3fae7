//! A quiz's code: who may give it one. Which codes are free, the catalogue knows.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::codes::{CurrentCode, GenerateCode, QuizCode, RemoveCode, SetCode};
use hubbub_protocol::quiz::quizzes::Success;
use hubbub_protocol::quiz::{QuizId, UserId};

use super::rule::Rule;
use super::state::{Author, State};
use crate::kit::clock::Timestamp;

/// A request for a code.
pub trait CodeWish {
    /// Returns the code that is wished for; `None` wishes for any.
    ///
    /// # Errors
    /// It is no code (400).
    fn code(&self) -> Result<Option<QuizCode>, Fault>;
}

impl CodeWish for GenerateCode {
    fn code(&self) -> Result<Option<QuizCode>, Fault> {
        Ok(None)
    }
}

impl CodeWish for SetCode {
    fn code(&self) -> Result<Option<QuizCode>, Fault> {
        self.read().map(Some)
    }
}

/// Checks that `user` may give the quiz a code, and returns which one is wished for.
///
/// # Errors
/// The quiz was deleted (404), is somebody else's (403), or the code is none (400).
pub fn wish(wish: &impl CodeWish, quiz: &State, user: UserId) -> Result<Option<QuizCode>, Fault> {
    quiz.exists()?;
    quiz.owned_by(user)?;
    wish.code()
}

/// Returns the quiz with another code, which the catalogue keeps for it.
#[must_use]
pub fn with_code(quiz: &State, code: QuizCode, now: Timestamp) -> State {
    let mut next = quiz.clone();
    next.play_settings.code = Some(code);
    next.updated_at = now;
    next
}

/// Tells the owner the code.
///
/// # Errors
/// The quiz was deleted (404), or is somebody else's (403).
pub fn look(id: QuizId, quiz: &State, user: UserId) -> Result<CurrentCode, Fault> {
    quiz.exists()?;
    quiz.owned_by(user)?;
    Ok(CurrentCode::new(id, quiz.code()))
}

impl Rule for RemoveCode {
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<Success, Fault> {
        quiz.owned_by(author.user)?;
        quiz.play_settings.code = None;
        Ok(Success::default())
    }
}
