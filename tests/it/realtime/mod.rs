//! The realtime edge as clients and intruders see it, byte for byte.

mod acks;
mod heartbeat;
mod polling;
mod recovery;
mod slow;
mod strictness;
mod upgrade;
