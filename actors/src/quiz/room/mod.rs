//! A game room.
//!
//! [`state`] has the rules; a rule's outcome is a [`change`], which is applied and written down. [`players`], [`tally`], [`script`],
//! [`score`] and [`ranking`] are what the rules are made of.

pub mod state;

pub mod change;
pub mod players;
pub mod ranking;
pub mod score;
pub mod script;
pub mod tally;

#[cfg(test)]
mod tests;
