//! hubbub's behaviour: no HTTP types, no socket types, no status codes.
//!
//! Reading order: [`kit`] is what every actor is built from; then one folder per system.

pub mod kit;

pub mod fleet;
pub mod quiz;
