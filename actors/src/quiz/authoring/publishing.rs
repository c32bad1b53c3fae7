//! What a quiz must be before it is played.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::publishing::{PublishQuiz, UnpublishQuiz, Validation};
use hubbub_protocol::quiz::questions::QuestionType;
use hubbub_protocol::quiz::quizzes::{QuizSet, QuizStatus};
use hubbub_protocol::quiz::{QuizId, UserId, limits};

use super::quizzes::publish;
use super::rule::Rule;
use super::state::{Answer, Author, Question, State};

/// Returns everything that stands between the quiz and its being played, in the words that its owner reads.
#[must_use]
pub fn errors(quiz: &State) -> Vec<String> {
    let mut errors = Vec::new();
    if quiz.title.trim().is_empty() {
        errors.push("Title is required".to_owned());
    }
    if quiz.questions.is_empty() {
        errors.push("At least one question is required".to_owned());
    }
    for (number, question) in (1..).zip(&quiz.questions) {
        errors.extend(question_errors(question).into_iter().map(|error| format!("Question {number}: {error}")));
    }
    errors
}

fn question_errors(question: &Question) -> Vec<&'static str> {
    let is_empty = |answer: &Answer| answer.answer_text.trim().is_empty() && answer.image_url.is_none();
    let correct = question.answers.iter().filter(|answer| answer.is_correct).count();
    let answers = question.answers.len();
    let is_wrong_pair = question.question_type == QuestionType::TrueFalse && answers != 2;
    let is_wrong_choice = question.question_type == QuestionType::MultipleChoice && !(2..=limits::ANSWERS).contains(&answers);
    let found = [
        (question.question_text.trim().is_empty(), "text is required"),
        (is_wrong_choice, "2 to 4 answers are required"),
        (is_wrong_pair, "a true/false question must have exactly 2 answers"),
        (correct != 1, "exactly one answer must be correct"),
        (question.answers.iter().any(is_empty), "no answer may be empty"),
    ];
    found.into_iter().filter_map(|(is_wrong, error)| is_wrong.then_some(error)).collect()
}

/// Tells the owner what is missing.
///
/// # Errors
/// It was deleted (404), or is somebody else's (403).
pub fn validate(quiz: &State, user: UserId) -> Result<Validation, Fault> {
    quiz.exists()?;
    quiz.owned_by(user)?;
    Ok(Validation::new(errors(quiz)))
}

impl Rule for PublishQuiz {
    fn apply(&self, id: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizSet, Fault> {
        quiz.owned_by(author.user)?;
        publish(quiz)?;
        Ok(quiz.view(id))
    }
}

impl Rule for UnpublishQuiz {
    fn apply(&self, id: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizSet, Fault> {
        quiz.owned_by(author.user)?;
        quiz.status = QuizStatus::Draft;
        Ok(quiz.view(id))
    }
}
