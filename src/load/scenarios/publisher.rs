//! The one who publishes at a fixed rate, for the scenarios that have such a one.

use std::sync::Arc;

use crate::load::content::Content;
use crate::load::figures::Detail;
use crate::load::links::Links;

use super::pace::Pace;
use super::room::PUBLISHER;

/// A publisher, driven by the first thread.
#[derive(Debug)]
pub(super) struct Publisher {
    pace: Arc<Pace>,
    event: &'static [u8],
    content: Content,
    packet: Vec<u8>,
    latest_us: u64,
}

impl Publisher {
    /// Returns the publisher of values of `bytes` bytes, which follow the beginning of their `event`; none but on the first thread.
    pub fn of_thread(thread: usize, pace: &Arc<Pace>, event: &'static [u8], bytes: usize) -> Option<Self> {
        let pace = (thread == 0).then(|| Arc::clone(pace))?;
        Some(Self { pace, event, content: Content::new(bytes), packet: Vec::new(), latest_us: 0 })
    }

    /// Begins: the first message is due now.
    pub fn start(&self, links: &Links) {
        self.pace.begin(links.now_us());
    }

    /// Sends what is due.
    pub fn publish(&mut self, links: &mut Links) {
        while links.is_ready(PUBLISHER) {
            let Some(number) = self.pace.take_due(links.now_us()) else { return };
            self.latest_us = self.latest_us.max(links.now_us().saturating_sub(self.pace.due_us(number)));
            self.content.write(&mut self.packet, self.event, PUBLISHER, number);
            links.send(PUBLISHER, &self.packet);
        }
    }

    /// Returns when the next message is due.
    pub fn due_us(&self) -> u64 {
        self.pace.next_due_us()
    }

    /// Returns how late a message left at most: what the generator itself adds to latencies.
    pub fn lateness(&self) -> Detail {
        #[expect(clippy::cast_precision_loss, reason = "a run does not last 2^53 microseconds")]
        let value = self.latest_us as f64 / 1000.0;
        Detail { name: "sent late by at most", value, unit: "ms" }
    }
}
