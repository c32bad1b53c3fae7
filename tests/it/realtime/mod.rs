//! The realtime edge as clients and intruders see it, byte for byte.

mod acks;
mod capacity;
mod framing;
mod heartbeat;
mod hostile;
mod limits;
mod polling;
mod recovery;
mod slow;
mod strictness;
mod upgrade;
