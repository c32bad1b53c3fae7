//! `ops`: what operators and their monitors ask, over all systems at once.
//!
//! Reading order: [`routes`] (the table), [`readiness`], [`metrics`] (what one scrape is made of), [`systems`] and
//! [`commits`] (whence).

pub mod commits;
pub mod metrics;
pub mod readiness;
pub mod routes;
pub mod systems;

pub use commits::Commits;
pub use metrics::{Backlog, Scrape, Scrapes};
pub use readiness::{Readiness, Stage};
pub use routes::{Ops, OpsSystem, table};
pub use systems::{SystemScrape, Text};
