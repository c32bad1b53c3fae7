//! How good the captures are.
//!
//! Reading order: [`state`] turns the rows of frames into marks, [`npz`] reads the rows from a session's data file.

pub mod npz;
pub mod state;
