//! What is in the bucket and what it costs.
//!
//! Reading order: [`state`] adds up objects as they are listed.

pub mod state;
