//! Which machines sockets came from, over all their connections.
//!
//! Reading order: [`identity`] tells devices apart, [`user_agent`] what they are, [`metadata`] what they say about themselves; [`state`] is
//! which rows there are, [`views`] who sees them. The actor over them is [`Visits`](super::connections::visits::Visits).

pub mod identity;
pub mod metadata;
pub mod state;
pub mod user_agent;
pub mod views;

mod queries;
