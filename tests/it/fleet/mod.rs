//! The fleet, route by route and event by event.

mod support;

mod auth;
mod devices;
mod health;
mod limits;
mod metrics;
mod sessions;
