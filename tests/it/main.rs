//! hubbub's tests over real sockets, one binary. Each test starts a hub of its own on free ports.

mod harness;

mod lab;
mod realtime;
