//! Making quizzes.
//!
//! A [`Quiz`](quiz::Quiz) alone decides who may see and change it; the [`Catalogue`](catalogue::Catalogue) knows which quizzes an account
//! has, and gives away codes. A Quiz awaits the Catalogue when it wants a code; the Catalogue awaits the quizzes of a page, but never in
//! its turn, so that neither ever waits for the other in a circle.
//!
//! Reading order: [`state`] is a quiz as it is kept, [`rule`] what every change has in common, then one file of rules per topic, then
//! [`quiz`] and [`catalogue`], which are only the shell.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::UserId;
use hubbub_protocol::quiz::error::unauthorized;

use crate::kit::caller::Caller;

pub mod rule;
pub mod state;
mod views;

pub mod answers;
pub mod codes;
pub mod publishing;
pub mod questions;
pub mod quizzes;

pub mod catalogue;
pub mod quiz;

#[cfg(test)]
mod tests;

/// Returns the account that asks.
///
/// # Errors
/// Nobody has logged in (401).
pub(super) fn user(caller: &Caller) -> Result<UserId, Fault> {
    caller.subject.as_deref().and_then(|subject| UserId::parse(subject).ok()).ok_or_else(unauthorized)
}
