//! The fleet, route by route and event by event.

mod support;

mod capture;
mod dashboard;
mod headset;
mod restart;
mod stage;
mod tablet;
