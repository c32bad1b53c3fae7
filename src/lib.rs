//! hubbub's edge: ports, HTTP, the realtime protocols, and one table of routes and events per system.
//!
//! Reading order: [`cli`] is what an operator types, [`hub`] starts everything, [`config`] says how; [`edge`] is the way
//! in over HTTP, [`realtime`] over sockets, [`listen`] the ports below both; then one folder per system.

pub mod cli;
pub mod config;
pub mod hub;
pub mod listen;

pub mod edge;
pub mod process;
pub mod realtime;

pub mod fleet;
pub mod lab;
pub mod load;
pub mod ops;
pub mod quiz;
