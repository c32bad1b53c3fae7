//! `rate`: one publisher sends at a fixed rate to every subscriber: how long deliveries take at a load that the server can bear.

use std::sync::Arc;

use crate::load::content::Content;
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;

use super::pace::Pace;
use super::room::{Heard, PUBLISHER, Subscribers, VALUE_BYTES, hear, join};

const PUBLISH: &[u8] = br#"42["publish",""#;
const UPDATE: &[u8] = br#"42["update",""#;

/// The subscribers of one thread; the first thread has the publisher as well.
#[derive(Debug)]
pub struct Rate {
    pace: Arc<Pace>,
    content: Content,
    subscribers: Subscribers,
    is_publisher: bool,
    latest_us: u64,
    packet: Vec<u8>,
}

impl Rate {
    /// Returns one thread's part; `pace` counts messages, of which each becomes as many deliveries as there are subscribers.
    #[must_use]
    pub fn new(pace: Arc<Pace>, thread: usize) -> Self {
        Self {
            pace,
            content: Content::new(VALUE_BYTES),
            subscribers: Subscribers::default(),
            is_publisher: thread == 0,
            latest_us: 0,
            packet: Vec::new(),
        }
    }
}

impl Scenario for Rate {
    fn entered(&mut self, links: &mut Links, slot: usize) {
        join(links, slot);
    }

    fn stalled(&mut self, links: &mut Links, slot: usize) {
        join(links, slot);
    }

    fn start(&mut self, links: &mut Links) {
        if self.is_publisher {
            self.pace.begin(links.now_us());
        }
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        match hear(links, slot, &self.content, UPDATE, message) {
            Heard::Published(number) => {
                if self.subscribers.note(links, slot, number, self.pace.sent()) {
                    links.recorder.completed(links.now_us().saturating_sub(self.pace.due_us(number)));
                }
            }
            Heard::Joined => {
                self.subscribers.add(links, slot);
            }
            Heard::Nothing => {}
        }
    }

    fn turn(&mut self, links: &mut Links) {
        while self.is_publisher && links.is_ready(PUBLISHER) {
            let Some(number) = self.pace.take_due(links.now_us()) else { return };
            self.latest_us = self.latest_us.max(links.now_us().saturating_sub(self.pace.due_us(number)));
            self.content.write(&mut self.packet, PUBLISH, PUBLISHER, number);
            links.send(PUBLISHER, &self.packet);
        }
    }

    fn due_us(&self) -> Option<u64> {
        self.is_publisher.then(|| self.pace.next_due_us())
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        if let Some(received) = self.subscribers.remove(slot) {
            links.recorder.missing(received.missing(self.pace.sent()));
        }
    }

    fn is_settled(&self, _: &Links) -> bool {
        self.subscribers.missing(self.pace.sent()) == 0
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        links.recorder.missing(self.subscribers.missing(self.pace.sent()));
        if self.is_publisher { vec![published_late(self.latest_us)] } else { Vec::new() }
    }
}

/// Returns how late a message left at most: what the generator itself adds to latencies.
pub(super) fn published_late(latest_us: u64) -> Detail {
    #[expect(clippy::cast_precision_loss, reason = "a run does not last 2^53 microseconds")]
    let value = latest_us as f64 / 1000.0;
    Detail { name: "sent late by at most", value, unit: "ms" }
}
