//! Changing, deleting and showing a quiz as a whole.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::error::validation_failed;
use hubbub_protocol::quiz::questions::IncludedQuestion;
use hubbub_protocol::quiz::quizzes::{DeleteQuiz, GetQuiz, QuizChanges, QuizDetail, QuizSet, QuizStatus, Success, UpdateQuiz};
use hubbub_protocol::quiz::{QuizId, UserId};

use super::publishing::errors;
use super::rule::Rule;
use super::state::{Author, State};

/// Gives a changed value its place.
pub(super) fn set<T>(place: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *place = value;
    }
}

impl Rule for UpdateQuiz {
    fn apply(&self, id: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizSet, Fault> {
        quiz.owned_by(author.user)?;
        change(quiz, self.read(author.max_players)?)?;
        Ok(quiz.view(id))
    }
}

/// A quiz that is to be published must be fit for it with all the other changes made.
fn change(quiz: &mut State, changes: QuizChanges) -> Result<(), Fault> {
    set(&mut quiz.title, changes.title);
    set(&mut quiz.description, changes.description);
    set(&mut quiz.difficulty_level, changes.difficulty_level);
    set(&mut quiz.category, changes.category);
    set(&mut quiz.is_public, changes.is_public);
    set(&mut quiz.tags, changes.tags);
    quiz.play_settings.merge(&changes.play_settings);
    match changes.status {
        Some(QuizStatus::Published) => publish(quiz),
        Some(status) => {
            quiz.status = status;
            Ok(())
        }
        None => Ok(()),
    }
}

/// Publishes a quiz that can be played.
pub(super) fn publish(quiz: &mut State) -> Result<(), Fault> {
    let errors = errors(quiz);
    if !errors.is_empty() {
        return Err(validation_failed(&errors));
    }
    quiz.status = QuizStatus::Published;
    Ok(())
}

impl Rule for DeleteQuiz {
    /// The quiz is kept, hidden from everyone, and its code is free.
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<Success, Fault> {
        quiz.owned_by(author.user)?;
        quiz.deleted_at = Some(author.now);
        quiz.play_settings.code = None;
        Ok(Success::default())
    }
}

/// Shows a quiz to somebody who may see it. What only its owner may know, others are not told: the code and the solutions.
///
/// # Errors
/// It is as if it were not there (404).
pub fn look(request: &GetQuiz, id: QuizId, quiz: &State, user: UserId) -> Result<QuizDetail, Fault> {
    quiz.seen_by(user)?;
    let is_own = quiz.owner == user;
    let mut set = quiz.view(id);
    if !is_own {
        set.play_settings.code = None;
    }
    let include = if is_own { IncludedQuestion::Own } else { IncludedQuestion::Foreign };
    let questions = || quiz.questions.iter().map(|question| include(question.view(id))).collect();
    Ok(QuizDetail { quiz: set, questions: request.wants_questions().then(questions) })
}
