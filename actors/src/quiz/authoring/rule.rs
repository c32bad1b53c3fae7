//! What all changes of a quiz have in common.

use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::QuizId;

use super::state::{Author, State};

/// A change that its owner asks for. It is made on a copy of the state, so that what was refused has changed nothing.
///
/// Every rule looks in the same order: what is not there (404), who asks (403), what was sent (400).
pub trait Rule: Contract {
    /// Changes the quiz, which exists, and returns the answer.
    ///
    /// # Errors
    /// The first of the checks that fails.
    fn apply(&self, id: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<Self::Reply, Fault>;
}

/// Makes a change, and marks the quiz as changed if it then differs.
///
/// # Errors
/// The quiz was deleted, or the rule's own.
pub fn apply<R: Rule>(rule: &R, id: QuizId, quiz: &State, author: &Author<'_>) -> Result<(State, R::Reply), Fault> {
    quiz.exists()?;
    let mut next = State { updated_at: author.now, ..quiz.clone() };
    let reply = rule.apply(id, &mut next, author)?;
    next.updated_at = quiz.updated_at;
    if next == *quiz {
        // The answer tells when the quiz was changed, which was not now.
        let reply = rule.apply(id, &mut next, author)?;
        return Ok((next, reply));
    }
    next.updated_at = author.now;
    Ok((next, reply))
}
