//! The rules at every bound, then the actors.

mod questions;
mod quizzes;
mod rules;
