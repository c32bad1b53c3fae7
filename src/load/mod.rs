//! `hubbub load`: the load generator.
//!
//! Reading order: `figures` is what a run finds out, `run` how it goes from the first connection to its figures, `target` what it
//! drives. A `worker` is one thread with its `links`, of `connection`s; `scenario` is what a scenario has to say, `scenarios` are
//! those there are. `content` and `order` verify what comes, `recorder` and `timeline` write it down. `summary` puts the
//! figures into words, which `table`, `json` and `html` show; `progress` is what is seen meanwhile, `usage` what the run
//! costs the server.

pub mod figures;
pub mod run;
pub mod target;

mod connection;
mod handshake;
mod incoming;
pub mod links;
pub mod shared;
mod worker;

mod content;
mod order;
pub mod scenario;
pub mod scenarios;

pub mod recorder;
mod timeline;

pub mod html;
pub mod json;
mod numbers;
pub mod progress;
mod summary;
pub mod table;
pub mod usage;
