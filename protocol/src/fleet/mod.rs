//! The fleet's contract: headsets, tablets, dashboards and capture sessions.
//!
//! Reading order: [`ids`], [`telemetry`], [`number`] and [`figures`] are the nouns, [`error`] and [`limits`] the rules of the whole
//! system, then one file per topic of the document.

pub mod error;
pub mod figures;
pub mod ids;
pub mod limits;
pub mod number;
pub mod telemetry;
pub mod text;

pub mod auth;
pub mod capture;
pub mod dashboard;
pub mod devices;
pub mod headset;
pub mod health;
pub mod qa_metrics;
pub mod s3_stats;
pub mod sessions;
pub mod tablet;
pub mod uploads;

#[cfg(test)]
mod tests;

pub use error::Fleet;
pub use ids::{DeviceId, SessionId, TabletId};
pub use telemetry::Telemetry;
