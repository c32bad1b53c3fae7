//! The realtime edge as clients and intruders see it, byte for byte.

mod acks;
mod heartbeat;
mod polling;
mod strictness;
mod upgrade;
