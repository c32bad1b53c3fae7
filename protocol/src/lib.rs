//! What goes over hubbub's wires: no actor, no I/O, no clock.
//!
//! Reading order: [`contract`] and [`fault`] are the vocabulary, [`wire`] the codecs, then one folder per system.

pub mod contract;
pub mod fault;
pub mod wire;

pub mod fleet;
pub mod lab;
