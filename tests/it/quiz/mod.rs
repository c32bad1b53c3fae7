//! The quiz, route by route and event by event.

mod support;
mod world;

mod accounts;
mod avatars;
mod bad_input;
mod bodies;
mod codes;
mod health;
mod limits;
mod offered_answers;
mod origins;
mod ownership;
mod panics;
mod profile;
mod publishing;
mod questions;
mod quizzes;
mod restart;
mod sessions;
mod surface;
mod tokens;
