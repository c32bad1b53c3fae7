//! hubbub's tests over real sockets, one binary. Each test starts a hub of its own on free ports.

mod harness;

mod architecture;
mod cli;
mod config;
mod edge_access;
mod edge_answers;
mod edge_ops;
mod edge_origins;
mod edge_raw;
mod edge_refusals;
mod edge_shelf;
mod edge_throttle;
mod edge_traces;

mod faults;
mod fleet;
mod lab;
mod load;
mod load_fleet;
mod load_quiz;
mod quiz;
mod realtime;
mod routes;
mod source;
