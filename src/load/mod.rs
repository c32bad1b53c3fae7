//! `hubbub load`: the load generator.
//!
//! Reading order: `figures` is what a run found out; `summary` puts it into words, which `table`, `json` and `html` show;
//! `progress` is what is seen meanwhile, `usage` what the run costs the server.

pub mod figures;
pub mod html;
pub mod json;
mod numbers;
pub mod progress;
mod summary;
pub mod table;
pub mod usage;
