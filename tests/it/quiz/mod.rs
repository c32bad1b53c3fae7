//! The quiz, route by route and event by event.

mod support;

mod accounts;
mod avatars;
mod bad_input;
mod codes;
mod health;
mod limits;
mod offered_answers;
mod origins;
mod ownership;
mod profile;
mod publishing;
mod questions;
mod quizzes;
mod restart;
mod surface;
