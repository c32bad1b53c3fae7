//! The quiz's contract: accounts, quizzes, the live room, and who was connected.
//!
//! Reading order: [`ids`] are the nouns, [`field`] is how untrusted fields are read, [`error`] and [`limits`] are the rules of the whole
//! system, then one file per topic of the document.

pub mod error;
pub mod field;
pub mod ids;
pub mod limits;
pub mod number;
pub mod paging;

pub mod accounts;
pub mod answers;
pub mod avatars;
pub mod codes;
pub mod connections;
pub mod devices;
pub mod flows;
pub mod health;
pub mod profile;
pub mod publishing;
pub mod questions;
pub mod quizzes;
pub mod rooms;

pub use error::Quiz;
pub use ids::{
    AnswerId, ConnectionId, DeviceId, DeviceSessionId, FlowId, PlayerId, QuestionId, QuestionRef, QuizId, RoomCode, RoomId,
    UserId,
};

use crate::contract::Access;

/// Anyone with an account: the role that every access token carries.
pub const USERS: Access = Access::Roles(&["authenticated"]);

#[cfg(test)]
mod tests;
