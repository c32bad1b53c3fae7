//! hubbub's tests over real sockets, one binary. Each test starts a hub of its own on free ports.

mod harness;

mod cli;
mod config;
mod edge_ops;
mod edge_raw;
mod edge_rest;

mod lab;
mod realtime;
