//! The fleet, route by route and event by event.

mod support;

mod auth;
mod capture;
mod dashboard;
mod devices;
mod headset;
mod health;
mod latest;
mod limits;
mod metrics;
mod qa_metrics;
mod recovery;
mod reports;
mod restart;
mod s3_stats;
mod sessions;
mod stage;
mod tablet;
mod ties;
mod windows;
