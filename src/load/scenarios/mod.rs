//! The scenarios. Those of the lab contract (echo, rooms and frames) run against any server that speaks it.

pub mod broadcast;
pub mod churn;
pub mod echo;
pub mod frames;
pub mod idle;
pub mod pace;
pub mod rate;
mod room;
