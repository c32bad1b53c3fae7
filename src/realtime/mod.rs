//! The realtime edge: Engine.IO 4 and 3 and Socket.IO 5 and 4 over polling and WebSocket. It names no system.
//!
//! Reading order: [`service`] is one Socket.IO server, [`namespace`] its table of events, [`handshake`] what a connection shows of itself, [`session`] one connection and
//! [`dispatch`] what its packets mean; [`polling`] and [`websocket`] are the transports, [`flusher`] writes, [`reaper`]
//! watches the clock, [`capacity`] counts connections.

pub mod capacity;
pub mod dispatch;
pub mod flusher;
pub mod handshake;
pub mod namespace;
pub mod polling;
pub mod reaper;
pub mod service;
pub mod session;
pub mod upgrade;
pub mod websocket;
