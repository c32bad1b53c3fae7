//! `/quiz/:quizId/questions`: what a quiz asks.

use serde::{Deserialize, Serialize};

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionType {
    /// One of up to four answers.
    MultipleChoice,
    /// One of two.
    TrueFalse,
}
