//! The fleet, route by route and event by event.

mod support;

mod auth;
mod capture;
mod dashboard;
mod devices;
mod headset;
mod health;
mod limits;
mod metrics;
mod restart;
mod sessions;
mod stage;
mod tablet;
