//! Which sockets were connected, and for how long.
//!
//! Reading order: [`state`] is which rows there are and are kept, [`views`] who sees them; [`visits`] is the actor over them and over
//! [`devices`](super::devices). It awaits nobody.

pub mod retention;
pub mod state;
pub mod views;

pub mod visits;

mod queries;
mod stored;

#[cfg(test)]
mod tests;
