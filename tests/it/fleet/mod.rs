//! The fleet, route by route and event by event.

mod support;

mod headset;
mod stage;
mod tablet;
