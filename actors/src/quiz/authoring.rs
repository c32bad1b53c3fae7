//! Making quizzes.
//!
//! Reading order: [`state`] is a quiz as it is kept, [`rule`] what every change has in common, then one file per topic.

pub mod rule;
pub mod state;

pub mod answers;
pub mod publishing;
pub mod questions;
pub mod quizzes;

#[cfg(test)]
mod tests;
