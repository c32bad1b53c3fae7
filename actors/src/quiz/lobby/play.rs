//! What a room gets from the quiz that it plays.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::{QuizId, error};

use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::quiz::room::score::Bonuses;
use crate::quiz::room::script::Question;

/// A quiz as a room plays it; without a quiz, the defaults.
#[derive(Debug, Clone, Default)]
pub struct Play {
    /// Its questions, in order.
    pub script: Vec<Question>,
    /// The room's code, if it is free.
    pub code: Option<u32>,
    /// What answers are worth, unless the host says otherwise.
    pub bonuses: Bonuses,
    /// Whether the end of a question tells its correct answers, unless the host says otherwise.
    pub show_correct_answer: bool,
    /// Most players, unless the host says otherwise.
    pub max_players: Option<u32>,
}

/// Fetches a quiz for a host who wants to play it.
///
/// # Errors
/// There is none that this account may play.
#[expect(clippy::unused_async, reason = "quizzes are actors, which are asked")]
pub async fn of(_: &Deps, _: &Caller, _: QuizId) -> Result<Play, Fault> {
    Err(error::quiz_not_found())
}
