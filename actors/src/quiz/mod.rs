//! The quiz's behaviour.
//!
//! Reading order: [`authoring`] is how quizzes are made.

pub mod authoring;
