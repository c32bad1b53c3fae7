//! `hubbub load`: the load generator.
//!
//! Reading order: `plan` is what a run is asked to do, `target` whom it drives, `figures` what it finds out, `run` how it goes from
//! the first connection to its figures. A `worker` is one thread with its `links`, of `connection`s; `scenario` is what a scenario
//! has to say, `scenarios` are those there are. `content` and `order` verify what comes, `recorder` and `timeline` write it
//! down. `summary` puts the figures into words, which `table`, `json` and `html` show; `progress` is what is seen
//! meanwhile, `usage` and `watch` what the run costs the server.

pub mod figures;
pub mod plan;
pub mod run;
pub mod target;

mod connection;
mod greet;
mod handshake;
mod incoming;
pub mod links;
mod opening;
pub mod shared;
mod worker;

mod content;
mod order;
pub mod scenario;
pub mod scenarios;

mod finished;
pub mod recorder;
mod timeline;

pub mod html;
pub mod json;
mod numbers;
pub mod progress;
mod summary;
pub mod table;
pub mod usage;
mod watch;
