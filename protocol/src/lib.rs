//! What goes over hubbub's wires: no actor, no I/O, no clock.
//!
//! Reading order: [`contract`], [`fault`] and [`refusals`] are the vocabulary, [`wire`] the codecs, then one folder per system.

pub mod contract;
pub mod fault;
pub mod refusals;
pub mod wire;

pub mod fleet;
pub mod lab;
pub mod quiz;
