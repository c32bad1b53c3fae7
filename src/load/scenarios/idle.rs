//! `idle`: connections that are opened and then stay. They answer the server's heartbeats and do nothing else.

use crate::load::links::Links;
use crate::load::scenario::Scenario;

use super::room::unexpected;

/// The connections of one thread.
#[derive(Debug, Default)]
pub struct Idle;

impl Scenario for Idle {
    fn entered(&mut self, links: &mut Links, slot: usize) {
        links.recorder.completed(links.age_us(slot));
        links.ready(slot);
    }

    fn message(&mut self, links: &mut Links, _: usize, message: &[u8]) {
        unexpected(links, message);
    }
}
