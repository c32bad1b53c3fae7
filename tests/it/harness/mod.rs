//! What every test stands on: a real hub in this process, and clients that show exactly what it sends.

pub mod custom;
pub mod fleet;
pub mod http;
pub mod hub;
pub mod liar;
pub mod metrics;
pub mod noise;
pub mod polling;
pub mod process;
pub mod quiz;
pub mod socket;
pub mod wire;
