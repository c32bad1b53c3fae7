//! What every actor is built from. No file in here names a system.
//!
//! Reading order: [`ask`] and [`caller`] are the one way in, [`registry`] and [`supervise`] the life of an actor, [`single`]
//! one that has no second, [`snapshot`] its memory, [`blobs`] its files, [`deps`] what it is given; [`emit`], [`outbox`] and [`recovery`] are the way to sockets;
//! the rest are tools.

pub mod ask;
pub mod caller;

pub mod registry;
pub mod single;
pub mod supervise;

pub mod snapshot;
pub mod store_tool;

pub mod deps;

pub mod emit;
pub mod outbox;
pub mod recovery;

pub mod blobs;

pub mod clock;
pub mod ids;
pub mod limits;
pub mod metrics;
pub mod secrets;
pub mod tokens;
