//! The fleet, route by route and event by event.

mod support;

mod auth;
mod capture;
mod chunked_uploads;
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
mod store;
mod tablet;
mod ties;
mod upload_session;
mod windows;
