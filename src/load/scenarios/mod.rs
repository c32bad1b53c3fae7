//! The scenarios. Those of the lab contract (echo, rooms and frames) run against any server that speaks it; those of the
//! fleet (fleet, locks) and of the quiz against hubbub itself.

pub mod broadcast;
pub mod churn;
pub mod echo;
pub mod frames;
pub mod idle;
pub mod pace;
mod publisher;
pub mod rate;
mod room;

mod chance;
pub(crate) mod fleet;
pub(crate) mod locks;
pub(crate) mod quiz;
