//! Publishing: only a quiz that can be played is published.

use serde::{Deserialize, Serialize};

use super::quizzes::{QuizSet, nothing_there};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::{Quiz, QuizId, USERS};
use crate::refusals::Malformed;

/// `POST /quiz/:id/publish`: 400 `validation_failed` if the quiz cannot be played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishQuiz {
    /// Which.
    pub id: QuizId,
}

impl Contract for PublishQuiz {
    type Reply = QuizSet;
}

impl Endpoint for PublishQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/quiz/{id}/publish";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `POST /quiz/:id/unpublish`: back to a draft.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnpublishQuiz {
    /// Which.
    pub id: QuizId,
}

impl Contract for UnpublishQuiz {
    type Reply = QuizSet;
}

impl Endpoint for UnpublishQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/quiz/{id}/unpublish";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// `GET /quiz/:id/validate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValidateQuiz {
    /// Which.
    pub id: QuizId,
}

impl Contract for ValidateQuiz {
    type Reply = Validation;
}

impl Endpoint for ValidateQuiz {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/quiz/{id}/validate";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        nothing_there(malformed)
    }
}

/// What stands between a quiz and its being played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Validation {
    valid: bool,
    errors: Vec<String>,
}

impl Validation {
    /// Returns the answer; a quiz without errors is valid.
    #[must_use]
    pub fn new(errors: Vec<String>) -> Self {
        Self { valid: errors.is_empty(), errors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiz_without_errors_is_valid() {
        let json = |errors| serde_json::to_string(&Validation::new(errors)).expect("a reply");
        assert_eq!(json(vec![]), r#"{"valid":true,"errors":[]}"#);
        assert_eq!(json(vec!["No questions".to_owned()]), r#"{"valid":false,"errors":["No questions"]}"#);
    }
}
