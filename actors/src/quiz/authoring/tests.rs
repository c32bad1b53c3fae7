//! The rules at every bound, then the actors.

mod catalogue;
mod questions;
mod quizzes;
mod rules;

mod codes;
mod life;
mod lists;
mod world;
