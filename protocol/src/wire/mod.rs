//! WebSocket frames, Engine.IO and Socket.IO as pure functions.
//!
//! Reading order: [`limits`], [`frame`] (WebSocket), [`packet`] and [`payload`] (Engine.IO), [`handshake`],
//! [`value`] and [`args`] (event arguments), [`message`] (Socket.IO packets), [`msgpack`] (its MessagePack parser).

pub mod args;
pub mod frame;
pub mod handshake;
pub mod limits;
pub mod message;
pub mod msgpack;
pub mod packet;
pub mod payload;
pub mod value;

mod surrogate;
