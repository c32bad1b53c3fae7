//! How good the captures are.
//!
//! Reading order: [`state`] turns the rows of frames into marks.

pub mod state;
