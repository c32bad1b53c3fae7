//! The quiz, route by route and event by event.

mod support;

mod accounts;
mod avatars;
mod health;
mod profile;
mod publishing;
mod restart;
