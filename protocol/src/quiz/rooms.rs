//! The live room, as its sockets see it.
//!
//! Reading order: [`hello`], [`lobby`] (create, join, leave), [`flow`] (the host's questions), [`answers`], [`leaderboard`],
//! [`connection`] (heartbeat, reconnect).

pub mod answers;
pub mod connection;
pub mod flow;
pub mod hello;
pub mod leaderboard;
pub mod lobby;
mod payload;
pub mod settings;

pub use answers::{AnswerAccepted, StatsUpdated, SubmitAnswer, Submitted};
pub use connection::{Heartbeat, HeartbeatAck, Reconnect};
pub use flow::{
    EndQuestion, NextQuestion, PublicAnswer, PublicQuestion, QuestionChanged, QuestionEnded, QuestionStarted, ShownQuestion,
    StartQuestion,
};
pub use hello::{ClientHello, ServerHello};
pub use leaderboard::{LeaderboardUpdated, RankingEntry, RequestLeaderboard};
pub use lobby::{CreateRoom, JoinRoom, LeaveRoom, Participant, ParticipantsUpdated, PlayerSummary, RoomCreated, RoomJoined};
pub use settings::GameSettings;

use crate::contract::Emit;

/// Every event to clients.
pub const OUTBOUND: [&str; 12] = [
    ServerHello::NAME,
    RoomCreated::NAME,
    RoomJoined::NAME,
    ParticipantsUpdated::NAME,
    QuestionStarted::NAME,
    QuestionChanged::NAME,
    QuestionEnded::NAME,
    AnswerAccepted::NAME,
    StatsUpdated::NAME,
    LeaderboardUpdated::NAME,
    HeartbeatAck::NAME,
    "error",
];

#[cfg(test)]
mod tests;
