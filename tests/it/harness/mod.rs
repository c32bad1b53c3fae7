//! What every test stands on: a real hub in this process, and clients that show exactly what it sends.

pub mod custom;
pub mod http;
pub mod hub;
pub mod polling;
pub mod socket;
