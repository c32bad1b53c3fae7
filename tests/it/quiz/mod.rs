//! The quiz, route by route and event by event.

mod stage;
mod support;

mod accounts;
mod answers;
mod avatars;
mod bad_input;
mod codes;
mod connections;
mod devices;
mod flow;
mod flows;
mod hall;
mod handshake;
mod health;
mod hello;
mod hostile;
mod isolation;
mod kill;
mod leaderboard;
mod limits;
mod lobby;
mod offered_answers;
mod origins;
mod ownership;
mod profile;
mod publishing;
mod questions;
mod quizzes;
mod reconnect;
mod recovery;
mod restart;
mod room_restart;
mod surface;
