//! The quiz's behaviour.
//!
//! [`connections`] is which sockets there were, [`devices`] which machines they came from.

pub mod connections;
pub mod devices;
