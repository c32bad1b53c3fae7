//! `ops`: what operators and their monitors ask, over all systems at once.
//!
//! Reading order: [`routes`] (the table), [`readiness`], [`metrics`] (what one scrape is made of).

pub mod metrics;
pub mod readiness;
pub mod routes;

pub use metrics::{Scrape, Scrapes};
pub use readiness::{Readiness, Stage};
pub use routes::{Ops, OpsSystem, table};
