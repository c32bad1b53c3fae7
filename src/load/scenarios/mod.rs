//! The scenarios. Those of the lab contract (echo, rooms and frames) run against any server that speaks it.

pub mod broadcast;
pub mod echo;
mod room;
