//! The scenarios. Those of the lab contract (echo, rooms and frames) run against any server that speaks it; those of the
//! fleet (fleet, locks) against hubbub itself.

pub mod broadcast;
pub mod echo;
mod room;

mod chance;
pub(crate) mod fleet;
pub(crate) mod locks;
